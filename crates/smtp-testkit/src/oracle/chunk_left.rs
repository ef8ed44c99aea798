//! A chunk that is being read.

/// A chunk whose octets are being read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ChunkLeft {
    pub(super) octets: usize,
    pub(super) is_last: bool,
}

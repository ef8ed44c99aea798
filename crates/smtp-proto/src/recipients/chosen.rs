//! The recipients of a transaction that does not contain all.

use alloc::vec::Vec;

/// The recipients of a transaction that does not contain all.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Chosen {
    /// Their indexes, in order. Empty between transactions.
    pub(super) indexes: Vec<usize>,
    /// Whether they are all that had no final status.
    pub(super) are_all: bool,
    /// Every recipient before this index is settled.
    pub(super) first_left: usize,
}

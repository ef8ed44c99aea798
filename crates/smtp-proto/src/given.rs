//! Content that the caller gave and that the server has not taken.

use alloc::vec::Vec;
use core::fmt;

use crate::content::ContentEncoder;

/// Content that was given for the first chunk of BDAT. If the delivery then starts over on another connection, it is sent
/// there first, so that the caller need not give it again.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Given {
    /// Its octets, with line ends as on the wire.
    pub(crate) octets: Vec<u8>,
    /// The encoder, which has encoded them.
    pub(crate) encoder: ContentEncoder,
    /// How many of the octets were sent as the first chunk, if it was sent. The others were to follow.
    pub(crate) chunk: Option<usize>,
    /// Whether this is all of the content.
    pub(crate) has_ended: bool,
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} octets", self.octets.len())
    }
}

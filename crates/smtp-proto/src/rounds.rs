//! What a message needs to remember between its transactions.

use core::num::NonZeroU32;

/// What a message needs to remember between its transactions. Most messages need only one transaction, and then this
/// does not exist.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Rounds {
    /// The most recipients in one transaction, as refusals for their number showed.
    pub(crate) most: Option<NonZeroU32>,
    /// Whether a transaction has used up the content, so that the next one needs it again.
    pub(crate) must_rewind: bool,
}

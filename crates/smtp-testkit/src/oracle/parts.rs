//! Which recipients are left for the next transaction of a message.

use smtp_proto::ForwardPath;

use super::exchange::Answer;

/// What must be reported about the notifications for a recipient of an earlier transaction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dropped(pub(super) Option<&'static str>);

/// Which recipients are left for the next transaction of a message, and what bounds it.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    /// The recipients without a final status, in the order of the envelope.
    pub(super) left: Vec<usize>,
    /// For each recipient, the reply that refused it for the number of recipients. `None` once it is in another
    /// transaction.
    pub(super) refused: Vec<Option<Answer>>,
    /// The most recipients that the server accepted when it refused more.
    pub(super) most: Option<usize>,
    /// What the caller knows about that.
    pub(super) known: Option<usize>,
    /// There was a transaction that left recipients for another.
    pub(super) divided: bool,
    /// The current transaction is not the first one.
    pub(super) is_further: bool,
    /// The content was sent on an earlier connection and was not rewound since.
    pub(super) must_rewind: bool,
}

impl Parts {
    pub(super) fn all(recipients: usize) -> Self {
        Self {
            left: (0..recipients).collect(),
            refused: vec![None; recipients],
            most: None,
            known: None,
            divided: false,
            is_further: false,
            must_rewind: false,
        }
    }
}

/// The domain of a recipient, in lowercase; empty for postmaster.
pub(super) fn domain(path: &ForwardPath) -> String {
    path.as_str().rsplit_once('@').map_or_else(String::new, |(_, domain)| domain.to_ascii_lowercase())
}

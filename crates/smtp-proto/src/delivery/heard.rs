//! What was heard from the server.

use crate::{kept::KeptText, reply::ReplyError, stage::Stage, transaction::ReplyFacts};

/// An event that does not borrow from the session.
pub(super) enum Heard {
    Reply(Stage, ReplyFacts),
    /// A challenge; `None` if it is not valid.
    Challenge(Option<KeptText>),
    ServiceClosing(ReplyFacts),
    Unsolicited(Stage, ReplyFacts),
    OutOfStep(ReplyFacts),
    InvalidReply(ReplyError),
}

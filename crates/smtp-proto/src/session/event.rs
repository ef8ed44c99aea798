//! Events of a session.

use crate::{
    reply::{Reply, ReplyError},
    stage::Stage,
};

/// The result of octets that were received.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "a caller that ignored an unknown event would wait forever")]
pub enum Event<'a> {
    /// The reply to the oldest unanswered command.
    Reply {
        /// The stage whose reply it is.
        stage: Stage,
        /// The reply. Never 421.
        reply: Reply<'a>,
    },
    /// A reply that cannot answer the command: 220 that is not the greeting. Replies and commands are out of step. This
    /// is the last event.
    OutOfStep {
        /// The stage whose reply was due.
        stage: Stage,
        /// The reply.
        reply: Reply<'a>,
    },
    /// The peer ends the session: 421, or 221 that does not answer QUIT. Nothing more may be written. This is the last
    /// event.
    ServiceClosing(Reply<'a>),
    /// A reply whose first octet arrived when no command had been sent completely and was unanswered. This is the last
    /// event.
    Unsolicited {
        /// The stage of the session when the first octet arrived.
        stage: Stage,
        /// The reply. Never 421.
        reply: Reply<'a>,
    },
    /// Octets that are not a valid reply. This is the last event.
    InvalidReply(ReplyError),
}

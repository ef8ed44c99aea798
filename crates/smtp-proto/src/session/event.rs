//! What a session makes of the octets that it receives.

use crate::{
    reply::{Reply, ReplyError},
    stage::Stage,
};

/// What came of octets that were received.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "an event that a caller does not know would keep it waiting")]
pub enum Event<'a> {
    /// The reply to the oldest unanswered command.
    Reply {
        /// What it answers.
        stage: Stage,
        /// The reply. Never 421.
        reply: Reply<'a>,
    },
    /// A reply that cannot answer this stage: 220 to anything but a new connection. Replies and commands
    /// are out of step. The last event.
    OutOfStep {
        /// Whose reply was due.
        stage: Stage,
        /// The reply.
        reply: Reply<'a>,
    },
    /// The peer ends the session: 421, or 221 that does not answer QUIT. Nothing more may be written.
    /// The last event.
    ServiceClosing(Reply<'a>),
    /// A reply whose first octet came before there was a command, sent whole, for it to answer. The
    /// last event.
    Unsolicited {
        /// Where the session was when the reply began.
        stage: Stage,
        /// The reply. Never 421.
        reply: Reply<'a>,
    },
    /// Octets that are no reply. The last event.
    InvalidReply(ReplyError),
}

//! What follows a refusal on a connection that may have reached a session limit.

use crate::reply::{Code, Severity};

/// A command whose refusal may be a session limit, such as a maximum number of messages per connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum RefusedCommand {
    /// MAIL.
    Mail,
    /// Every RCPT of the message, with the same code.
    Rcpt,
    /// DATA, or the first chunk of BDAT if it is not the last.
    Data,
    /// The end of the content, or the last chunk.
    Content,
}

/// How a command was refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// 4yz.
    Temporary,
    /// 503 although the command was in sequence. Some servers send this at a limit.
    OutOfSequence,
    /// Any other 5yz.
    Permanent,
}

impl Refusal {
    /// The refusal with this code; `None` if the code is not a refusal.
    pub const fn of(code: Code) -> Option<Self> {
        match code.severity() {
            None => None,
            Some(Severity::Transient) => Some(Self::Temporary),
            Some(Severity::Permanent) if code.get() == Code::BAD_SEQUENCE.get() => Some(Self::OutOfSequence),
            Some(Severity::Permanent) => Some(Self::Permanent),
        }
    }
}

/// Whether the connection had carried a message before the one that was refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Served {
    /// It had not: a session limit cannot have been reached.
    None,
    /// It had, and the same command was not refused with the same code as the first message of a connection before.
    Some,
    /// It had, but the same command was refused with the same code before, for the first message of a connection. The
    /// refusal is therefore known to concern messages, not a session limit.
    SomeAndKnown,
}

/// What follows a refusal of MAIL, every RCPT, DATA or the first chunk.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum AfterRefusal {
    /// The refusal applies to the message.
    Settle,
    /// The message is deferred, and the connection is ended with QUIT. If it was a session limit after all, it
    /// affects no other message.
    SettleAndQuit,
    /// The session may have reached a limit: QUIT, then the message starts over on a new connection.
    Afresh,
}

/// What follows when MAIL, every RCPT or DATA was refused: for the message, and for the connection.
///
/// Servers may limit how many messages they accept over one connection. They refuse the next one with 4yz or 503, which
/// does not tell whether the message or the session is the reason.
pub const fn after_refusal(refusal: Refusal, served: Served) -> AfterRefusal {
    match (refusal, served) {
        (Refusal::Temporary | Refusal::OutOfSequence | Refusal::Permanent, Served::None)
        | (Refusal::Permanent, Served::Some | Served::SomeAndKnown) => AfterRefusal::Settle,
        (Refusal::Temporary | Refusal::OutOfSequence, Served::Some) => AfterRefusal::Afresh,
        (Refusal::Temporary | Refusal::OutOfSequence, Served::SomeAndKnown) => AfterRefusal::SettleAndQuit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_may_be_a_session_limit_only_after_another_message_and_unless_it_is_known() {
        use AfterRefusal::{Afresh, Settle, SettleAndQuit};
        for (code, expected) in [
            (400, [Settle, Afresh, SettleAndQuit]),
            (452, [Settle, Afresh, SettleAndQuit]),
            (503, [Settle, Afresh, SettleAndQuit]),
            (500, [Settle; 3]),
            (550, [Settle; 3]),
        ] {
            let refusal = Refusal::of(Code::new(code).unwrap()).unwrap();
            let found = [Served::None, Served::Some, Served::SomeAndKnown].map(|served| after_refusal(refusal, served));
            assert_eq!(found, expected, "{code}");
        }
        assert!([250, 354].iter().all(|code| Refusal::of(Code::new(*code).unwrap()).is_none()));
    }
}

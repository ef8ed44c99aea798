//! What a delivery, its recipients and its connections can come to.

use core::fmt;

use crate::reply::{ReplyErrorKind, Severity};

/// Which command opened the session.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "SMTP and LMTP have these three")]
pub enum Hello {
    /// EHLO: with extensions.
    Ehlo,
    /// HELO: without extensions.
    Helo,
    /// LHLO: LMTP.
    Lhlo,
}

impl Hello {
    /// The command verb: `EHLO`, `HELO` or `LHLO`.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Ehlo => "EHLO",
            Self::Helo => "HELO",
            Self::Lhlo => "LHLO",
        }
    }
}

/// The final status of one recipient.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "a status that a caller does not know would lose mail")]
pub enum Status {
    /// The server accepted responsibility for the message.
    Delivered,
    /// Not delivered now. The same delivery can be tried again later.
    Deferred,
    /// Not delivered, and trying again unchanged will not help.
    Failed,
    /// The whole message was sent, and whether the server accepted it is not known: no answer came, or answers
    /// that contradict each other. Sending it again may deliver it twice.
    Unconfirmed,
}

impl Status {
    /// The status as one lowercase word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Deferred => "deferred",
            Self::Failed => "failed",
            Self::Unconfirmed => "unconfirmed",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Severity> for Status {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Transient => Self::Deferred,
            Severity::Permanent => Self::Failed,
        }
    }
}

/// The final status of a message, over all its recipients.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "as a status")]
pub enum Outcome {
    /// Delivered to every recipient.
    Delivered,
    /// Delivered to some recipients, and not to the others.
    Partial,
    /// Delivered to nobody as far as is known; at least one recipient is unconfirmed.
    Unconfirmed,
    /// Delivered to nobody; at least one recipient is deferred.
    Deferred,
    /// Failed for every recipient.
    Failed,
}

impl Outcome {
    /// The outcome as one lowercase word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Partial => "partial",
            Self::Unconfirmed => "unconfirmed",
            Self::Deferred => "deferred",
            Self::Failed => "failed",
        }
    }

    /// The outcome of these statuses; `None` if there are none.
    pub(crate) fn of(statuses: impl Iterator<Item = Status>) -> Option<Self> {
        let one = |status| match status {
            Status::Delivered => Self::Delivered,
            Status::Deferred => Self::Deferred,
            Status::Failed => Self::Failed,
            Status::Unconfirmed => Self::Unconfirmed,
        };
        statuses.map(one).reduce(|sum, status| match (sum, status) {
            (sum, status) if sum == status => sum,
            (Self::Delivered | Self::Partial, _) | (_, Self::Delivered | Self::Partial) => Self::Partial,
            (sum, status) => sum.min(status),
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why the caller gives up a delivery.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Cancel {
    /// Somebody asked to stop.
    Interrupted,
    /// The whole delivery took longer than the caller allows.
    Deadline,
    /// The peer reads the content more slowly than the caller allows.
    TooSlow,
    /// The content could not be read to its end.
    ContentUnreadable,
    /// The content is no longer what it was when the delivery began: it has fewer, more or other octets.
    ContentChanged,
    /// Another reason, in the caller's words.
    Other(&'static str),
}

impl fmt::Display for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interrupted => "the delivery was interrupted",
            Self::Deadline => "the delivery took longer than allowed",
            Self::TooSlow => "the server reads the content too slowly",
            Self::ContentUnreadable => "the content could not be read to its end",
            Self::ContentChanged => "the content changed before it was sent",
            Self::Other(why) => why,
        })
    }
}

/// How a connection was lost.
///
/// A read or write that would block, that timed out or that was interrupted has lost nothing: wait, report
/// [`timed_out`](crate::Delivery::timed_out), or call it again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Disconnect {
    /// The peer closed it.
    Closed,
    /// The peer reset it.
    Reset,
    /// Writing to it failed.
    WriteFailed,
    /// Reading from it failed.
    ReadFailed,
}

/// For errors of reading. An error of writing is [`Disconnect::WriteFailed`], whatever it is, once what has
/// arrived was read.
#[cfg(feature = "std")]
impl From<&std::io::Error> for Disconnect {
    fn from(error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::UnexpectedEof => Self::Closed,
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => Self::Reset,
            ErrorKind::BrokenPipe | ErrorKind::WriteZero => Self::WriteFailed,
            _ => Self::ReadFailed,
        }
    }
}

/// How an attempt, the use of one connection for one message, ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum AttemptEnd {
    /// In order, with QUIT.
    Quit,
    /// The connection is kept for the next message.
    Kept,
    /// No connection could be opened.
    ConnectFailed,
    /// The connection was lost.
    Lost(Disconnect),
    /// The server did not answer in time.
    TimedOut,
    /// The server sent 421, or 221 without having been asked to.
    ServiceClosing,
    /// The server sent something that is not a valid SMTP reply.
    InvalidReply(ReplyErrorKind),
    /// The server sent a reply although none was due.
    Unsolicited,
    /// The server sent a reply that cannot answer the command it would answer.
    Unexpected,
    /// The server refused the content before its end was sent.
    ContentRefused,
    /// The client closed the connection, so that half a message is not taken for a whole one.
    Abandoned,
    /// The connection had served an earlier message, and the server refused MAIL or DATA as it would at a
    /// limit of the session: the client sent QUIT, and the message got a new connection.
    SessionLimit,
}

impl AttemptEnd {
    /// The end as one lowercase word for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quit => "quit",
            Self::Kept => "kept",
            Self::ConnectFailed => "connect-failed",
            Self::Lost(Disconnect::Closed) => "closed",
            Self::Lost(Disconnect::Reset) => "reset",
            Self::Lost(Disconnect::WriteFailed) => "write-failed",
            Self::Lost(Disconnect::ReadFailed) => "read-failed",
            Self::TimedOut => "timed-out",
            Self::ServiceClosing => "service-closing",
            Self::InvalidReply(_) => "not-a-reply",
            Self::Unsolicited => "unsolicited",
            Self::Unexpected => "unexpected",
            Self::ContentRefused => "content-refused",
            Self::Abandoned => "abandoned",
            Self::SessionLimit => "session-limit",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_that_of_all_statuses_in_any_order() {
        use Status::{Deferred, Delivered, Failed, Unconfirmed};
        for (statuses, outcome) in [
            (&[][..], None),
            (&[Delivered, Delivered], Some(Outcome::Delivered)),
            (&[Delivered, Failed, Deferred], Some(Outcome::Partial)),
            (&[Unconfirmed, Delivered, Unconfirmed], Some(Outcome::Partial)),
            (&[Failed, Unconfirmed, Deferred], Some(Outcome::Unconfirmed)),
            (&[Failed, Deferred], Some(Outcome::Deferred)),
            (&[Failed, Failed], Some(Outcome::Failed)),
        ] {
            assert_eq!(Outcome::of(statuses.iter().copied()), outcome, "{statuses:?}");
            assert_eq!(Outcome::of(statuses.iter().rev().copied()), outcome, "{statuses:?} reversed");
        }
    }
}

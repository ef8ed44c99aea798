//! The results of a delivery: for each recipient, for the message, and for each connection.

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
    /// Not delivered now. The same delivery may succeed later.
    Deferred,
    /// Not delivered, and the same delivery will not succeed later.
    Failed,
    /// The whole message was sent, but it is not known whether the server accepted it: there was no reply, or the
    /// replies contradict each other. Sending the message again may deliver it twice.
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
    /// Delivered to some recipients, but not to all.
    Partial,
    /// Not known to be delivered to any recipient; at least one recipient is unconfirmed.
    Unconfirmed,
    /// Delivered to no recipient; at least one recipient is deferred.
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

/// Why the caller cancels a delivery.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Cancel {
    /// The delivery was interrupted, such as by a signal.
    Interrupted,
    /// The whole delivery took longer than the caller allows.
    Deadline,
    /// The peer reads the content more slowly than the caller allows.
    TooSlow,
    /// The content could not be read to its end.
    ContentUnreadable,
    /// The content has changed since the delivery began.
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
/// A read or write that would block, that timed out or that was interrupted does not lose the connection: wait, report
/// [`timed_out`](crate::Delivery::timed_out), or call it again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Disconnect {
    /// The peer closed the connection.
    Closed,
    /// The peer reset the connection.
    Reset,
    /// A write failed.
    WriteFailed,
    /// A read failed.
    ReadFailed,
}

/// For read errors. For any write error, read what has arrived and then report [`Disconnect::WriteFailed`].
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
    /// The client ended the session with QUIT.
    Quit,
    /// The connection is kept for the next message.
    Kept,
    /// No connection could be opened.
    ConnectFailed,
    /// The TLS handshake failed, or the server could not be verified.
    TlsFailed,
    /// The connection was lost.
    Lost(Disconnect),
    /// A timeout expired.
    TimedOut,
    /// The server sent 421, or 221 that does not answer QUIT.
    ServiceClosing,
    /// The server sent something that is not a valid SMTP reply.
    InvalidReply(ReplyErrorKind),
    /// The server sent a reply although none was due.
    Unsolicited,
    /// The server sent a reply that cannot answer the command whose reply was due.
    Unexpected,
    /// The server refused the content before its end was sent.
    ContentRefused,
    /// The client closed the connection without QUIT: the delivery was cancelled, or the content could not be sent.
    Abandoned,
    /// The server may have reached a session limit: it refused MAIL, every RCPT or DATA on a connection that had
    /// carried an earlier message. The client sent QUIT, and the message got a new connection.
    SessionLimit,
}

impl AttemptEnd {
    /// The end as one lowercase word, for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quit => "quit",
            Self::Kept => "kept",
            Self::ConnectFailed => "connect-failed",
            Self::TlsFailed => "tls-failed",
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
    fn an_outcome_does_not_depend_on_the_order_of_the_statuses() {
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

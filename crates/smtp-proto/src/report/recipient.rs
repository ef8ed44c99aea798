//! The report on one recipient.

use core::fmt;

use super::{
    attempt::{AttemptReport, Attempts},
    bounded::Bounded,
};
use crate::{
    address::ForwardPath,
    cause::Cause,
    envelope::Envelope,
    ledger::Ledger,
    outcome::Status,
    parameters::NotificationDropped,
    recipients::SettledBy,
    reply::{Reply, Severity},
};

/// The report on one recipient.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct RecipientReport<'a> {
    /// The recipient, as in the envelope.
    pub path: &'a ForwardPath,
    /// Its final status.
    pub status: Status,
    /// What settled the status.
    pub cause: Cause<'a>,
    /// Set if the message was sent, but not with the notifications that were asked for about this recipient.
    pub notification_dropped: Option<NotificationDropped>,
    pub(super) attempts: Attempts<'a>,
    pub(super) is_repeated: bool,
}

impl<'a> RecipientReport<'a> {
    /// The reply that settled the status, if there is one.
    pub const fn reply(&self) -> Option<Reply<'a>> {
        self.cause.reply()
    }

    /// Whether an earlier recipient in the report has the same [`reply`](Self::reply), because the server sent one
    /// reply for both. Displaying a long one again may not be useful.
    pub const fn is_repeated(&self) -> bool {
        self.is_repeated
    }

    /// Why the recipient has its status: the server's reply, or what went wrong on each connection.
    ///
    /// A reply that [is repeated](Self::is_repeated) and the text on a connection are each cut off after 500
    /// characters.
    pub const fn reason(&self) -> impl fmt::Display + use<'a> {
        Reason(*self)
    }

    /// The text, cut off if the reply is repeated.
    pub(super) fn bounded<T>(&self, text: T) -> Bounded<T> {
        if self.is_repeated { Bounded::short(text) } else { Bounded::whole(text) }
    }

    /// Whether the reply contradicts the status. Then something that went wrong on a connection is the reason.
    fn is_in_doubt(&self, reply: Reply<'_>) -> bool {
        match self.status {
            Status::Deferred => reply.code().severity() == Some(Severity::Permanent),
            Status::Unconfirmed => reply.code().severity().is_some(),
            Status::Delivered | Status::Failed => false,
        }
    }
}

impl fmt::Display for RecipientReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}> {}: {}", self.path, self.status, self.bounded(self.cause))?;
        self.notification_dropped.iter().try_for_each(|dropped| write!(f, " ({dropped})"))
    }
}

impl fmt::Debug for RecipientReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut report = f.debug_struct("RecipientReport");
        report.field("path", self.path).field("status", &self.status).field("cause", &self.cause);
        if let Some(dropped) = &self.notification_dropped {
            report.field("notification_dropped", dropped);
        }
        report.finish()
    }
}

struct Reason<'a>(RecipientReport<'a>);

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(recipient) = self;
        let any_trouble = recipient.attempts.iter().any(|attempt| attempt.is_in_trouble());
        let troubles = Troubles(recipient.attempts);
        match (recipient.cause, recipient.reply()) {
            (Cause::Reply(_), Some(reply)) if recipient.is_in_doubt(reply) && any_trouble => {
                write!(f, "{} ({troubles})", recipient.bounded(reply))
            }
            (Cause::Connections, _) if any_trouble => write!(f, "{troubles}"),
            (cause @ (Cause::Reply(_) | Cause::Connections), _) => write!(f, "{}", recipient.bounded(cause)),
            (cause, Some(reply)) => write!(f, "{cause}: {}", recipient.bounded(reply)),
            (cause, None) if any_trouble => write!(f, "{cause} ({troubles})"),
            (cause, None) => write!(f, "{cause}"),
        }
    }
}

/// What went wrong on each connection. All are listed, so that the last does not hide the first.
struct Troubles<'a>(Attempts<'a>);

impl fmt::Display for Troubles<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, attempt) in self.0.iter().filter(AttemptReport::is_in_trouble).enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{}", Bounded::short(attempt))?;
        }
        Ok(())
    }
}

pub(super) fn cause<'a>(by: SettledBy, envelope: &'a Envelope, ledger: &'a Ledger) -> Cause<'a> {
    match by {
        SettledBy::Reply(reply) | SettledBy::ContentReply(reply) => Cause::Reply(ledger.kept.reply(reply)),
        SettledBy::Connections => Cause::Connections,
        SettledBy::Needs(needs, reply) => Cause::Needs { needs, reply: reply.map(|reply| ledger.kept.reply(reply)) },
        SettledBy::Demanded(needs, reply) => Cause::Demanded { needs, reply: ledger.kept.reply(reply) },
        SettledBy::AuthRefused(mechanism, reply) => Cause::AuthRefused { mechanism, reply: ledger.kept.reply(reply) },
        SettledBy::NoMechanism => Cause::NoMechanism,
        SettledBy::AuthAbandoned(mechanism, why) => Cause::AuthAbandoned { mechanism, why: ledger.kept.text(why) },
        SettledBy::TooLarge(limit) => Cause::TooLarge(limit),
        SettledBy::NotOffered(missing) => {
            Cause::NotOffered(envelope.requests().map_or("", |requests| requests.keyword(missing)))
        }
        SettledBy::Content(error) => Cause::Content(error),
        SettledBy::Cancelled(why) => Cause::Cancelled(why),
        SettledBy::CannotRewind => Cause::CannotRewind,
    }
}

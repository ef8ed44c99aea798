//! When a connection leaves the remaining messages to the others.

use smtp_proto::{AttemptReport, Cause, RecipientReport, Reply, Report, Status};

/// The code that some servers reply, to any command, to a client with too many connections.
const TOO_MANY_CONNECTIONS: u16 = 432;

/// What is known about a connection after a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Experience {
    /// Whether the server accepted a hello on it. Also true if the hello failed because of what the message needs.
    took_hello: bool,
    /// Whether any recipient was delivered to, over it or a connection that it replaced.
    has_delivered: bool,
    /// Set if replies of the server deferred at least one recipient of the current message, and no recipient was
    /// accepted.
    deferred: Option<Deferral>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Deferral {
    TooManyConnections,
    Other,
}

/// Why a connection should send no more messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reason {
    NotTaken,
    Deferring,
}

impl Reason {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::NotTaken => "the server did not accept it",
            Self::Deferring => "the server defers the messages sent over it",
        }
    }
}

impl Experience {
    /// What is known after the delivery of this report.
    pub(crate) fn new(report: Report<'_>, has_delivered: bool) -> Self {
        // The next message may not need what this one needs.
        let for_its_needs = report.recipients().any(|recipient| matches!(recipient.cause, Cause::Needs { .. }));
        let no_hello = |attempt: AttemptReport<'_>| !attempt.reused() && attempt.hello_reply().is_none();
        let took_hello = for_its_needs || !report.attempts().last().is_some_and(no_hello);
        let by_reply = |recipient: RecipientReport<'_>| {
            matches!((recipient.status, recipient.cause), (Status::Deferred | Status::Failed, Cause::Reply(_)))
        };
        let is_deferred = report.recipients().any(|recipient| recipient.status == Status::Deferred);
        let too_many = |reply: Reply<'_>| reply.code().get() == TOO_MANY_CONNECTIONS;
        let deferred = (is_deferred && report.recipients().all(by_reply)).then(|| {
            let is_too_many = report.recipients().any(|recipient| recipient.reply().is_some_and(too_many));
            if is_too_many { Deferral::TooManyConnections } else { Deferral::Other }
        });
        Self { took_hello, has_delivered, deferred }
    }

    /// Whether the server accepted neither a connection nor a hello.
    pub(crate) const fn was_refused(self) -> bool {
        !self.took_hello
    }

    /// Why the connection should send no more messages. A server may allow fewer connections than asked for, and say so
    /// in the greeting or only in a reply to each message. All messages sent over such a connection would be deferred.
    pub(crate) const fn reason_to_leave(self) -> Option<Reason> {
        match self {
            Self { took_hello: false, .. } => Some(Reason::NotTaken),
            Self { deferred: Some(Deferral::TooManyConnections), .. }
            | Self { deferred: Some(Deferral::Other), has_delivered: false, .. } => Some(Reason::Deferring),
            Self { deferred: Some(Deferral::Other) | None, .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_leaves_if_it_was_not_accepted_or_its_messages_are_deferred() {
        let (too_many, other) = (Some(Deferral::TooManyConnections), Some(Deferral::Other));
        let (not_taken, deferring) = (Some(Reason::NotTaken), Some(Reason::Deferring));
        for (took_hello, has_delivered, deferred, reason) in [
            (false, false, None, not_taken),
            (false, false, other, not_taken),
            (true, false, None, None),
            (true, true, None, None),
            (true, false, other, deferring),
            (true, true, other, None),
            (true, false, too_many, deferring),
            (true, true, too_many, deferring),
        ] {
            let experience = Experience { took_hello, has_delivered, deferred };
            assert_eq!(experience.reason_to_leave(), reason, "{experience:?}");
        }
    }
}

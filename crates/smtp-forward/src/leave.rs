//! When a connection leaves the rest of the messages to the others.

use smtp_proto::{AttemptReport, Cause, RecipientReport, Reply, Report, Status};

/// What some servers answer to whoever has too many connections, at any command.
const TOO_MANY_CONNECTIONS: u16 = 432;

/// What is known of a connection when a message over it is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Experience {
    /// The server took a hello on it; or that it did not is the message's doing.
    took_hello: bool,
    /// A message was delivered to somebody, over it or a connection that it replaced.
    has_delivered: bool,
    /// The message at hand was deferred for a recipient and taken for none, all by replies of the server.
    deferred: Option<Deferral>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Deferral {
    TooManyConnections,
    Other,
}

/// Why a connection takes no more messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reason {
    NotTaken,
    Deferring,
}

impl Reason {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::NotTaken => "the server did not take it",
            Self::Deferring => "the server defers what comes over it",
        }
    }
}

impl Experience {
    /// After the delivery that `report` tells of.
    pub(crate) fn new(report: Report<'_>, has_delivered: bool) -> Self {
        // What this message needs, the next one may not.
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

    /// Why the connection should take no more messages. A server may take fewer connections than asked
    /// for, and say so with the greeting or only with a reply to each message: the connection would have
    /// all of them deferred.
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
    fn a_connection_leaves_that_was_not_taken_or_has_its_messages_deferred() {
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

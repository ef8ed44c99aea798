//! The records of a delivery, from which its report is made.

use crate::{
    kept::{Kept, KeptReply, KeptText},
    known_refusals::KnownRefusals,
    one_or_many::OneOrMany,
    outcome::{AttemptEnd, Hello, Status},
    recipients::{Recipients, SettledBy, Settlement},
    reply::Severity,
    stage::Stage,
};

/// The records of a delivery.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) recipients: Recipients,
    pub(crate) attempts: OneOrMany<Attempt>,
    /// Not cleared between messages: what one message learned helps the next.
    pub(crate) known_refusals: KnownRefusals,
    pub(crate) longest_line: Option<u64>,
    pub(crate) kept: Kept,
}

/// The use of one connection for one message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Attempt {
    pub(crate) hello: Option<Hello>,
    pub(crate) stage: Stage,
    pub(crate) end: Option<AttemptEnd>,
    pub(crate) reused: bool,
    pub(crate) greeting: Option<KeptReply>,
    pub(crate) hello_reply: Option<KeptReply>,
    pub(crate) ehlo_refusal: Option<KeptReply>,
    pub(crate) reply: Option<KeptReply>,
    pub(crate) detail: KeptText,
}

impl Attempt {
    pub(crate) const fn new(reused: bool) -> Self {
        Self {
            hello: None,
            stage: Stage::Connect,
            end: None,
            reused,
            greeting: None,
            hello_reply: None,
            ehlo_refusal: None,
            reply: None,
            detail: KeptText::EMPTY,
        }
    }
}

impl Ledger {
    /// Starts the records of a message with this many recipients.
    pub(crate) fn open(&mut self, recipients: usize) {
        self.recipients.reset(recipients);
        self.attempts.clear();
        self.kept.clear();
        self.longest_line = None;
    }

    /// The current attempt, or the last one.
    pub(crate) fn attempt(&mut self) -> Option<&mut Attempt> {
        self.attempts.last_mut()
    }

    /// Gives every recipient that has no final status this one.
    pub(crate) fn settle(&mut self, status: Status, by: SettledBy) {
        self.recipients.settle_open(Settlement { status, by });
    }

    /// Gives every recipient that has no final status that of a refusal.
    pub(crate) fn refuse_all(&mut self, severity: Severity, reply: KeptReply) {
        self.settle(severity.into(), SettledBy::Reply(reply));
    }
}

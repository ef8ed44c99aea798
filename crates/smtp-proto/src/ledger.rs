//! The books of a delivery: what its report is made of.

use crate::{
    kept::{Kept, KeptReply, KeptText},
    known_refusals::KnownRefusals,
    one_or_many::OneOrMany,
    outcome::{AttemptEnd, Hello, Status},
    recipients::{Recipients, SettledBy, Settlement},
    reply::Severity,
    stage::Stage,
};

/// The books of a delivery.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) recipients: Recipients,
    pub(crate) attempts: OneOrMany<Attempt>,
    /// Learned from one message for the next.
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
    /// Opens the books of a message to so many recipients.
    pub(crate) fn open(&mut self, recipients: usize) {
        self.recipients.reset(recipients);
        self.attempts.clear();
        self.kept.clear();
        self.longest_line = None;
    }

    /// The connection that is open, or was last.
    pub(crate) fn attempt(&mut self) -> Option<&mut Attempt> {
        self.attempts.last_mut()
    }

    /// Settles each recipient that is not settled yet.
    pub(crate) fn settle(&mut self, status: Status, by: SettledBy) {
        self.recipients.settle_open(Settlement { status, by });
    }

    /// Settles each recipient that is not settled yet by a refusal.
    pub(crate) fn refuse_all(&mut self, severity: Severity, reply: KeptReply) {
        self.settle(severity.into(), SettledBy::Reply(reply));
    }
}

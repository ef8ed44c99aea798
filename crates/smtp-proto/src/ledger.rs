//! The books of a delivery: what the report is made of.

use alloc::vec::Vec;

use crate::{
    one_or_many::OneOrMany,
    reply::{Code, Reply, Severity},
    report::{Cause, Ended, Hello, Stage, Status},
};

/// The books of a delivery. All octets stand in one buffer, which the next message uses again.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) recipients: OneOrMany<Recipient>,
    pub(crate) attempts: OneOrMany<Attempt>,
    pub(crate) longest_line: Option<u64>,
    octets: Vec<u8>,
}

/// Octets of kept replies above which of each further one only [`ONE_OF_MANY`] are kept: thousands of
/// recipients, each refused at length, must not fill the memory.
const MANY_REPLIES: usize = 1 << 20;
const ONE_OF_MANY: usize = 128;

/// Octets of the replies that a delivery to one recipient keeps, and some more.
const USUAL_REPLIES: usize = 512;

/// Where a recipient stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Recipient {
    /// No answer counts yet.
    Pending,
    /// RCPT was answered with 2yz on the connection that is open.
    Accepted,
    /// For good.
    Settled { status: Status, cause: Cause, reply: Option<KeptReply> },
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Attempt {
    pub(crate) hello: Option<Hello>,
    pub(crate) stage: Stage,
    pub(crate) ended: Option<Ended>,
    pub(crate) reused: bool,
    pub(crate) greeting: Option<KeptReply>,
    pub(crate) hello_reply: Option<KeptReply>,
    pub(crate) ehlo_refusal: Option<KeptReply>,
    pub(crate) reply: Option<KeptReply>,
    pub(crate) detail: Text,
}

impl Attempt {
    pub(crate) const fn new(reused: bool) -> Self {
        Self {
            hello: None,
            stage: Stage::Connect,
            ended: None,
            reused,
            greeting: None,
            hello_reply: None,
            ehlo_refusal: None,
            reply: None,
            detail: Text { start: 0, len: 0 },
        }
    }
}

/// Octets in the ledger.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Text {
    start: usize,
    len: usize,
}

/// A reply in the ledger.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct KeptReply {
    code: Code,
    text: Text,
}

impl Ledger {
    /// Starts the books of a message.
    pub(crate) fn open(&mut self, recipients: usize) {
        self.recipients.fill(Recipient::Pending, recipients);
        self.attempts.clear();
        self.octets.clear();
        // For the replies of most deliveries.
        self.octets.reserve(USUAL_REPLIES);
        self.longest_line = None;
    }

    /// Keeps a reply, or of a longer one so many octets: whole lines, if there is one. When many are
    /// kept already, less of each.
    pub(crate) fn keep_reply(&mut self, reply: &Reply<'_>, limit: usize) -> KeptReply {
        let octets = reply.octets();
        let limit = if self.octets.len() < MANY_REPLIES { limit } else { limit.min(ONE_OF_MANY) };
        let kept = match octets.get(..limit) {
            Some(start) if octets.len() > limit => {
                memchr::memrchr(b'\n', start).and_then(|at| start.get(..=at)).unwrap_or(start)
            }
            _ => octets,
        };
        KeptReply { code: reply.code(), text: self.keep(kept) }
    }

    /// Drops a reply that settles nothing, if it was kept last.
    pub(crate) fn forget(&mut self, reply: KeptReply) {
        let Text { start, len } = reply.text;
        if start.saturating_add(len) == self.octets.len() {
            self.octets.truncate(start);
        }
    }

    pub(crate) fn keep(&mut self, octets: &[u8]) -> Text {
        let start = self.octets.len();
        self.octets.extend_from_slice(octets);
        Text { start, len: octets.len() }
    }

    /// The connection that is open, or was last.
    pub(crate) fn attempt(&mut self) -> Option<&mut Attempt> {
        self.attempts.last_mut()
    }

    /// Settles each recipient that is not settled yet.
    pub(crate) fn settle(&mut self, status: Status, cause: Cause, reply: Option<KeptReply>) {
        for recipient in self.recipients.iter_mut() {
            if recipient.is_open() {
                *recipient = Recipient::Settled { status, cause, reply };
            }
        }
    }

    /// Settles everybody who is left by a refusal.
    pub(crate) fn refuse_all(&mut self, severity: Severity, reply: KeptReply) {
        self.settle(severity.into(), Cause::Reply, Some(reply));
    }

    pub(crate) fn accepted(&self) -> usize {
        self.recipients.iter().filter(|recipient| **recipient == Recipient::Accepted).count()
    }

    pub(crate) fn text(&self, text: Text) -> &[u8] {
        let end = text.start.saturating_add(text.len);
        self.octets.get(text.start..end).unwrap_or_default()
    }

    pub(crate) fn reply(&self, reply: Option<KeptReply>) -> Option<Reply<'_>> {
        reply.map(|kept| Reply::from_decoded(kept.code, self.text(kept.text)))
    }
}

impl Recipient {
    pub(crate) const fn is_open(self) -> bool {
        match self {
            Self::Pending | Self::Accepted => true,
            Self::Settled { .. } => false,
        }
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

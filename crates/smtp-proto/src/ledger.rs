//! The books of a delivery: what the report is made of.

use alloc::vec::Vec;

use crate::{
    known_refusals::KnownRefusals,
    one_or_many::OneOrMany,
    recipients::{Recipients, Settlement},
    reply::{Code, Reply, Severity},
    report::{Cause, Ended, Hello, Stage, Status},
};

/// The books of a delivery. All octets stand in one buffer, which the next message uses again.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) recipients: Recipients,
    pub(crate) attempts: OneOrMany<Attempt>,
    /// Learned from one message for the next.
    pub(crate) known_refusals: KnownRefusals,
    pub(crate) longest_line: Option<u64>,
    octets: Vec<u8>,
}

/// Octets of kept replies above which of each further one only [`ONE_OF_MANY`] are kept: thousands of
/// recipients, each refused at length, must not fill the memory.
const MANY_REPLIES: usize = 1 << 20;
const ONE_OF_MANY: usize = 128;

/// Octets of the replies that a delivery to one recipient keeps, and some more.
const USUAL_REPLIES: usize = 344;

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
    start: u32,
    len: u32,
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
        self.recipients.reset(recipients);
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
            Some(start) => memchr::memrchr(b'\n', start).and_then(|at| start.get(..=at)).unwrap_or(start),
            None => octets,
        };
        KeptReply { code: reply.code(), text: self.keep(kept) }
    }

    /// Drops a reply that settles nothing, if it was kept last.
    pub(crate) fn forget(&mut self, reply: KeptReply) {
        let Text { start, len } = reply.text;
        if start.saturating_add(len) == position(self.octets.len()) {
            self.octets.truncate(start as usize);
        }
    }

    pub(crate) fn keep(&mut self, octets: &[u8]) -> Text {
        let start = position(self.octets.len());
        self.octets.extend_from_slice(octets);
        Text { start, len: position(octets.len()) }
    }

    /// The connection that is open, or was last.
    pub(crate) fn attempt(&mut self) -> Option<&mut Attempt> {
        self.attempts.last_mut()
    }

    /// Settles each recipient that is not settled yet.
    pub(crate) fn settle(&mut self, status: Status, cause: Cause, reply: Option<KeptReply>) {
        self.recipients.settle_open(Settlement { status, cause, reply });
    }

    /// Settles everybody who is left by a refusal.
    pub(crate) fn refuse_all(&mut self, severity: Severity, reply: KeptReply) {
        self.settle(severity.into(), Cause::Reply, Some(reply));
    }

    pub(crate) fn text(&self, text: Text) -> &[u8] {
        let end = text.start.saturating_add(text.len);
        self.octets.get(text.start as usize..end as usize).unwrap_or_default()
    }

    pub(crate) fn reply(&self, reply: Option<KeptReply>) -> Option<Reply<'_>> {
        reply.map(|kept| Reply::from_decoded(kept.code, self.text(kept.text)))
    }
}

/// Small, for there are many of them; what is kept is far shorter than 4 GiB.
fn position(octets: usize) -> u32 {
    u32::try_from(octets).unwrap_or(u32::MAX)
}

impl From<Severity> for Status {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Transient => Self::Deferred,
            Severity::Permanent => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn kept(ledger: &mut Ledger, octets: &[u8], limit: usize) -> Vec<u8> {
        let (reply, _) = Reply::parse(octets).unwrap().unwrap();
        let kept = ledger.keep_reply(&reply, limit);
        ledger.reply(Some(kept)).unwrap().octets().to_vec()
    }

    #[test]
    fn of_a_long_reply_the_whole_lines_below_the_limit_are_kept() {
        let octets = b"250-a\r\n250-b\r\n250 c\r\n";
        for (limit, expected) in [(0, 0), (3, 3), (6, 6), (7, 7), (13, 7), (14, 14), (20, 14), (21, 21), (22, 21)] {
            assert_eq!(kept(&mut Ledger::default(), octets, limit), octets[..expected], "{limit}");
        }
    }

    #[test]
    fn from_a_mebibyte_on_little_of_each_reply_is_kept() {
        let octets = [&b"250-a\r\n".repeat(40)[..], b"250 b\r\n"].concat();
        for (before, expected) in [(MANY_REPLIES - 1, octets.len()), (MANY_REPLIES, 126), (MANY_REPLIES + 1, 126)] {
            let mut ledger = Ledger::default();
            ledger.keep(&vec![0; before]);
            assert_eq!(kept(&mut ledger, &octets, usize::MAX).len(), expected, "{before}");
        }
    }

    #[test]
    fn a_reply_that_settles_nothing_is_dropped_if_it_was_kept_last() {
        let mut ledger = Ledger::default();
        let (reply, _) = Reply::parse(b"250 ok\r\n").unwrap().unwrap();
        let first = ledger.keep_reply(&reply, usize::MAX);
        let second = ledger.keep_reply(&reply, usize::MAX);
        ledger.forget(first);
        assert_eq!(ledger.octets.len(), 2 * reply.octets().len());
        ledger.forget(second);
        assert_eq!(ledger.octets, reply.octets());
        ledger.forget(first);
        assert!(ledger.octets.is_empty());
    }
}

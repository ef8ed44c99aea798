//! Copies of replies and other text that a report needs.

use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::reply::{Code, Reply};

/// Replies and other text that a report needs, in one buffer. The next message reuses it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Kept {
    octets: Vec<u8>,
}

/// The place of a text in the buffer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct KeptText {
    start: Position,
    len: u32,
}

/// The place of a reply in the buffer, and its code. It is small, because an attempt has room for several.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct KeptReply {
    start: Position,
    len: u16,
    pub(crate) code: Code,
}

/// A position in the buffer, plus one: an `Option` of it has the same size.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Position(NonZeroU32);

/// The most octets of one reply that are kept, whatever the limit.
const LONGEST_REPLY: usize = u16::MAX as usize;

/// From this many octets on, only [`ONE_OF_MANY`] octets of each further reply are kept. Otherwise, long refusals of
/// thousands of recipients would fill the memory.
const MANY_REPLIES: usize = 1 << 20;
const ONE_OF_MANY: usize = 128;

/// Room for the replies of most deliveries to one recipient, in octets.
const USUAL_REPLIES: usize = 296;
/// How many replies a report keeps of such a delivery: the greeting, the reply to hello, and the one to the content.
const USUAL_COUNT: usize = 3;

impl Position {
    const FIRST: Self = Self(NonZeroU32::MIN);

    /// The buffer is far smaller than 4 GiB.
    fn new(octets: usize) -> Self {
        let position = u32::try_from(octets).unwrap_or(u32::MAX);
        Self(NonZeroU32::MIN.saturating_add(position))
    }

    const fn get(self) -> usize {
        self.0.get().wrapping_sub(1) as usize
    }
}

impl KeptText {
    pub(crate) const EMPTY: Self = Self { start: Position::FIRST, len: 0 };
}

impl KeptReply {
    /// A reply of which only the code is kept.
    pub(crate) const fn without_text(code: Code) -> Self {
        Self { start: Position::FIRST, len: 0, code }
    }

    /// Where the reply starts. A reply that was kept later has a greater position.
    pub(crate) const fn position(self) -> Position {
        self.start
    }

    /// The same reply, whose octets are now here.
    pub(crate) const fn moved_to(self, text: KeptText) -> Self {
        Self { start: text.start, ..self }
    }
}

impl Kept {
    /// Removes everything, and keeps the allocation.
    pub(crate) fn clear(&mut self) {
        self.octets.clear();
    }

    /// Keeps a reply, or the whole lines within its first `limit` octets; if not even one line fits, its first `limit`
    /// octets. Keeps less of a reply when there are many already.
    pub(crate) fn keep_reply(&mut self, reply: &Reply<'_>, limit: usize) -> KeptReply {
        if self.octets.capacity() == 0 {
            self.reserve(limit);
        }
        let octets = reply.octets();
        let most = if self.octets.len() < MANY_REPLIES { LONGEST_REPLY } else { ONE_OF_MANY };
        let kept = match octets.get(..limit.min(most)) {
            Some(start) => memchr::memrchr(b'\n', start).and_then(|at| start.get(..=at)).unwrap_or(start),
            None => octets,
        };
        let start = Position::new(self.octets.len());
        self.octets.extend_from_slice(kept);
        KeptReply { start, len: u16::try_from(kept.len()).unwrap_or(u16::MAX), code: reply.code() }
    }

    /// Reserves room for the replies of most deliveries, of which at most `limit` octets each are kept.
    #[cold]
    #[inline(never)]
    fn reserve(&mut self, limit: usize) {
        self.octets = Vec::with_capacity(USUAL_REPLIES.min(limit.saturating_mul(USUAL_COUNT)));
    }

    /// Removes a reply that the report does not need, if it is the last in the buffer.
    pub(crate) fn forget(&mut self, reply: KeptReply) {
        self.forget_at(reply.start, reply.len.into());
    }

    /// The same for a text.
    pub(crate) fn forget_text(&mut self, text: KeptText) {
        self.forget_at(text.start, text.len as usize);
    }

    fn forget_at(&mut self, start: Position, len: usize) {
        if start.get().saturating_add(len) == self.octets.len() {
            self.octets.truncate(start.get());
        }
    }

    pub(crate) fn keep(&mut self, octets: &[u8]) -> KeptText {
        let start = Position::new(self.octets.len());
        self.octets.extend_from_slice(octets);
        KeptText { start, len: u32::try_from(octets.len()).unwrap_or(u32::MAX) }
    }

    pub(crate) fn text(&self, text: KeptText) -> &[u8] {
        self.octets_at(text.start, text.len as usize)
    }

    pub(crate) fn reply(&self, kept: KeptReply) -> Reply<'_> {
        Reply::from_decoded(kept.code, self.octets_at(kept.start, kept.len.into()))
    }

    fn octets_at(&self, start: Position, len: usize) -> &[u8] {
        let start = start.get();
        self.octets.get(start..start.saturating_add(len)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn kept(all: &mut Kept, octets: &[u8], limit: usize) -> Vec<u8> {
        let (_, reply) = Reply::parse(octets).unwrap().unwrap();
        let kept = all.keep_reply(&reply, limit);
        all.reply(kept).octets().to_vec()
    }

    #[test]
    fn a_long_reply_is_cut_to_the_whole_lines_within_the_limit() {
        let octets = b"250-a\r\n250-b\r\n250 c\r\n";
        for (limit, expected) in [(0, 0), (3, 3), (6, 6), (7, 7), (13, 7), (14, 14), (20, 14), (21, 21), (22, 21)] {
            assert_eq!(kept(&mut Kept::default(), octets, limit), octets[..expected], "{limit}");
        }
    }

    #[test]
    fn at_most_65535_octets_of_a_reply_are_kept_whatever_the_limit() {
        let octets = [&b"250-abc\r\n".repeat(9000)[..], b"250 b\r\n"].concat();
        assert_eq!(kept(&mut Kept::default(), &octets, usize::MAX).len(), 65_535 / 9 * 9);
    }

    #[test]
    fn from_one_mebibyte_on_less_of_each_reply_is_kept() {
        let octets = [&b"250-a\r\n".repeat(40)[..], b"250 b\r\n"].concat();
        for (before, expected) in [(MANY_REPLIES - 1, octets.len()), (MANY_REPLIES, 126), (MANY_REPLIES + 1, 126)] {
            let mut all = Kept::default();
            all.keep(&vec![0; before]);
            assert_eq!(kept(&mut all, &octets, usize::MAX).len(), expected, "{before}");
        }
    }

    #[test]
    fn a_reply_can_be_removed_if_it_is_the_last() {
        let mut all = Kept::default();
        let (_, reply) = Reply::parse(b"250 ok\r\n").unwrap().unwrap();
        let first = all.keep_reply(&reply, usize::MAX);
        let second = all.keep_reply(&reply, usize::MAX);
        all.forget(first);
        assert_eq!(all.octets.len(), 2 * reply.octets().len());
        all.forget(second);
        assert_eq!(all.octets, reply.octets());
        all.forget(first);
        assert!(all.octets.is_empty());
    }
}

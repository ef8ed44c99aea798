//! Commands whose replies are due.

use alloc::collections::VecDeque;
use core::hash::{Hash, Hasher};

use crate::{narrow::at_most_u32, stage::Stage};

/// The commands whose replies are due, the oldest first.
#[derive(Clone, Debug)]
pub(super) struct Unanswered {
    queue: Queue,
    /// The octets of all these commands.
    octets: u32,
    /// How many octets up to the end of the newest were not sent yet.
    unsent: u32,
    /// How many replies the end of the content gets besides the first, which is none except in LMTP. Nothing is sent
    /// behind the end, so there is at most one.
    more_replies: u32,
    /// Whether part of a command was ever sent while another was unanswered.
    had_several: bool,
}

/// A command whose reply is due.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Due {
    pub(super) stage: Stage,
    /// Its length in octets.
    len: u32,
    /// Whether an earlier command was unanswered when its first octet was sent; until then, whether one is now.
    is_behind: bool,
}

impl Due {
    pub(super) fn new(stage: Stage, len: usize) -> Self {
        Self { stage, len: at_most_u32(len), is_behind: false }
    }

    pub(super) const fn len(self) -> usize {
        self.len as usize
    }
}

/// Enough for MAIL, RCPT and DATA.
const FEW: usize = 3;

#[derive(Clone, Debug)]
enum Queue {
    /// Not allocated. There is no `Some` after the first `None`.
    Few([Option<Due>; FEW]),
    Many(VecDeque<Due>),
}

impl Queue {
    /// Appends to a full array by moving it to the heap. Out of line, because few sessions need it.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, newest: Due) {
        if let Self::Few(few) = self {
            *self = Self::Many(few.iter().flatten().copied().chain([newest]).collect());
        }
    }
}

impl Unanswered {
    pub(super) const fn new() -> Self {
        Self { queue: Queue::Few([None; FEW]), octets: 0, unsent: 0, more_replies: 0, had_several: false }
    }

    pub(super) fn clear(&mut self) {
        (self.octets, self.unsent, self.more_replies, self.had_several) = (0, 0, 0, false);
        match &mut self.queue {
            Queue::Few(few) => *few = [None; FEW],
            Queue::Many(many) => many.clear(),
        }
    }

    /// Appends a command. `unsent`: how many octets up to its end were not sent yet.
    pub(super) fn push(&mut self, due: Due, unsent: usize) {
        self.unsent = at_most_u32(unsent);
        // Nothing follows a greeting or the end of content, which have no octets of their own.
        let is_behind = self.octets > 0;
        self.octets = self.octets.saturating_add(due.len);
        let due = Due { is_behind, ..due };
        match &mut self.queue {
            Queue::Few([free @ None, ..] | [Some(_), free @ None, _] | [.., free @ None]) => *free = Some(due),
            Queue::Few(_) => self.queue.grow(due),
            Queue::Many(many) => many.push_back(due),
        }
    }

    /// A reply to the oldest command arrived.
    #[inline]
    pub(super) fn answer(&mut self) {
        if self.more_replies > 0 && self.oldest().is_some_and(|oldest| oldest.stage == Stage::ContentEnd) {
            self.more_replies = self.more_replies.saturating_sub(1);
            return;
        }
        let oldest = match &mut self.queue {
            Queue::Few(few) => {
                let [oldest, second, third] = *few;
                *few = [second, third, None];
                oldest
            }
            Queue::Many(many) => many.pop_front(),
        };
        self.octets = self.octets.saturating_sub(oldest.map_or(0, |oldest| oldest.len));
        if self.oldest().is_some_and(|oldest| oldest.is_behind && !self.is_begun_at(*oldest)) {
            self.set_alone();
        }
    }

    /// The oldest command is sent alone, because all those before it were answered first.
    #[cold]
    fn set_alone(&mut self) {
        let oldest = match &mut self.queue {
            Queue::Few([oldest, ..]) => oldest.as_mut(),
            Queue::Many(many) => many.front_mut(),
        };
        if let Some(oldest) = oldest {
            oldest.is_behind = false;
        }
    }

    /// This many octets of the output were sent.
    pub(super) fn sent(&mut self, octets: usize) {
        self.unsent = self.unsent.saturating_sub(at_most_u32(octets));
        let sent = self.octets.saturating_sub(self.unsent);
        self.had_several |= self.oldest().is_some_and(|oldest| sent > oldest.len);
    }

    /// Whether at least one octet of the oldest command was sent.
    pub(super) fn is_begun(&self) -> bool {
        self.oldest().is_some_and(|oldest| self.is_begun_at(*oldest))
    }

    /// Whether all octets up to the end of the oldest command were sent.
    pub(super) fn is_oldest_sent(&self) -> bool {
        self.oldest().is_some_and(|oldest| self.unsent_of(*oldest) == 0)
    }

    fn is_begun_at(&self, oldest: Due) -> bool {
        self.unsent_of(oldest) < oldest.len()
    }

    /// How many octets up to the end of the oldest command were not sent yet.
    pub(super) fn unsent_of(&self, oldest: Due) -> usize {
        self.unsent.saturating_sub(self.octets.saturating_sub(oldest.len)) as usize
    }

    /// How many octets up to the end of the newest command were not sent yet.
    pub(super) const fn newest_unsent(&self) -> usize {
        self.unsent as usize
    }

    /// Whether part of a command was ever sent while another was unanswered.
    pub(super) const fn had_several(&self) -> bool {
        self.had_several
    }

    /// Whether part of one of the commands was sent while another was unanswered.
    pub(super) fn has_several(&self) -> bool {
        let sent = self.octets.saturating_sub(self.unsent);
        let mut end = 0_u32;
        self.iter().any(|due| {
            let start = end;
            end = end.saturating_add(due.len);
            due.is_behind && start < sent
        })
    }

    /// How many commands there are.
    pub(super) fn len(&self) -> usize {
        self.iter().count()
    }

    /// If the end of the content was given, it gets this many replies.
    pub(super) fn expect_at_end(&mut self, replies: u32) {
        if self.newest().is_some_and(|newest| newest.stage == Stage::ContentEnd) {
            self.more_replies = replies.saturating_sub(1);
        }
    }

    pub(super) const fn octets(&self) -> usize {
        self.octets as usize
    }

    pub(super) fn oldest(&self) -> Option<&Due> {
        match &self.queue {
            Queue::Few(few) => few.first()?.as_ref(),
            Queue::Many(many) => many.front(),
        }
    }

    pub(super) fn newest(&self) -> Option<&Due> {
        match &self.queue {
            Queue::Few([None, ..]) => None,
            Queue::Few([.., Some(newest)] | [_, Some(newest), None] | [Some(newest), None, None]) => Some(newest),
            Queue::Many(many) => many.back(),
        }
    }

    pub(super) fn has(&self, stage: Stage) -> bool {
        self.iter().any(|due| due.stage == stage)
    }

    fn iter(&self) -> impl Iterator<Item = &Due> {
        let (few, many) = match &self.queue {
            Queue::Few(few) => (Some(few), None),
            Queue::Many(many) => (None, Some(many)),
        };
        few.into_iter().flatten().flatten().chain(many.into_iter().flatten())
    }
}

/// Compares the commands, whichever variant has them.
impl PartialEq for Unanswered {
    fn eq(&self, other: &Self) -> bool {
        let rest = |queue: &Self| (queue.unsent, queue.more_replies, queue.had_several);
        rest(self) == rest(other) && self.iter().eq(other.iter())
    }
}

impl Eq for Unanswered {}

impl Hash for Unanswered {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.iter().for_each(|due| due.hash(state));
        (self.octets, self.unsent, self.more_replies, self.had_several).hash(state);
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use alloc::vec::Vec;
    use core::hash::{BuildHasher, BuildHasherDefault};
    use std::hash::DefaultHasher;

    #[test]
    fn it_is_a_queue_for_few_and_for_many() {
        let mut queue = Unanswered::new();
        // Each with the octets up to its end that were not sent.
        let mut expected: VecDeque<(Due, usize)> = VecDeque::new();
        let mut unsent = 0;
        // How many are pushed, octets sent, and replies received in each round. Up to six are due, and later none.
        for (round, (pushes, sent, answers)) in
            [(3, 15, 1), (2, 40, 4), (6, 30, 2), (0, 50, 4), (1, 10, 1), (2, 7, 0)].into_iter().enumerate()
        {
            for _ in 0..pushes {
                let due = Due { is_behind: !expected.is_empty(), ..Due::new(Stage::Rcpt, 10 + round) };
                unsent += due.len();
                queue.push(due, unsent);
                expected.push_back((due, unsent));
            }
            queue.sent(sent);
            unsent = unsent.saturating_sub(sent);
            for (_, unsent) in &mut expected {
                *unsent = unsent.saturating_sub(sent);
            }
            for _ in 0..answers {
                queue.answer();
                expected.pop_front();
                if let Some((oldest, unsent)) = expected.front_mut() {
                    oldest.is_behind &= *unsent < oldest.len();
                }
            }
            let dues: Vec<_> = expected.iter().map(|(due, _)| due).collect();
            assert_eq!(queue.iter().collect::<Vec<_>>(), dues, "round {round}");
            assert_eq!((queue.oldest(), queue.newest()), (dues.first().copied(), dues.last().copied()));
            assert_eq!(queue.octets(), dues.iter().map(|due| due.len()).sum::<usize>());
            let has_several = expected.iter().any(|(due, unsent)| due.is_behind && *unsent < due.len());
            assert_eq!(queue.has_several(), has_several, "round {round}");
            assert!(queue.had_several());
            if let Some((_, unsent)) = expected.front() {
                assert_eq!(queue.unsent_of(*queue.oldest().unwrap()), *unsent, "round {round}");
            }
        }
        assert!(matches!(queue.queue, Queue::Many(_)));
        let mut few = Unanswered::new();
        for (due, unsent) in &expected {
            few.push(*due, *unsent);
        }
        few.had_several = true;
        assert_eq!(few, queue);
        let hash = |queue: &Unanswered| BuildHasherDefault::<DefaultHasher>::default().hash_one(queue);
        assert_eq!(hash(&few), hash(&queue));
        few.answer();
        assert_ne!(few, queue);
        assert_ne!(hash(&few), hash(&queue));
        queue.clear();
        assert_eq!(queue, Unanswered::new());
    }

    #[test]
    fn a_command_that_is_sent_alone_was_not_sent_with_those_before_it() {
        // `sent`: how many of the six octets of the second command are sent before the reply to the first.
        for (sent, expected) in [(0, false), (1, true), (6, true)] {
            let mut queue = Unanswered::new();
            queue.push(Due::new(Stage::Rcpt, 12), 12);
            queue.push(Due::new(Stage::Data, 6), 18);
            queue.sent(12 + sent);
            assert_eq!(queue.has_several(), expected, "{sent}");
            queue.answer();
            queue.sent(6 - sent);
            assert_eq!((queue.has_several(), queue.had_several()), (expected, expected), "{sent}");
        }
    }

    #[test]
    fn the_end_of_the_content_stays_until_its_last_reply() {
        let mut queue = Unanswered::new();
        queue.push(Due::new(Stage::Rcpt, 12), 12);
        queue.expect_at_end(2);
        queue.push(Due::new(Stage::ContentEnd, 9), 21);
        queue.expect_at_end(3);
        assert_eq!(queue.unsent_of(*queue.oldest().unwrap()), 12);
        for expected in [Stage::Rcpt, Stage::ContentEnd, Stage::ContentEnd, Stage::ContentEnd] {
            assert_eq!(queue.oldest().unwrap().stage, expected);
            queue.answer();
        }
        assert_eq!(queue.oldest(), None);
    }
}

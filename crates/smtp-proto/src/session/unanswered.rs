//! The commands whose replies are due.

use alloc::collections::VecDeque;
use core::hash::{Hash, Hasher};

use crate::report::Stage;

/// The commands whose replies are due, the oldest first.
#[derive(Clone, Debug)]
pub(super) struct Unanswered {
    queue: Queue,
    /// Octets of all of them.
    octets: usize,
}

/// A command whose reply is due.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Due {
    pub(super) stage: Stage,
    /// Its octets.
    pub(super) len: usize,
    /// Octets up to its end that were not handed over.
    pub(super) unsent: usize,
}

/// MAIL, RCPT and DATA.
const FEW: usize = 3;

#[derive(Clone, Debug)]
enum Queue {
    /// Without allocation; none behind the first that is none.
    Few([Option<Due>; FEW]),
    Many(VecDeque<Due>),
}

impl Unanswered {
    pub(super) const fn new() -> Self {
        Self { queue: Queue::Few([None; FEW]), octets: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.octets = 0;
        match &mut self.queue {
            Queue::Few(few) => *few = [None; FEW],
            Queue::Many(many) => many.clear(),
        }
    }

    pub(super) fn push(&mut self, due: Due) {
        self.octets = self.octets.saturating_add(due.len);
        match &mut self.queue {
            Queue::Few(few) => match few.iter_mut().find(|place| place.is_none()) {
                Some(place) => *place = Some(due),
                None => self.queue = Queue::Many(few.iter().flatten().copied().chain([due]).collect()),
            },
            Queue::Many(many) => many.push_back(due),
        }
    }

    /// The oldest was answered.
    pub(super) fn pop(&mut self) {
        let oldest = match &mut self.queue {
            Queue::Few(few) => {
                let oldest = few.first_mut().and_then(Option::take);
                few.rotate_left(1);
                oldest
            }
            Queue::Many(many) => many.pop_front(),
        };
        self.octets = self.octets.saturating_sub(oldest.map_or(0, |due| due.len));
    }

    /// So many octets of the output were handed over.
    pub(super) fn sent(&mut self, octets: usize) {
        let sent = |due: &mut Due| due.unsent = due.unsent.saturating_sub(octets);
        match &mut self.queue {
            Queue::Few(few) => few.iter_mut().flatten().for_each(sent),
            Queue::Many(many) => many.iter_mut().for_each(sent),
        }
    }

    pub(super) const fn octets(&self) -> usize {
        self.octets
    }

    pub(super) fn oldest(&self) -> Option<&Due> {
        match &self.queue {
            Queue::Few(few) => few.first()?.as_ref(),
            Queue::Many(many) => many.front(),
        }
    }

    pub(super) fn newest(&self) -> Option<&Due> {
        match &self.queue {
            Queue::Few(few) => few.iter().flatten().next_back(),
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

/// By what is due: where it is kept is no difference.
impl PartialEq for Unanswered {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Unanswered {}

impl Hash for Unanswered {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.iter().for_each(|due| due.hash(state));
        self.octets.hash(state);
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
    fn it_is_a_queue_whether_few_or_many_are_due() {
        let mut queue = Unanswered::new();
        let mut expected = VecDeque::new();
        // Pushed and popped so often, in turn: up to six are due, and later none.
        for (round, (pushes, pops)) in [(3, 1), (2, 4), (6, 2), (0, 4), (1, 1), (2, 0)].into_iter().enumerate() {
            for _ in 0..pushes {
                let due = Due { stage: Stage::Rcpt, len: expected.len() + round, unsent: 10 };
                queue.push(due);
                expected.push_back(due);
            }
            queue.sent(4);
            for due in &mut expected {
                due.unsent = due.unsent.saturating_sub(4);
            }
            for _ in 0..pops {
                queue.pop();
                expected.pop_front();
            }
            assert_eq!(queue.iter().collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>(), "round {round}");
            assert_eq!((queue.oldest(), queue.newest()), (expected.front(), expected.back()));
            assert_eq!(queue.octets(), expected.iter().map(|due| due.len).sum());
        }
        assert!(matches!(queue.queue, Queue::Many(_)));
        let mut few = Unanswered::new();
        for due in &expected {
            few.push(*due);
        }
        assert_eq!(few, queue);
        let hash = |queue: &Unanswered| BuildHasherDefault::<DefaultHasher>::default().hash_one(queue);
        assert_eq!(hash(&few), hash(&queue));
        few.pop();
        assert_ne!(few, queue);
        assert_ne!(hash(&few), hash(&queue));
        queue.clear();
        assert_eq!(queue, Unanswered::new());
    }
}

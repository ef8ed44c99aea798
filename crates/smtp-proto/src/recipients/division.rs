//! Several transactions for one message: each contains some of the recipients.

use alloc::{boxed::Box, vec::Vec};

use super::{Recipient, Recipients};
use crate::{kept::KeptReply, steps};

impl Recipients {
    /// Starts a transaction with these recipients. Those that are pending and not among them are left for a further
    /// one.
    pub(crate) fn choose(&mut self, chosen: Vec<usize>) {
        self.end_transaction();
        for index in &chosen {
            steps::count(1);
            if let Some(recipient @ Recipient::Left(_)) = self.list.get_mut(*index) {
                *recipient = Recipient::Pending;
            }
        }
        (self.cursor, self.is_late_turn) = (0, false);
        let are_all = chosen.len() == self.open as usize;
        let before = self.chosen.get_or_insert_default();
        (before.indexes, before.are_all) = (chosen, are_all);
    }

    /// No recipient is in a transaction until the next one begins, so none that is settled can be in doubt.
    pub(crate) fn end_transaction(&mut self) {
        let Some(chosen) = &mut self.chosen else {
            steps::count(self.list.len());
            for recipient in self.list.iter_mut().filter(|recipient| **recipient == Recipient::Pending) {
                *recipient = Recipient::Left(None);
            }
            self.chosen = Some(Box::default());
            return;
        };
        for index in chosen.indexes.drain(..) {
            if let Some(recipient @ Recipient::Pending) = self.list.get_mut(index) {
                *recipient = Recipient::Left(None);
            }
        }
        chosen.are_all = false;
    }

    /// The indexes of those that have no final status.
    pub(crate) fn left(&mut self) -> impl Iterator<Item = usize> + use<'_> {
        let is_settled = |index: &usize| matches!(self.list.get(*index), Some(Recipient::Settled(_)));
        let (some, all) = match self.chosen.as_deref_mut() {
            None => (&[][..], 0..self.list.len()),
            // If the last transaction contained all that were left, those that are left now are among them.
            Some(chosen) if chosen.are_all => (chosen.indexes.as_slice(), 0..0),
            Some(chosen) => {
                while is_settled(&chosen.first_left) {
                    steps::count(1);
                    chosen.first_left = chosen.first_left.saturating_add(1);
                }
                (&[][..], chosen.first_left..self.list.len())
            }
        };
        some.iter().copied().chain(all).inspect(|_| steps::count(1)).filter(move |index| !is_settled(index))
    }

    /// The transaction cannot be completed: the recipients that were accepted become pending again, and those that
    /// were refused keep their refusals.
    pub(crate) fn reopen_accepted(&mut self) {
        steps::count(self.list.len());
        for recipient in self.list.iter_mut() {
            if matches!(recipient, Recipient::Accepted | Recipient::AcceptedLate) {
                *recipient = Recipient::Pending;
            }
        }
        (self.accepted, self.cursor, self.is_late_turn) = (0, 0, false);
    }

    /// The recipient at this place of the transaction was refused because there are too many.
    pub(crate) fn leave(&mut self, place: usize, reply: KeptReply) {
        steps::count(1);
        let index = self.index(place);
        if let Some(recipient @ Recipient::Pending) = self.list.get_mut(index) {
            *recipient = Recipient::Left(Some(reply));
        }
    }

    /// Makes the recipients of the transaction pending again: it starts over on another connection.
    pub(crate) fn reopen(&mut self) {
        let Some(chosen) = &mut self.chosen else { return self.reset(self.list.len()) };
        for index in &chosen.indexes {
            if let Some(recipient) = self.list.get_mut(*index) {
                self.open = self.open.saturating_add(u32::from(matches!(recipient, Recipient::Settled(_))));
                *recipient = Recipient::Pending;
                chosen.first_left = chosen.first_left.min(*index);
            }
        }
        (self.accepted, self.cursor, self.is_late_turn) = (0, 0, false);
    }

    /// Makes a settled recipient pending again, or leaves it for a further transaction if there are several.
    #[cold]
    pub(crate) fn reopen_at(&mut self, index: usize) {
        let Some(recipient @ Recipient::Settled(_)) = self.list.get_mut(index) else { return };
        self.open = self.open.saturating_add(1);
        *recipient = match &mut self.chosen {
            None => Recipient::Pending,
            Some(chosen) => {
                chosen.first_left = chosen.first_left.min(index);
                chosen.are_all = false;
                Recipient::Left(None)
            }
        };
    }
}

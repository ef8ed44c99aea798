//! Several transactions for one message: each contains some of the recipients.

use alloc::vec::Vec;

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
        self.are_all_chosen = chosen.len() == self.open;
        self.chosen = chosen;
    }

    /// No recipient is in a transaction until the next one begins, so none that is settled can be in doubt.
    pub(crate) fn end_transaction(&mut self) {
        if !self.is_divided {
            steps::count(self.list.len());
            for recipient in self.list.iter_mut().filter(|recipient| **recipient == Recipient::Pending) {
                *recipient = Recipient::Left(None);
            }
            self.is_divided = true;
        }
        for index in self.chosen.drain(..) {
            if let Some(recipient @ Recipient::Pending) = self.list.get_mut(index) {
                *recipient = Recipient::Left(None);
            }
        }
        self.are_all_chosen = false;
    }

    /// The indexes of those that have no final status.
    pub(crate) fn left(&mut self) -> impl Iterator<Item = usize> + use<'_> {
        let is_settled = |index: &usize| matches!(self.list.get(*index), Some(Recipient::Settled(_)));
        // If the last transaction contained all that were left, those that are left now are among them.
        let (some, all) = if self.are_all_chosen {
            (self.chosen.as_slice(), 0..0)
        } else {
            while is_settled(&self.first_left) {
                steps::count(1);
                self.first_left = self.first_left.saturating_add(1);
            }
            (&[][..], self.first_left..self.list.len())
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
        if !self.is_divided {
            return self.reset(self.list.len());
        }
        for index in &self.chosen {
            if let Some(recipient) = self.list.get_mut(*index) {
                self.open = self.open.saturating_add(usize::from(matches!(recipient, Recipient::Settled(_))));
                *recipient = Recipient::Pending;
                self.first_left = self.first_left.min(*index);
            }
        }
        (self.accepted, self.cursor, self.is_late_turn) = (0, 0, false);
    }

    /// Makes a settled recipient pending again, or leaves it for a further transaction if there are several.
    #[cold]
    pub(crate) fn reopen_at(&mut self, index: usize) {
        let is_divided = self.are_divided();
        if let Some(recipient @ Recipient::Settled(_)) = self.list.get_mut(index) {
            *recipient = if is_divided { Recipient::Left(None) } else { Recipient::Pending };
            self.open = self.open.saturating_add(1);
            self.first_left = self.first_left.min(index);
            self.are_all_chosen = false;
        }
    }
}

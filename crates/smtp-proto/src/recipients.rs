//! The state of each recipient.

mod chosen;
mod division;
mod settlement;

use alloc::boxed::Box;

use crate::{kept::KeptReply, narrow::at_most_u32, one_or_many::OneOrMany, outcome::Status, steps};
use chosen::Chosen;
pub(crate) use settlement::{SettledBy, Settlement};

/// The state of each recipient, in the order of the envelope.
///
/// Counts and a cursor avoid a scan of all recipients for each reply.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Recipients {
    list: OneOrMany<Recipient>,
    /// `None` if a transaction contains all recipients, as for most messages.
    chosen: Option<Box<Chosen>>,
    /// Recipients without a final status.
    open: u32,
    /// How many of those the server accepted.
    accepted: u32,
    /// There is no accepted recipient before this index.
    cursor: u32,
    /// Whether the recipients that were accepted late are next.
    is_late_turn: bool,
}

/// The state of a recipient.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Recipient {
    /// RCPT was not answered yet in the current transaction.
    Pending,
    /// RCPT was answered with 2yz in the current transaction.
    Accepted,
    /// The same, but after all those that are `Accepted`.
    AcceptedLate,
    /// It is left for a further transaction. The reply is the one that refused it for the number of recipients; `None`
    /// if no transaction has contained it.
    Left(Option<KeptReply>),
    /// It has its final status.
    Settled(Settlement),
}

impl Recipients {
    /// `len` pending recipients.
    pub(crate) fn of(len: usize) -> Self {
        let mut recipients = Self::default();
        recipients.reset(len);
        recipients
    }

    /// Starts over with `len` pending recipients.
    pub(crate) fn reset(&mut self, len: usize) {
        steps::count(len);
        self.list.fill(Recipient::Pending, len);
        self.chosen = None;
        (self.open, self.accepted, self.cursor) = (at_most_u32(len), 0, 0);
        self.is_late_turn = false;
    }

    /// Whether the transaction contains only some of the recipients.
    pub(crate) fn are_divided(&self) -> bool {
        self.chosen.is_some()
    }

    /// How many recipients there are.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// The index of the recipient at this place of the transaction.
    #[inline]
    pub(crate) fn index(&self, place: usize) -> usize {
        match &self.chosen {
            None => place,
            Some(chosen) => chosen.indexes.get(place).copied().unwrap_or(usize::MAX),
        }
    }

    /// The server accepted the recipient at this place of the transaction.
    #[inline]
    pub(crate) fn accept(&mut self, place: usize) {
        steps::count(1);
        let index = self.index(place);
        if let Some(recipient @ Recipient::Pending) = self.list.get_mut(index) {
            *recipient = Recipient::Accepted;
            self.accepted = self.accepted.saturating_add(1);
            self.cursor = self.cursor.min(at_most_u32(index));
        }
    }

    /// The server accepted the recipient at this place when it was asked for the second time.
    #[cold]
    pub(crate) fn accept_late(&mut self, place: usize) {
        let index = self.index(place);
        if let Some(recipient @ Recipient::Pending) = self.list.get_mut(index) {
            *recipient = Recipient::AcceptedLate;
            self.accepted = self.accepted.saturating_add(1);
        }
    }

    /// Settles the recipient at this place of the transaction, unless it is settled.
    pub(crate) fn settle(&mut self, place: usize, settlement: Settlement) {
        self.settle_at(self.index(place), settlement);
    }

    /// Settles the recipient with this index, unless it is settled.
    pub(crate) fn settle_at(&mut self, index: usize, settlement: Settlement) {
        steps::count(1);
        let Some(recipient) = self.list.get_mut(index) else { return };
        match recipient {
            Recipient::Settled(_) => return,
            Recipient::Accepted | Recipient::AcceptedLate => self.accepted = self.accepted.saturating_sub(1),
            Recipient::Pending | Recipient::Left(_) => {}
        }
        self.open = self.open.saturating_sub(1);
        *recipient = Recipient::Settled(settlement);
    }

    /// Settles the recipient that was accepted first of those that are not settled.
    pub(crate) fn settle_next_accepted(&mut self, settlement: Settlement) {
        let wanted = if self.is_late_turn { Recipient::AcceptedLate } else { Recipient::Accepted };
        while let Some(recipient) = self.list.get(self.cursor as usize) {
            steps::count(1);
            let index = self.cursor as usize;
            self.cursor = self.cursor.saturating_add(1);
            if *recipient == wanted {
                return self.settle_at(index, settlement);
            }
        }
        if self.accepted > 0 && !self.is_late_turn {
            (self.is_late_turn, self.cursor) = (true, 0);
            self.settle_next_accepted(settlement);
        }
    }

    /// Settles every recipient that is accepted and not settled.
    pub(crate) fn settle_accepted(&mut self, settlement: Settlement) {
        if self.accepted == self.open && !self.are_divided() {
            return self.settle_open(settlement);
        }
        for place in 0..self.places() {
            if let Some(Recipient::Accepted | Recipient::AcceptedLate) = self.list.get(self.index(place)) {
                self.settle(place, settlement);
            }
        }
    }

    /// Settles every recipient that is not settled. Those that were refused for the number of recipients are deferred
    /// for that, and no recipient is unconfirmed that is not in the transaction.
    pub(crate) fn settle_open(&mut self, settlement: Settlement) {
        if self.open == 0 {
            return;
        }
        steps::count(self.list.len());
        let settled = Recipient::Settled(settlement);
        let mut any_left = false;
        for recipient in self.list.iter_mut() {
            match recipient {
                Recipient::Pending | Recipient::Accepted | Recipient::AcceptedLate => *recipient = settled,
                Recipient::Left(_) => any_left = true,
                Recipient::Settled(_) => {}
            }
        }
        if any_left {
            self.settle_left(settlement);
        }
        (self.open, self.accepted) = (0, 0);
    }

    #[cold]
    fn settle_left(&mut self, settlement: Settlement) {
        steps::count(self.list.len());
        let status = match settlement.status {
            Status::Unconfirmed => Status::Deferred,
            status @ (Status::Delivered | Status::Deferred | Status::Failed) => status,
        };
        for (index, recipient) in self.list.iter_mut().enumerate() {
            let Recipient::Left(refusal) = *recipient else { continue };
            *recipient = Recipient::Settled(if let Some(reply) = refusal {
                Settlement { status: Status::Deferred, by: SettledBy::Reply(reply) }
            } else {
                // A reply of this transaction settles it, so it is in doubt with the others.
                self.chosen.iter_mut().for_each(|chosen| chosen.indexes.push(index));
                Settlement { status, ..settlement }
            });
        }
    }

    /// Turns permanent refusals of commands into temporary ones. Returns whether there were any.
    pub(crate) fn defer_refused(&mut self) -> bool {
        self.doubt(|settlement| match settlement {
            Settlement { status: Status::Failed, by: SettledBy::Reply(_) } => Some(Status::Deferred),
            _ => None,
        })
    }

    /// Makes recipients for whom the whole content was refused unconfirmed. Returns whether there were any.
    pub(crate) fn unconfirm_refused(&mut self) -> bool {
        self.doubt(|settlement| match settlement {
            Settlement { status: Status::Failed | Status::Deferred, by: SettledBy::ContentReply(_) } => {
                Some(Status::Unconfirmed)
            }
            _ => None,
        })
    }

    /// Only recipients of the current transaction can be in doubt.
    fn doubt(&mut self, status: impl Fn(Settlement) -> Option<Status>) -> bool {
        let places = self.places();
        steps::count(places);
        let mut any = false;
        for place in 0..places {
            let index = self.index(place);
            let Some(Recipient::Settled(settlement)) = self.list.get_mut(index) else { continue };
            if let Some(status) = status(*settlement) {
                settlement.status = status;
                any = true;
            }
        }
        any
    }

    pub(crate) fn iter(&self) -> core::slice::Iter<'_, Recipient> {
        steps::count(self.list.len());
        self.list.iter()
    }

    /// Whether RCPT for this recipient was not answered, or is sent again.
    pub(crate) fn is_pending(&self, place: usize) -> bool {
        self.list.get(self.index(place)) == Some(&Recipient::Pending)
    }

    /// Whether the recipient with this index has no final status.
    pub(crate) fn is_open(&self, index: usize) -> bool {
        self.list.get(index).is_some_and(|recipient| !matches!(recipient, Recipient::Settled(_)))
    }

    /// How many recipients are accepted and not settled.
    pub(crate) const fn accepted(&self) -> u32 {
        self.accepted
    }

    /// Whether a recipient of the current transaction has failed because the server refused it.
    pub(crate) fn any_failed(&self) -> bool {
        let is_refused = |by: SettledBy| matches!(by, SettledBy::Reply(_));
        let failed = |recipient: Option<&Recipient>| matches!(recipient, Some(Recipient::Settled(Settlement { status: Status::Failed, by })) if is_refused(*by));
        steps::count(self.places());
        (0..self.places()).any(|place| failed(self.list.get(self.index(place))))
    }

    /// How many recipients the transaction contains.
    pub(crate) fn places(&self) -> usize {
        self.chosen.as_ref().map_or(self.list.len(), |chosen| chosen.indexes.len())
    }

    /// Whether every recipient is settled.
    pub(crate) const fn all_settled(&self) -> bool {
        self.open == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kept::Kept, reply::Reply};
    use alloc::vec::Vec;

    const DEFERRED: Settlement = Settlement { status: Status::Deferred, by: SettledBy::Connections };
    const FAILED: Settlement = Settlement { status: Status::Failed, by: SettledBy::TooLarge(1) };

    /// Compares the counts with the list.
    fn check(recipients: &Recipients) {
        let count = |wanted: fn(&Recipient) -> bool| recipients.iter().filter(|recipient| wanted(recipient)).count();
        assert_eq!(
            recipients.accepted() as usize,
            count(|recipient| matches!(recipient, Recipient::Accepted | Recipient::AcceptedLate))
        );
        assert_eq!(recipients.open as usize, count(|recipient| !matches!(recipient, Recipient::Settled(_))));
        assert_eq!(recipients.all_settled(), recipients.open == 0);
    }

    #[test]
    fn counts_are_right_after_any_sequence_of_changes() {
        let mut recipients = Recipients::default();
        for len in [0, 1, 5] {
            recipients.reset(len);
            check(&recipients);
            for index in [3, 0, 4, 0, 9] {
                recipients.accept(index);
                check(&recipients);
            }
            for index in [1, 3, 3, 9] {
                recipients.settle(index, DEFERRED);
                check(&recipients);
            }
            recipients.settle_next_accepted(FAILED);
            check(&recipients);
            recipients.settle_open(DEFERRED);
            check(&recipients);
            recipients.accept(0);
            recipients.settle_next_accepted(FAILED);
            check(&recipients);
            recipients.reopen();
            check(&recipients);
            assert_eq!(recipients.open as usize, len);
        }
    }

    #[test]
    fn accepted_recipients_are_settled_in_their_order() {
        let mut recipients = Recipients::default();
        recipients.reset(4);
        for index in [1, 2, 3] {
            recipients.accept(index);
        }
        recipients.settle(2, DEFERRED);
        recipients.settle_next_accepted(FAILED);
        recipients.settle_next_accepted(DEFERRED);
        recipients.settle_next_accepted(FAILED);
        let found: Vec<_> = recipients.iter().copied().collect();
        let expected = [None, Some(FAILED), Some(DEFERRED), Some(DEFERRED)];
        assert_eq!(found, expected.map(|settled| settled.map_or(Recipient::Pending, Recipient::Settled)));
    }

    #[test]
    fn recipients_that_were_asked_for_twice_come_last() {
        let mut recipients = Recipients::default();
        recipients.reset(4);
        recipients.accept(1);
        recipients.accept(3);
        recipients.accept_late(0);
        recipients.accept_late(2);
        check(&recipients);
        for (settled, status) in
            [(1, Status::Delivered), (3, Status::Failed), (0, Status::Deferred), (2, Status::Unconfirmed)]
        {
            let settlement = Settlement { status, ..FAILED };
            recipients.settle_next_accepted(settlement);
            assert_eq!(recipients.list.get(settled), Some(&Recipient::Settled(settlement)));
        }
        assert!(recipients.all_settled());
    }

    #[test]
    fn only_permanent_refusals_are_made_temporary() {
        let mut recipients = Recipients::default();
        recipients.reset(3);
        let (_, reply) = Reply::parse(b"550 no\r\n").unwrap().unwrap();
        let by = SettledBy::Reply(Kept::default().keep_reply(&reply, 100));
        recipients.settle(0, Settlement { status: Status::Failed, by });
        recipients.settle(1, Settlement { status: Status::Delivered, by });
        recipients.settle(2, FAILED);
        assert!(recipients.defer_refused());
        assert!(!recipients.defer_refused());
        let statuses = [Status::Deferred, Status::Delivered, Status::Failed];
        for (recipient, expected) in recipients.iter().zip(statuses) {
            assert!(matches!(recipient, Recipient::Settled(settled) if settled.status == expected), "{recipient:?}");
        }
    }
}

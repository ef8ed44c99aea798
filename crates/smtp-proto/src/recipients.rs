//! The state of each recipient.

use crate::{
    content::ContentError,
    kept::{KeptReply, KeptText},
    mechanisms::Mechanism,
    needs::Needs,
    one_or_many::OneOrMany,
    outcome::{Cancel, Status},
    steps,
};

/// The state of each recipient, in the order of the envelope.
///
/// Counts and a cursor avoid a scan of all recipients for each reply.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Recipients {
    list: OneOrMany<Recipient>,
    /// Recipients without a final status.
    open: usize,
    /// How many of those the server accepted.
    accepted: usize,
    /// There is no accepted recipient before this index.
    cursor: usize,
}

/// The state of a recipient.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Recipient {
    /// RCPT was not answered yet on the current connection.
    Pending,
    /// RCPT was answered with 2yz on the current connection.
    Accepted,
    /// It has its final status.
    Settled(Settlement),
}

/// A final status, and what settled it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Settlement {
    pub(crate) status: Status,
    pub(crate) by: SettledBy,
}

/// A [`Cause`](crate::Cause), with the place of its reply in the kept replies.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum SettledBy {
    /// A reply to a command, or to the content before its end.
    Reply(KeptReply),
    /// A reply to the end of the content.
    ContentReply(KeptReply),
    Connections,
    Needs(Needs, Option<KeptReply>),
    Demanded(Needs, KeptReply),
    AuthRefused(Mechanism, KeptReply),
    NoMechanism,
    AuthAbandoned(Mechanism, KeptText),
    TooLarge(u64),
    Content(ContentError),
    Cancelled(Cancel),
}

impl SettledBy {
    /// The reply that settled the status, if there is one.
    pub(crate) const fn reply(self) -> Option<KeptReply> {
        match self {
            Self::Reply(reply) | Self::ContentReply(reply) | Self::Demanded(_, reply) | Self::AuthRefused(_, reply) => {
                Some(reply)
            }
            Self::Needs(_, reply) => reply,
            Self::Connections
            | Self::NoMechanism
            | Self::AuthAbandoned(..)
            | Self::TooLarge(_)
            | Self::Content(_)
            | Self::Cancelled(_) => None,
        }
    }
}

impl Recipients {
    /// Starts over with `len` pending recipients.
    pub(crate) fn reset(&mut self, len: usize) {
        steps::count(len);
        self.list.fill(Recipient::Pending, len);
        *self = Self { list: core::mem::take(&mut self.list), open: len, accepted: 0, cursor: 0 };
    }

    /// Makes every recipient pending again: the message starts over on another connection.
    pub(crate) fn reopen(&mut self) {
        self.reset(self.list.len());
    }

    /// The server accepted this recipient.
    pub(crate) fn accept(&mut self, index: usize) {
        steps::count(1);
        if let Some(recipient @ Recipient::Pending) = self.list.get_mut(index) {
            *recipient = Recipient::Accepted;
            self.accepted = self.accepted.saturating_add(1);
            self.cursor = self.cursor.min(index);
        }
    }

    /// Settles this recipient, unless it is settled.
    pub(crate) fn settle(&mut self, index: usize, settlement: Settlement) {
        steps::count(1);
        let Some(recipient) = self.list.get_mut(index) else { return };
        match recipient {
            Recipient::Settled(_) => return,
            Recipient::Accepted => self.accepted = self.accepted.saturating_sub(1),
            Recipient::Pending => {}
        }
        self.open = self.open.saturating_sub(1);
        *recipient = Recipient::Settled(settlement);
    }

    /// Settles the first recipient that is accepted and not settled.
    pub(crate) fn settle_next_accepted(&mut self, settlement: Settlement) {
        while let Some(recipient) = self.list.get(self.cursor) {
            steps::count(1);
            let index = self.cursor;
            self.cursor = index.saturating_add(1);
            if *recipient == Recipient::Accepted {
                return self.settle(index, settlement);
            }
        }
    }

    /// Settles every recipient that is not settled.
    pub(crate) fn settle_open(&mut self, settlement: Settlement) {
        if self.open == 0 {
            return;
        }
        steps::count(self.list.len());
        for recipient in self.list.iter_mut() {
            match recipient {
                Recipient::Pending | Recipient::Accepted => *recipient = Recipient::Settled(settlement),
                Recipient::Settled(_) => {}
            }
        }
        (self.open, self.accepted) = (0, 0);
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

    fn doubt(&mut self, status: impl Fn(Settlement) -> Option<Status>) -> bool {
        steps::count(self.list.len());
        let mut any = false;
        for recipient in self.list.iter_mut() {
            let Recipient::Settled(settlement) = recipient else { continue };
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

    /// How many recipients are accepted and not settled.
    pub(crate) const fn accepted(&self) -> usize {
        self.accepted
    }

    /// Whether a recipient has failed.
    pub(crate) fn any_failed(&self) -> bool {
        let failed =
            |recipient: &Recipient| matches!(recipient, Recipient::Settled(Settlement { status: Status::Failed, .. }));
        self.iter().any(failed)
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
        assert_eq!(recipients.accepted(), count(|recipient| *recipient == Recipient::Accepted));
        assert_eq!(recipients.open, count(|recipient| !matches!(recipient, Recipient::Settled(_))));
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
            assert_eq!(recipients.open, len);
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

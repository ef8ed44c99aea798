//! How the oracle follows a message through several transactions.

use smtp_proto::TlsPolicy;

use super::{
    Oracle, Plan, connection::Unfit, division::Achieved, exchange::Verb, parts::Dropped, plan::Wish, turn::Turn,
    verdict,
};

impl Oracle {
    /// A reply arrived: learns what the transaction shows about the number of recipients, and continues with another
    /// one if that needs no command.
    pub(super) fn after_reply(&mut self, verb: Verb) {
        let ends = matches!(verb, Verb::Rcpt | Verb::Data | Verb::Chunk | Verb::End);
        if let (true, Some(Achieved::Delivered), Some(most)) =
            (ends, self.connection.achieved(&self.task), self.task.parts.most)
        {
            self.learned = self.learned.with_recipients(u32::try_from(most).ok());
        }
        if self.connection.further_is_due(&self.task).is_none() {
            return;
        }
        self.task.parts.divided = true;
        if self.connection.turn(&self.task) == Turn::Next {
            self.next_transaction();
        }
    }

    /// The statuses that the transaction gave are final. The other recipients are left, and if it was full, the next
    /// ones have no more recipients.
    pub(super) fn freeze(&mut self) {
        verdict::by_replies(&self.connection, &self.task, &mut self.by_replies);
        let mut left = Vec::new();
        let mut refused = self.task.parts.refused.clone();
        for (position, index) in self.task.parts.left.iter().enumerate() {
            match self.by_replies[position] {
                Some(verdict) => {
                    self.decided[*index] = Some(verdict);
                    self.dropped_before[*index] = Some(Dropped(self.connection.dropped(*index, &self.task)));
                }
                None => left.push(*index),
            }
            refused[*index] = self.connection.refused_for_number(&self.task, position);
        }
        if self.connection.is_full(&self.task) {
            let accepted = self.connection.accepted();
            self.task.parts.most = Some(self.task.parts.most.map_or(accepted, |most| most.min(accepted)));
        }
        (self.task.parts.left, self.task.parts.refused) = (left, refused);
        self.task.parts.is_further = true;
    }

    /// The recipients of the transaction will be tried again, whatever the replies were.
    pub(super) fn try_again(&mut self) {
        if self.connection.has_begun(&self.task) {
            for (position, index) in self.task.parts.left.iter().enumerate() {
                if self.connection.contains(&self.task, position) {
                    self.task.parts.refused[*index] = None;
                }
            }
        }
    }

    fn next_transaction(&mut self) {
        self.connection.count_used(&self.task);
        self.freeze();
        self.keep_given();
        self.connection.next_transaction();
        if self.connection.has_no_room(&self.task) {
            self.connection.unfit = Some(Unfit::Used);
        }
    }

    pub(super) fn rewound(&mut self) {
        if self.task.parts.must_rewind {
            // On a new connection, on which nothing was sent for this message.
            self.task.parts.must_rewind = false;
        } else {
            self.next_transaction();
        }
        self.keep_if_over();
    }

    pub(super) fn cannot_rewind(&mut self) {
        self.connection.cannot_rewind = true;
        self.keep_if_over();
    }

    /// The message may not go to this server, or no content is left to send.
    fn keep_if_over(&mut self) {
        if self.connection.turn(&self.task) == Turn::Kept {
            self.keep();
        }
    }

    /// How the connection for a further transaction is used: like this one.
    pub(super) fn further_plan(&self) -> Plan {
        let connection = &self.connection;
        let given_up = self.task.config.tls() == TlsPolicy::Opportunistic && connection.plan.wish == Wish::Clear;
        match connection.last_hello() {
            Some(Verb::Helo) => Plan::with_helo(&self.task, connection.channel),
            _ if given_up => Plan::in_clear(&self.task),
            said => Plan::first(&self.task, self.known).with_hello(said),
        }
    }
}

//! What the client may do next.

use smtp_proto::Afterwards;

use super::{
    auth_turn::AuthTurn,
    connection::{Connection, Unfit},
    exchange::{Exchange, Verb},
    task::Task,
};

/// What the client may do next without waiting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turn {
    Say(Verb),
    /// Nothing: a reply must come first.
    Listen,
    /// A TLS handshake.
    Secure,
    /// The driver computes something for an authentication.
    Authenticate,
    /// The content, and its end.
    Content,
    /// Every recipient has a final status, and the connection can serve another message.
    Kept,
    /// The content must be rewound for another transaction.
    Rewind,
    /// Another transaction of the message begins.
    Next,
}

impl Connection {
    /// What may come next.
    pub(super) fn turn(&self, task: &Task) -> Turn {
        if self.said(Verb::Quit) {
            return Turn::Listen;
        }
        if self.leaving || matches!(self.unfit, Some(Unfit::Helo | Unfit::Used)) {
            return Turn::Say(Verb::Quit);
        }
        if self.is_handshaking() {
            return Turn::Secure;
        }
        if let Some(message) = &self.message {
            if !message.has_arrived() {
                return Turn::Content;
            }
        }
        let transaction = self.reused || self.greeted();
        match self.exchanges.last() {
            Some(last) if last.answer.is_none() => match last.verb {
                // RFC 2920 section 3.1: other commands may follow these in a group. BDAT is checked elsewhere.
                Verb::Mail | Verb::Rcpt if self.offers.pipelining => self.in_transaction(task),
                Verb::Rset if self.offers.pipelining && self.is_plain => self.in_transaction(task),
                _ => Turn::Listen,
            },
            // The last one is answered, so all of them are.
            _ if transaction => self.after_hello(task),
            Some(last) => Turn::Say(self.before_transaction(*last, task)),
            None => Turn::Listen,
        }
    }

    /// The next command before a hello is accepted.
    fn before_transaction(&self, last: Exchange, task: &Task) -> Verb {
        let code = last.answer.map_or(0, |answer| answer.code);
        match last.verb {
            Verb::Greeting if code < 300 => self.plan.says_first(self.channel),
            // RFC 1869 sections 4.5 and 4.6.
            Verb::Ehlo if self.needs_beyond_helo(task).is_empty() => Verb::Helo,
            Verb::Helo if code == 503 && self.said(Verb::Ehlo) && !self.said(Verb::Rset) => Verb::Rset,
            Verb::Rset => Verb::Helo,
            _ => Verb::Quit,
        }
    }

    /// What follows once a hello was accepted and every command is answered.
    fn after_hello(&self, task: &Task) -> Turn {
        if self.starttls_is_due() {
            return Turn::Say(Verb::StartTls);
        }
        if self.lacks_tls(task) {
            return Turn::Say(Verb::Quit);
        }
        self.in_transaction(task)
    }

    fn in_transaction(&self, task: &Task) -> Turn {
        if task.envelope.forward_paths().is_empty() {
            return Turn::Say(Verb::Quit);
        }
        match self.auth_turn(task) {
            AuthTurn::Past => {}
            AuthTurn::Ask(..) => return Turn::Authenticate,
            AuthTurn::Owed(verb) => return Turn::Say(verb),
            AuthTurn::Listen => return Turn::Listen,
            AuthTurn::GivenUp(_) if self.star_is_due() => return Turn::Say(Verb::Star),
            AuthTurn::Unmet(_) | AuthTurn::NoMechanism | AuthTurn::Refused(..) | AuthTurn::GivenUp(_) => {
                return Turn::Say(Verb::Quit);
            }
        }
        if task.parts.must_rewind {
            return if self.cannot_rewind { self.finish(task, true) } else { Turn::Rewind };
        }
        if !self.may_go(task) {
            return self.finish(task, true);
        }
        let Some(mail) = self.find(Verb::Mail) else { return Turn::Say(Verb::Mail) };
        if let Some(achieved) = self.further_is_due(task) {
            return self.further_turn(task, achieved);
        }
        let all_answered = self.exchanges.iter().all(|exchange| exchange.answer.is_some());
        if let Some(rset) = self.all(Verb::Rset).find(|rset| rset.start >= mail.end) {
            return match rset.answer {
                None => Turn::Listen,
                Some(answer) if answer.code < 300 => self.finish(task, true),
                Some(_) => Turn::Say(Verb::Quit),
            };
        }
        if self.repeat_is_due(task) {
            return if all_answered { Turn::Say(Verb::Rset) } else { Turn::Listen };
        }
        let asked = self.count(Verb::Rcpt);
        if let Some(data) = self.find(Verb::Data) {
            return match (data.answer, all_answered) {
                (Some(answer), _) if answer.code >= 400 => self.finish(task, false),
                (Some(_), true) => self.finish(task, true),
                _ => Turn::Listen,
            };
        }
        if let Some(bdat) = self.exchanges.iter().rfind(|said| matches!(said.verb, Verb::Chunk | Verb::End)) {
            let refused = self.exchanges.iter().any(|said| said.verb == Verb::Chunk && said.refused());
            let is_over = bdat.verb == Verb::End || refused || self.accepted() == 0;
            return match (all_answered, is_over) {
                (true, true) => {
                    let is_taken = bdat.verb == Verb::End && bdat.answer.is_some_and(|answer| answer.code < 300);
                    self.finish(task, is_taken)
                }
                _ => Turn::Listen,
            };
        }
        if mail.refused() {
            return match (all_answered, asked) {
                (false, _) => Turn::Listen,
                // It may have been a late reply to the previous message.
                (true, 0) if self.reused => Turn::Say(Verb::Quit),
                (true, _) => self.finish(task, asked == 0),
            };
        }
        let is_due = self.next_index(task).is_some();
        if is_due && (asked < self.first_indexes(task).len() || self.first_round_is_answered(task)) {
            return Turn::Say(Verb::Rcpt);
        }
        if self.holds_content(task) {
            return Turn::Listen;
        }
        if task.envelope.is_inquiry() && !all_answered {
            return Turn::Listen;
        }
        let hope = !task.envelope.is_inquiry()
            && self.all(Verb::Rcpt).any(|rcpt| rcpt.answer.is_none_or(|answer| answer.code < 300));
        match (hope || self.hoped, asked) {
            (true, _) if self.has_bdat(task) => Turn::Listen,
            (true, _) => Turn::Say(Verb::Data),
            // A refusal may have arrived twice: the reply to RSET would not show that.
            (false, 2..) if self.final_rcpts(task).iter().any(|(_, rcpt)| self.is_refused_for_good(task, rcpt)) => {
                Turn::Say(Verb::Quit)
            }
            (false, _) => self.finish(task, false),
        }
    }

    /// What follows when every recipient has a final status. `clean`: the server has no open transaction.
    fn finish(&self, task: &Task, clean: bool) -> Turn {
        if self.unfit.is_some() || self.spent || self.is_used_up(task) {
            return Turn::Say(Verb::Quit);
        }
        match (task.config.afterwards(), clean) {
            (Afterwards::Keep, true) => Turn::Kept,
            (Afterwards::Keep, false) => Turn::Say(Verb::Rset),
            (_, _) => Turn::Say(Verb::Quit),
        }
    }
}

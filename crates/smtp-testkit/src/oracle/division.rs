//! Several transactions for one message: what each contains, and what follows it. Derived from all commands and replies.

use super::{
    auth_turn::AuthTurn,
    connection::Connection,
    exchange::{Answer, Exchange, Verb},
    parts::domain,
    task::Task,
    turn::Turn,
};

/// What a transaction achieved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Achieved {
    /// The content was accepted for a recipient.
    Delivered,
    /// No recipient was accepted.
    AllRefused,
    /// DATA or the content was refused.
    ContentRefused,
}

/// Whether these replies to RCPT refuse a recipient for the number of recipients (RFC 5321 section 4.5.3.1.10).
pub(super) fn is_for_number(code: u16, accepted_before: bool) -> bool {
    accepted_before && (code == 452 || code == 552)
}

impl Connection {
    /// Whether a transaction can begin or has begun: hello, TLS and authentication are done, and the content is there.
    pub(super) fn has_begun(&self, task: &Task) -> bool {
        self.unfit.is_none()
            && !task.parts.must_rewind
            && (self.reused || self.greeted())
            && !self.is_securing()
            && !self.lacks_tls(task)
            && self.auth_turn(task) == AuthTurn::Past
    }

    /// The positions, among those that are left, of the recipients that this server may be given. If the message needs
    /// what it does not offer, none is given, and their parameters do not matter.
    fn candidates(&self, task: &Task) -> Vec<usize> {
        let is_fit = self.fits(task) && self.unmet(task).is_empty();
        let may_be_given = |index: usize| !is_fit || self.missing(index, task).is_none();
        let left = task.parts.left.iter().enumerate();
        left.filter(|(_, index)| may_be_given(**index)).map(|(position, _)| position).collect()
    }

    /// Whether there is a recipient that this server may be given.
    pub(super) fn has_candidates(&self, task: &Task) -> bool {
        !task.has_parameters || !self.candidates(task).is_empty()
    }

    /// Whether none of the recipients fits into the limits of this connection.
    pub(super) fn has_no_room(&self, task: &Task) -> bool {
        self.places(task) == 0 && !self.candidates(task).is_empty()
    }

    /// How many recipients the transaction contains.
    pub(super) fn places(&self, task: &Task) -> usize {
        match self.domain_limit(task) {
            None if task.has_parameters => self.candidates(task).len().min(self.most_recipients(task)),
            None => task.parts.left.len().min(self.most_recipients(task)),
            Some(_) => self.by_domain(task).len(),
        }
    }

    /// The position among those that are left of the recipient at this place of the transaction.
    pub(super) fn place(&self, task: &Task, nth: usize) -> Option<usize> {
        match self.domain_limit(task) {
            None if nth >= self.places(task) => None,
            None if task.has_parameters => self.candidates(task).get(nth).copied(),
            None => Some(nth),
            Some(_) => self.by_domain(task).get(nth).copied(),
        }
    }

    /// Whether the transaction contains the recipient at this position among those that are left.
    pub(super) fn contains(&self, task: &Task, position: usize) -> bool {
        match self.domain_limit(task) {
            None if task.has_parameters => self.candidates(task)[..self.places(task)].contains(&position),
            None => position < self.places(task),
            Some(_) => self.by_domain(task).contains(&position),
        }
    }

    fn domain_limit(&self, task: &Task) -> Option<usize> {
        self.offers.domains_max.filter(|_| !task.config.ignore_limits())
    }

    fn most_recipients(&self, task: &Task) -> usize {
        let announced = self.offers.recipients_max.filter(|_| !task.config.ignore_limits());
        let policy = task.config.max_recipients().map(|most| most as usize);
        let bounds = [announced, policy, task.parts.known, task.parts.most];
        bounds.into_iter().flatten().min().unwrap_or(usize::MAX).max(1)
    }

    /// The recipients of the transaction if their domains are limited.
    fn by_domain(&self, task: &Task) -> Vec<usize> {
        let most = self.domain_limit(task).unwrap_or(usize::MAX);
        let mut domains = self.domains.clone();
        let mut chosen = Vec::new();
        for position in self.candidates(task) {
            let domain = domain(&task.envelope.forward_paths()[task.parts.left[position]]);
            if chosen.len() == self.most_recipients(task) {
                break;
            }
            if domains.contains(&domain) || domains.len() < most {
                if !domains.contains(&domain) {
                    domains.push(domain);
                }
                chosen.push(position);
            }
        }
        chosen
    }

    /// Whether the server allows no more transactions on this connection.
    pub(super) fn is_used_up(&self, task: &Task) -> bool {
        let most = self.offers.mails_max.filter(|_| !task.config.ignore_limits());
        most.is_some_and(|most| self.mails_before + self.count(Verb::Mail) >= most)
    }

    /// Counts the transaction for the limits of the connection.
    pub(super) fn count_used(&mut self, task: &Task) {
        self.mails_before += self.count(Verb::Mail);
        if self.domain_limit(task).is_some() {
            for position in self.by_domain(task) {
                let domain = domain(&task.envelope.forward_paths()[task.parts.left[position]]);
                if !self.domains.contains(&domain) {
                    self.domains.push(domain);
                }
            }
        }
    }

    /// The reply that refuses the recipient at this position for the number of recipients, in this transaction or in
    /// an earlier one.
    pub(super) fn refused_for_number(&self, task: &Task, position: usize) -> Option<Answer> {
        if !(self.has_begun(task) && self.contains(task, position)) {
            return task.parts.refused[task.parts.left[position]];
        }
        if self.is_mail_refused() {
            return None;
        }
        let mut accepted_before = false;
        for (index, rcpt) in self.final_rcpts(task) {
            let answer = rcpt.answer?;
            if task.parts.left.get(position) == Some(&index) {
                return is_for_number(answer.code, accepted_before).then_some(answer);
            }
            accepted_before |= answer.code < 300 && !task.envelope.is_inquiry();
        }
        None
    }

    /// Whether MAIL was refused, so that the replies to RCPT only follow from that.
    fn is_mail_refused(&self) -> bool {
        self.find(Verb::Mail).is_some_and(Exchange::refused)
    }

    /// Whether, from one recipient on, all were refused for their number.
    pub(super) fn is_full(&self, task: &Task) -> bool {
        // Nobody is accepted if the server is only asked.
        if self.is_mail_refused() || task.envelope.is_inquiry() {
            return false;
        }
        let (mut accepted_before, mut full) = (false, false);
        for code in self.all(Verb::Rcpt).filter_map(|rcpt| rcpt.answer).map(|answer| answer.code) {
            if full && code < 300 {
                return false;
            }
            full |= is_for_number(code, accepted_before);
            accepted_before |= code < 300;
        }
        full
    }

    /// What the transaction achieved; `None` if it is not over, or if everybody is settled by a refusal of MAIL.
    pub(super) fn achieved(&self, task: &Task) -> Option<Achieved> {
        self.find(Verb::Mail).filter(|mail| mail.answer.is_some() && !mail.refused())?;
        // The other chunks that were sent are still to be answered, but that changes nothing.
        if self.chunk_was_refused() && self.accepted() > 0 && self.unfit.is_none() {
            return Some(Achieved::ContentRefused);
        }
        let is_end = |verb| matches!(verb, Verb::Rset | Verb::Quit);
        let waits = self.exchanges.iter().any(|said| said.answer.is_none() && !is_end(said.verb));
        if waits || self.unfit.is_some() || self.message.as_ref().is_some_and(|message| !message.has_arrived()) {
            return None;
        }
        let is_judged = self.said(Verb::End) || self.chunk_was_refused();
        match self.find(Verb::Data).and_then(|data| data.answer) {
            None if self.next_index(task).is_some() || self.hoped => None,
            _ if self.accepted() == 0 || task.envelope.is_inquiry() => Some(Achieved::AllRefused),
            Some(answer) if answer.code >= 400 => Some(Achieved::ContentRefused),
            None if !is_judged => None,
            _ if self.all(Verb::End).any(|end| end.code().is_some_and(|code| code < 300)) => Some(Achieved::Delivered),
            _ => Some(Achieved::ContentRefused),
        }
    }

    /// Whether another transaction must follow this one, which is over.
    pub(super) fn further_is_due(&self, task: &Task) -> Option<Achieved> {
        let achieved = self.achieved(task).filter(|achieved| *achieved != Achieved::ContentRefused)?;
        let is_left = |position| !self.contains(task, position) || self.refused_for_number(task, position).is_some();
        (!self.cannot_rewind && self.candidates(task).into_iter().any(is_left)).then_some(achieved)
    }

    /// What comes next if another transaction follows.
    pub(super) fn further_turn(&self, task: &Task, achieved: Achieved) -> Turn {
        let ready = if achieved == Achieved::Delivered { Turn::Rewind } else { Turn::Next };
        let mail = self.find(Verb::Mail).map_or(0, |mail| mail.end);
        if let Some(rset) = self.all(Verb::Rset).find(|rset| rset.start >= mail) {
            return match rset.answer {
                None => Turn::Listen,
                Some(answer) if answer.code < 300 => ready,
                Some(_) => Turn::Say(Verb::Quit),
            };
        }
        let last = self.all(Verb::End).last().and_then(Exchange::code);
        let is_clean = match self.find(Verb::Data) {
            Some(data) => data.code() == Some(354),
            None => last.is_some_and(|code| code < 300),
        };
        let no_content = !self.exchanges.iter().any(|said| matches!(said.verb, Verb::Data | Verb::Chunk | Verb::End));
        let in_doubt = no_content
            && self.count(Verb::Rcpt) > 1
            && self.final_rcpts(task).iter().any(|(_, rcpt)| self.is_refused_for_good(task, rcpt));
        match is_clean {
            _ if in_doubt || self.spent || self.is_used_up(task) => Turn::Say(Verb::Quit),
            true => ready,
            false => Turn::Say(Verb::Rset),
        }
    }

    /// Continues on the same connection with another transaction of the same message.
    pub(super) fn next_transaction(&mut self) {
        self.carried = Some(self.tls_fact());
        self.carried_refusal = self.carried_refusal.or(self.ehlo_refusal().map(|answer| answer.code));
        self.plan.hello = self.last_hello().unwrap_or(self.plan.hello);
        self.reused = true;
        self.exchanges.clear();
        (self.message, self.chunked, self.chunk_left) = (None, None, None);
        (self.hoped, self.spent, self.cannot_rewind, self.is_plain) = (false, false, false, false);
    }
}

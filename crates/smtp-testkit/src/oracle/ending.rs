//! The end of a connection, and what must follow.

use smtp_proto::{AttemptEnd, Cancel, Place};

use super::{
    Oracle, Phase,
    connection::Unfit,
    division::Achieved,
    exchange::Verb,
    plan::Plan,
    reported::Tried,
    table::{self, End, Next},
    turn::Turn,
    verdict,
};

impl Oracle {
    /// The connection has ended.
    pub(super) fn end(&mut self, end: End) {
        if self.connection.has_lost_step(end) {
            self.learned = self.learned.with_lockstep(true);
        }
        if matches!(self.phase, Phase::Done { .. }) {
            // The connection was kept: its message is already reported.
            self.phase = Phase::Done { kept: false };
            return;
        }
        if self.connection.leaving {
            // No recipient's status depends on the connection any more.
            self.tried.pop();
            self.try_ended(self.ended(end));
            self.last_end = Some(end);
            self.phase = Phase::Done { kept: false };
            return;
        }
        self.try_ended(self.ended(end));
        let further = self.connection.further_is_due(&self.task);
        self.keep_given();
        let out_of_step = matches!(end, End::Unsolicited(_) | End::Unexpected(_) | End::InvalidReply(_))
            || (self.connection.is_unproven(&self.task) && end != End::Quit);
        if out_of_step {
            self.connection.doubted = self.connection.in_doubt_if_out_of_step();
        }
        verdict::by_replies(&self.connection, &self.task, &mut self.by_replies);
        let settled = self.by_replies.iter().all(Option::is_some);
        let next = table::after(&self.connection, &self.task, end, self.helo_spent);
        let (place, plan) = match next {
            Next::Helo if !settled => (Place::Same, Plan::with_helo(&self.task, self.connection.channel)),
            Next::Clear if !settled => (Place::Same, Plan::in_clear(&self.task)),
            Next::Fewer => (Place::Same, self.further_plan()),
            Next::Afresh if !settled && self.task.parts.divided => (Place::Same, self.further_plan()),
            Next::Data if !settled => {
                self.task.has_bdat = false;
                (Place::Same, Plan::with_data(&self.task, self.connection.channel))
            }
            Next::Afresh if !settled => (Place::Any, Plan::first(&self.task, self.known)),
            _ => {
                self.settle(Some(end), next);
                self.phase = Phase::Done { kept: false };
                return;
            }
        };
        self.helo_spent |= next == Next::Helo;
        if next == Next::Fewer || further.is_some() {
            self.task.parts.divided = true;
            self.freeze();
            self.task.parts.must_rewind |= further == Some(Achieved::Delivered);
        } else {
            self.try_again();
        }
        self.plan = plan;
        self.last_end = Some(end);
        self.phase = Phase::Connecting(place);
    }

    /// Gives a final status to every recipient that the replies did not settle.
    pub(super) fn settle(&mut self, end: Option<End>, next: Next) {
        if let Some(end) = end {
            verdict::fill_by_end(&self.connection, &self.task, end, next, &mut self.by_replies);
        }
        let mut all = self.decided.clone();
        for (verdict, index) in self.by_replies.iter().zip(&self.task.parts.left) {
            all[*index] = *verdict;
        }
        self.verdicts.clear();
        self.verdicts.extend(all.into_iter().flatten());
        self.last_end = end;
    }

    pub(super) fn cancel(&mut self, why: Cancel) {
        match self.phase {
            Phase::Done { kept: false } => {}
            Phase::Connecting(_) => {
                // There is no open connection whose replies could settle recipients.
                self.connection.close(self.plan);
                verdict::by_replies(&self.connection, &self.task, &mut self.by_replies);
                self.settle(Some(End::Cancelled(why)), Next::Defer);
                self.phase = Phase::Done { kept: false };
            }
            Phase::Talking | Phase::Done { kept: true } => self.end(End::Cancelled(why)),
        }
    }

    /// Records what must be reported about the connection that ended.
    pub(super) fn try_ended(&mut self, ended: AttemptEnd) {
        let connection = &self.connection;
        let said = match connection.turn(&self.task) {
            Turn::Say(verb @ (Verb::Ehlo | Verb::Helo | Verb::Lhlo)) => Some(verb),
            _ => connection.last_hello(),
        };
        self.tried.push(Tried {
            hello: said,
            ended: Some(ended),
            reused: connection.was_kept,
            ehlo_refusal: connection.ehlo_refusal().map(|answer| answer.code).or(connection.carried_refusal),
            tls: connection.tls_fact(),
            mechanism: connection.mechanism(),
        });
    }

    fn ended(&self, end: End) -> AttemptEnd {
        let quitting = self.connection.said(Verb::Quit) || self.connection.turn(&self.task) == Turn::Say(Verb::Quit);
        let unproven = self.connection.is_unproven(&self.task);
        match (end, self.connection.unfit) {
            (End::Cancelled(_), _) | (_, None) => {}
            (_, Some(Unfit::Helo | Unfit::Used)) => return AttemptEnd::Quit,
            (_, Some(Unfit::Limit)) if quitting => return AttemptEnd::SessionLimit,
            (_, Some(Unfit::Limit)) => {}
        }
        match end {
            End::Lost(_) | End::Silence | End::Closing(_) if quitting && !unproven => AttemptEnd::Quit,
            End::ConnectFailed => AttemptEnd::ConnectFailed,
            End::Lost(how) => AttemptEnd::Lost(how),
            End::SecureFailed => AttemptEnd::TlsFailed,
            End::Silence => AttemptEnd::TimedOut,
            End::Closing(_) => AttemptEnd::ServiceClosing,
            End::InvalidReply(kind) => AttemptEnd::InvalidReply(kind),
            End::Unsolicited(_) => AttemptEnd::Unsolicited,
            End::Unexpected(_) => AttemptEnd::Unexpected,
            End::ContentRefused(_) | End::Unchunked(_) => AttemptEnd::ContentRefused,
            End::ContentError(_) | End::Cancelled(_) => AttemptEnd::Abandoned,
            End::Quit => AttemptEnd::Quit,
        }
    }
}

//! The end of a connection: what follows, and what the report says.

use super::{
    Delivery, Place,
    plan::{Plan, Tls},
    state::{LastConnection, Refusal, State},
};
use crate::{
    kept::KeptText,
    outcome::{AttemptEnd, Hello, Status},
    recipients::SettledBy,
    reply::{EXCERPT, Severity},
    retry::{self, Interruption, Next, Point, Situation},
    stage::Stage,
    transaction::{ReplyFacts, Verdicts},
};

impl Delivery {
    /// The connection ends without a reply. What has arrived of one goes into the report.
    pub(super) fn end_unheard(&mut self, ended: AttemptEnd, interruption: Interruption) {
        // An incomplete reply may be the start of an echo.
        let held = if self.session.hides() { &[] } else { self.session.incomplete_reply() };
        let detail = self.ledger.kept.keep(held.get(..EXCERPT).unwrap_or(held));
        self.note_detail(detail);
        self.end_here(ended, interruption, None);
    }

    /// The connection ends at the stage of the session.
    pub(super) fn end_here(&mut self, ended: AttemptEnd, interruption: Interruption, reply: Option<&ReplyFacts>) {
        self.end_at(self.session.stage(), self.session.begun(), ended, interruption, reply);
    }

    pub(super) fn end_at(
        &mut self,
        stage: Stage,
        begun: bool,
        ended: AttemptEnd,
        interruption: Interruption,
        reply: Option<&ReplyFacts>,
    ) {
        self.learn_from(ended);
        let ended = match (&self.state, interruption) {
            // A missing reply to QUIT does not matter (RFC 5321 section 4.1.1.10 is only a SHOULD), unless the reply
            // was to confirm a refusal.
            (
                State::Quitting(Verdicts::Unproven),
                Interruption::HangUp
                | Interruption::Silence
                | Interruption::ServiceClosing
                | Interruption::ChannelClosing,
            ) => {
                if self.doubt_refusals(reply) {
                    ended
                } else {
                    AttemptEnd::Quit
                }
            }
            (
                State::Quitting(_),
                Interruption::HangUp
                | Interruption::Silence
                | Interruption::ServiceClosing
                | Interruption::ChannelClosing,
            ) => AttemptEnd::Quit,
            (State::Leaving(ended), _) => *ended,
            _ => ended,
        };
        let point = self.point(stage, begun);
        self.end(ended, interruption, point, reply);
    }

    /// Learns from the end of a connection whether the server keeps step.
    pub(super) fn learn_from(&mut self, ended: AttemptEnd) {
        if retry::shows_lost_step(ended, self.session.had_group(), self.session.is_group_due()) {
            self.host.learn_lockstep();
        }
    }

    /// The connection has ended: asks the retry table what follows.
    pub(super) fn end(
        &mut self,
        ended: AttemptEnd,
        interruption: Interruption,
        point: Point,
        reply: Option<&ReplyFacts>,
    ) {
        if let State::Done(_) = self.state {
            // The report is complete: the end of a kept connection does not change it.
            return self.drop_connection();
        }
        if interruption == Interruption::ProtocolError {
            self.doubt_refusals(None);
        }
        if self.ledger.recipients.all_settled() && !self.envelope.forward_paths().is_empty() {
            return self.done(ended);
        }
        // A reply that gives the reason takes precedence over the way the connection ended. A permanent refusal of
        // EHLO is not the reason, because HELO would have followed.
        let ehlo_refusal = match point {
            Point::EhloRefused(Severity::Transient) => self.ledger.attempt().and_then(|attempt| attempt.ehlo_refusal),
            _ => None,
        };
        let said = reply.map(|reply| reply.kept).or(ehlo_refusal);
        let auth_refusal = match &self.state {
            State::Authenticating(exchange) => exchange.refusal,
            _ => None,
        };
        let by_what = match (auth_refusal, said) {
            // A server that closes the connection after it refused the credentials still refused them.
            (Some((mechanism, reply)), _) => SettledBy::AuthRefused(mechanism, reply),
            (None, Some(said)) => SettledBy::Reply(said),
            (None, None) => SettledBy::Connections,
        };
        match self.after(point, interruption) {
            Next::Helo => return self.reconnect(ended, self.helo_plan(), Place::Same),
            Next::Clear => {
                let plan = Plan { tls: Tls::No, ..self.first_plan() };
                return self.reconnect(ended, plan, Place::Same);
            }
            Next::Afresh => return self.start_over(ended),
            Next::Fewer => return self.start_over_with_fewer(ended),
            Next::Data => {
                self.host.has_refused_bdat = true;
                // Whatever is known about the host: this server has accepted it.
                let hello = self.ledger.attempt().and_then(|attempt| attempt.hello).unwrap_or(Hello::Ehlo);
                let plan = Plan { hello, ..self.helo_plan() };
                return self.reconnect(ended, plan, Place::Same);
            }
            Next::Unconfirmed => self.ledger.settle(Status::Unconfirmed, by_what),
            Next::Forbidden(needs) => self.ledger.settle(Status::Deferred, SettledBy::Needs(needs, said)),
            Next::Defer => self.ledger.settle(Status::Deferred, by_what),
        }
        self.done(ended);
    }

    /// The message gets a new connection, to any address of the next hop.
    pub(super) fn start_over(&mut self, ended: AttemptEnd) {
        if self.ledger.rounds.is_some() {
            let plan = self.further_plan();
            return self.reconnect(ended, plan, Place::Same);
        }
        self.reconnect(ended, self.first_plan(), Place::Any);
    }

    /// The server closed the connection because there were too many recipients.
    fn start_over_with_fewer(&mut self, ended: AttemptEnd) {
        if let State::Transaction(transaction) = self.state {
            self.note_bound(transaction);
        }
        self.keep_given();
        self.ledger.keep_unfit();
        self.ledger.recipients.reopen_accepted();
        let plan = self.further_plan();
        self.note_end(ended);
        self.session.close();
        self.state = State::Connecting(plan, Place::Same);
    }

    fn reconnect(&mut self, ended: AttemptEnd, plan: Plan, place: Place) {
        self.note_end(ended);
        self.keep_given();
        // Recipients that were refused in this transaction will be tried again.
        if let State::Transaction(_) = self.state {
            self.ledger.reopen_recipients();
        } else if self.ledger.rounds.is_some() {
            self.ledger.recipients.end_transaction();
        }
        self.session.close();
        self.state = State::Connecting(plan, place);
    }

    /// Keeps the content that was given on this connection, for the next one.
    #[inline(never)]
    pub(super) fn keep_given(&mut self) {
        if let State::Transaction(_) = self.state {
            if let Some(given) = self.session.take_given() {
                self.ledger.given = Some(given);
            }
        }
    }

    /// The server reads the chunk as commands: the connection is closed at once, and no later reply counts.
    #[cold]
    pub(super) fn end_unchunked(&mut self, reply: &ReplyFacts) {
        self.note_reply(reply);
        self.end(AttemptEnd::ContentRefused, Interruption::HangUp, Point::Unchunked, Some(reply));
    }

    pub(super) fn done(&mut self, ended: AttemptEnd) {
        self.note_end(ended);
        self.drop_connection();
    }

    /// The delivery is done and has no connection.
    pub(super) fn drop_connection(&mut self) {
        self.session.close();
        self.state = State::Done(LastConnection::Closed);
    }

    pub(super) fn after(&self, point: Point, interruption: Interruption) -> Next {
        retry::after(
            Situation::new(point, interruption)
                .with_needs(self.needs_beyond_helo())
                .with_policy(self.config.helo_retry())
                .with_divided(self.ledger.rounds.is_some()),
        )
    }

    /// How far the connection had come. `begun`: whether the first octet of the command at `stage` was sent.
    pub(super) fn point(&self, stage: Stage, begun: bool) -> Point {
        match &self.state {
            State::Connecting(..) | State::Greeting(_) | State::Done(_) => Point::BeforeHello,
            State::Ehlo(_) if !begun => Point::BeforeHello,
            State::Ehlo(_) => Point::Ehlo,
            State::Lhlo(_) => Point::Lhlo,
            State::StartTls(_) => Point::StartTls,
            State::SecuringFirst(_) | State::Securing(_) => Point::Handshake,
            State::Authenticating(_) => Point::Auth,
            State::Helo(Refusal::None) => Point::Helo,
            State::Helo(Refusal::OfEhlo(severity) | Refusal::OfHelo(severity)) | State::RsetBeforeHelo(severity) => {
                Point::EhloRefused(*severity)
            }
            State::Transaction(transaction) => {
                transaction.point(stage == Stage::ContentEnd || self.session.is_end_sent())
            }
            // What is left gets another connection.
            State::Rset(_) | State::Quitting(_) if !self.ledger.recipients.all_settled() => Point::Leaving,
            State::Rset(_) | State::Quitting(_) => Point::Transaction,
            State::Rewinding(origin, _) => origin.before_mail(),
            State::Leaving(_) => Point::Leaving,
        }
    }

    /// Replies and commands are out of step, so an earlier refusal may have been meant for another command. Permanent
    /// refusals of this transaction become temporary, and recipients for whom the whole content was refused become
    /// unconfirmed. Returns whether any status changed.
    pub(super) fn doubt_refusals(&mut self, reply: Option<&ReplyFacts>) -> bool {
        let verdicts = match self.state {
            State::Transaction(_) | State::Rset(_) => Verdicts::Provisional,
            State::Rewinding(_, verdicts) | State::Quitting(verdicts) => verdicts,
            State::Connecting(..)
            | State::SecuringFirst(_)
            | State::Greeting(_)
            | State::Ehlo(_)
            | State::Lhlo(_)
            | State::StartTls(_)
            | State::Securing(_)
            | State::Authenticating(_)
            | State::Helo(_)
            | State::RsetBeforeHelo(_)
            | State::Leaving(_)
            | State::Done(_) => Verdicts::Final,
        };
        let recipients = &mut self.ledger.recipients;
        let doubted = match verdicts {
            Verdicts::Final => false,
            // `|`, not `||`: both must run.
            Verdicts::Provisional | Verdicts::Unproven => recipients.defer_refused() | recipients.unconfirm_refused(),
            Verdicts::OfContent => recipients.unconfirm_refused(),
        };
        if let (true, Some(reply), Some(attempt)) = (doubted, reply, self.ledger.attempt()) {
            attempt.reply = Some(reply.kept);
        }
        doubted
    }

    /// Adds the stage to the attempt, and returns it.
    pub(super) fn note_stage(&mut self) -> Stage {
        let stage = self.session.stage();
        if let (Some(attempt), false) = (self.ledger.attempt(), stage == Stage::Idle) {
            attempt.stage = stage;
        }
        stage
    }

    /// Adds the reply to the attempt as the reason for its end, unless every recipient already has its status.
    pub(super) fn note_reply(&mut self, reply: &ReplyFacts) {
        let settled = matches!(self.state, State::Rset(_) | State::Quitting(_) | State::Leaving(_) | State::Done(_));
        if let (Some(attempt), false) = (self.ledger.attempt(), settled) {
            attempt.reply = Some(reply.kept);
        }
    }

    pub(super) fn note_detail(&mut self, detail: KeptText) {
        let written = matches!(self.state, State::Done(_));
        if let (Some(attempt), false) = (self.ledger.attempt(), written) {
            attempt.detail = detail;
        }
    }

    pub(super) fn note_end(&mut self, ended: AttemptEnd) {
        if let Some(attempt) = self.ledger.attempt() {
            attempt.end = Some(ended);
        }
    }
}

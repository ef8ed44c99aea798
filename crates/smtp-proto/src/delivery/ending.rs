//! How a connection ends, what follows, and what the report says of it.

use super::{Delivery, Line, Place, Refusal, State};
use crate::{
    ledger::Text,
    reply::{EXCERPT, Severity},
    report::{Cause, Ended, Hello, Stage, Status},
    retry::{self, Ending, Next, Point, Situation},
    transaction::{ReplyFacts, Verdicts},
};

impl Delivery {
    pub(super) fn end_here(&mut self, ended: Ended, ending: Ending) {
        let held = self.session.incomplete_reply();
        let detail = self.ledger.keep(held.get(..EXCERPT).unwrap_or(held));
        self.note_detail(detail);
        self.end_at(self.session.stage(), self.session.begun(), ended, ending, None);
    }

    pub(super) fn end_at(
        &mut self,
        stage: Stage,
        begun: bool,
        ended: Ended,
        ending: Ending,
        reply: Option<&ReplyFacts>,
    ) {
        let ended = match (&self.state, ending) {
            // Nobody waits for an answer to QUIT (RFC 5321 section 4.1.1.10 only asks to).
            (
                State::Quitting(_),
                Ending::HangUp | Ending::Silence | Ending::ServiceClosing | Ending::ChannelClosing,
            ) => Ended::Quit,
            (State::Leaving(ended), _) => *ended,
            _ => ended,
        };
        let point = self.point(stage, begun);
        self.end(ended, ending, point, reply);
    }

    /// The connection has ended: asks the table what follows.
    pub(super) fn end(&mut self, ended: Ended, ending: Ending, point: Point, reply: Option<&ReplyFacts>) {
        if let State::Done(_) = self.state {
            // The message's report is written: what becomes of its connection is another story.
            return self.drop_line();
        }
        if ending == Ending::Nonsense {
            self.doubt_refusals(None);
        }
        if self.ledger.recipients.all_settled() && !self.envelope.forward_paths().is_empty() {
            return self.done(ended);
        }
        let (status, cause) = match self.after(point, ending) {
            Next::Helo => return self.reconnect(ended, Hello::Helo, Place::Same),
            Next::Afresh => return self.reconnect(ended, self.first_hello(), Place::Any),
            Next::Unconfirmed => (Status::Unconfirmed, Cause::Connections),
            Next::Forbidden(needs) => (Status::Deferred, Cause::Needs(needs)),
            Next::Defer => (Status::Deferred, Cause::Connections),
        };
        // A reply that says why stands above the way the connection ended. EHLO refused for good is not
        // why: HELO was to follow.
        let ehlo_refusal = match point {
            Point::EhloRefused(Severity::Transient) => self.ledger.attempt().and_then(|attempt| attempt.ehlo_refusal),
            _ => None,
        };
        let said = reply.map(|reply| reply.kept).or(ehlo_refusal);
        let cause = if said.is_some() && cause == Cause::Connections { Cause::Reply } else { cause };
        self.ledger.settle(status, cause, said);
        self.done(ended);
    }

    pub(super) fn reconnect(&mut self, ended: Ended, hello: Hello, place: Place) {
        self.note_end(ended);
        // What was refused on this connection will be asked again.
        self.ledger.recipients.reopen();
        self.session.close();
        self.state = State::Connecting(hello, place);
    }

    pub(super) fn done(&mut self, ended: Ended) {
        self.note_end(ended);
        self.drop_line();
    }

    /// There is no connection any more, and none is wanted.
    pub(super) fn drop_line(&mut self) {
        self.session.close();
        self.state = State::Done(Line::Gone);
    }

    pub(super) fn after(&self, point: Point, ending: Ending) -> Next {
        retry::after(Situation { point, ending, needs: self.needs(), policy: self.config.helo_retry })
    }

    /// How far the connection had come, with `stage` due and `begun` or not.
    pub(super) fn point(&self, stage: Stage, begun: bool) -> Point {
        match &self.state {
            State::Connecting(..) | State::Greeting(_) | State::Done(_) => Point::BeforeHello,
            State::Ehlo if !begun => Point::BeforeHello,
            State::Ehlo => Point::Ehlo,
            State::Lhlo => Point::Lhlo,
            State::Helo(Refusal::None) => Point::Helo,
            State::Helo(Refusal::OfEhlo(severity) | Refusal::OfHelo(severity)) | State::RsetBeforeHelo(severity) => {
                Point::EhloRefused(*severity)
            }
            State::Transaction(transaction) => transaction.point(stage),
            State::Rset(_) | State::Quitting(_) => Point::Transaction,
            State::Leaving(_) => Point::Leaving,
        }
    }

    /// Replies and commands are out of step: what was refused for good in this transaction may have been
    /// refused to another command, so it counts as temporary. Whether anything was.
    pub(super) fn doubt_refusals(&mut self, reply: Option<&ReplyFacts>) -> bool {
        let is_open =
            matches!(self.state, State::Transaction(_) | State::Rset(_) | State::Quitting(Verdicts::Provisional));
        let doubted = is_open && self.ledger.recipients.defer_refused();
        if let (true, Some(reply), Some(attempt)) = (doubted, reply, self.ledger.attempt()) {
            attempt.reply = Some(reply.kept);
        }
        doubted
    }

    pub(super) fn note_stage(&mut self) {
        let stage = self.session.stage();
        if let (Some(attempt), false) = (self.ledger.attempt(), stage == Stage::Idle) {
            attempt.stage = stage;
        }
    }

    /// The reply decides how the attempt went. Once all is settled, none does.
    pub(super) fn note_reply(&mut self, reply: &ReplyFacts) {
        let settled = matches!(self.state, State::Rset(_) | State::Quitting(_) | State::Leaving(_) | State::Done(_));
        if let (Some(attempt), false) = (self.ledger.attempt(), settled) {
            attempt.reply = Some(reply.kept);
        }
    }

    pub(super) fn note_detail(&mut self, detail: Text) {
        let written = matches!(self.state, State::Done(_));
        if let (Some(attempt), false) = (self.ledger.attempt(), written) {
            attempt.detail = detail;
        }
    }

    pub(super) fn note_end(&mut self, ended: Ended) {
        if let Some(attempt) = self.ledger.attempt() {
            attempt.ended = Some(ended);
        }
    }
}

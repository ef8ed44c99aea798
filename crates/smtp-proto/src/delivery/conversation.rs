//! What each reply, and each end, leads to: the conversation of one delivery, and its connections.

use super::{Delivery, Line, Place, Refusal, State};
use crate::{
    command::Command,
    config::{Afterwards, Protocol},
    content::ContentFault,
    envelope::Needs,
    ledger::Text,
    reply::{Class, Code, EXCERPT, ReplyFault, Severity},
    report::{Cause, Ended, Hello, Stage, Status},
    retry::{self, Ending, Next, Point, Situation},
    transaction::{Origin, ReplyFacts, Then, Transaction, status_of_unmet},
};

impl Delivery {
    pub(super) fn begin(&mut self) {
        self.open_books();
        self.state = State::Connecting(self.first_hello(), Place::Any);
    }

    fn first_hello(&self) -> Hello {
        match self.config.protocol {
            Protocol::Smtp => Hello::Ehlo,
            Protocol::Lmtp => Hello::Lhlo,
        }
    }

    pub(super) fn open_books(&mut self) {
        self.ledger.open(self.envelope.forward_paths().len());
    }

    fn needs(&self) -> Needs {
        self.config.needs(&self.envelope)
    }

    pub(super) fn on_reply(&mut self, stage: Stage, reply: &ReplyFacts) {
        match self.state {
            State::Greeting(hello) => self.on_greeting(hello, reply),
            State::Ehlo => self.on_ehlo(reply),
            State::Lhlo => match reply.code.meaning() {
                Class::Success => self.on_hello(reply, Origin::Lhlo),
                Class::Intermediate => self.on_unexpected(reply),
                Class::Refusal(severity) => self.refuse(severity, reply),
            },
            State::Helo(refusal) => self.on_helo(refusal, reply),
            // RFC 1869 section 4.6: many servers answer 503, which means nothing.
            State::RsetBeforeHelo(severity) => self.say_helo(Refusal::OfHelo(severity)),
            State::Rset(origin) => match reply.code.meaning() {
                Class::Success => self.keep_line(origin),
                Class::Intermediate | Class::Refusal(_) => self.say_quit(),
            },
            State::Quitting => self.done(Ended::Quit),
            State::Transaction(_) | State::Connecting(..) | State::Done(_) => self.on_transaction_reply(stage, reply),
        }
    }

    fn on_greeting(&mut self, hello: Hello, reply: &ReplyFacts) {
        if let Some(attempt) = self.ledger.attempt() {
            attempt.greeting = Some(reply.kept);
        }
        match (reply.code.meaning(), hello) {
            (Class::Success, Hello::Ehlo) => self.say(&Said::Ehlo, State::Ehlo),
            (Class::Success, Hello::Helo) => self.say_helo(Refusal::None),
            (Class::Success, Hello::Lhlo) => self.say(&Said::Lhlo, State::Lhlo),
            (Class::Intermediate, _) => self.on_unexpected(reply),
            // The same host had taken the connection before, and hung up on EHLO.
            (Class::Refusal(_), Hello::Helo) => self.refuse(Severity::Transient, reply),
            (Class::Refusal(severity), Hello::Ehlo | Hello::Lhlo) => self.refuse(severity, reply),
        }
    }

    /// RFC 1869 sections 4.5 and 4.6: whatever is no success leads to HELO, on the same connection.
    fn on_ehlo(&mut self, reply: &ReplyFacts) {
        let severity = match reply.code.meaning() {
            Class::Success => return self.on_hello(reply, Origin::Ehlo),
            Class::Intermediate => Severity::Transient,
            Class::Refusal(severity) => severity,
        };
        if let Some(attempt) = self.ledger.attempt() {
            attempt.ehlo_refusal = Some(reply.kept);
        }
        let needs = self.needs();
        if needs.is_empty() {
            self.say_helo(Refusal::OfEhlo(severity));
        } else {
            let status = match severity {
                Severity::Transient => Status::Deferred,
                Severity::Permanent => status_of_unmet(needs),
            };
            self.ledger.settle(status, Cause::Needs(needs), Some(reply.kept));
            self.say_quit();
        }
    }

    fn on_helo(&mut self, refusal: Refusal, reply: &ReplyFacts) {
        match (reply.code.meaning(), refusal) {
            (Class::Success, _) => self.on_hello(reply, Origin::Helo),
            (Class::Refusal(_), Refusal::OfEhlo(severity)) if reply.code == Code::BAD_SEQUENCE => {
                self.say(&Said::Rset, State::RsetBeforeHelo(severity));
            }
            // Some servers know no HELO (502): that must not turn a hang-up on EHLO, or a refusal for
            // now, into a failure.
            (
                Class::Refusal(_),
                Refusal::None | Refusal::OfEhlo(Severity::Transient) | Refusal::OfHelo(Severity::Transient),
            ) => {
                self.refuse(Severity::Transient, reply);
            }
            (Class::Refusal(severity), Refusal::OfEhlo(Severity::Permanent) | Refusal::OfHelo(Severity::Permanent)) => {
                self.refuse(severity, reply);
            }
            (Class::Intermediate, _) => self.on_unexpected(reply),
        }
    }

    fn on_hello(&mut self, reply: &ReplyFacts, origin: Origin) {
        if let Some(attempt) = self.ledger.attempt() {
            attempt.hello_reply = Some(reply.kept);
        }
        self.begin_transaction(origin);
    }

    pub(super) fn begin_transaction(&mut self, origin: Origin) {
        if self.envelope.forward_paths().is_empty() {
            return self.say_quit();
        }
        let Self { session, config, envelope, ledger, .. } = self;
        match Transaction::begin(origin, session, config, envelope, ledger) {
            Some(transaction) => self.enter(State::Transaction(transaction)),
            None => self.finish(true, origin),
        }
    }

    fn on_transaction_reply(&mut self, stage: Stage, reply: &ReplyFacts) {
        let Self { session, config, envelope, ledger, state, .. } = self;
        // Nothing is asked in the other states.
        let State::Transaction(transaction) = state else { return };
        let origin = transaction.origin();
        match transaction.on_reply(stage, reply, session, config, envelope, ledger) {
            Then::GoOn => self.note_stage(),
            Then::Settled { clean } => self.finish(clean, origin),
            Then::Nonsense => {
                self.note_reply(reply);
                let point = self.point(stage, true);
                self.end(Ended::Unexpected, Ending::Nonsense, point, None);
            }
        }
    }

    /// A reply that answers nothing, or the content before its end. It began to arrive at `since`.
    pub(super) fn on_unsolicited(&mut self, since: Stage, stage: Stage, begun: bool, reply: &ReplyFacts) {
        self.note_reply(reply);
        match (&self.state, since, reply.code.severity()) {
            // It counts for the content (RFC 5321 section 3.3).
            (State::Transaction(_), Stage::Content, Some(severity)) => {
                self.ledger.refuse_all(severity, reply.kept);
                self.done(Ended::ContentRefused);
            }
            _ => self.end_at(stage, begun, Ended::Unsolicited, Ending::Nonsense, None),
        }
    }

    /// A reply to hello or a greeting that is neither success nor refusal.
    fn on_unexpected(&mut self, reply: &ReplyFacts) {
        self.note_reply(reply);
        self.end_at(self.session.stage(), true, Ended::Unexpected, Ending::Nonsense, None);
    }

    pub(super) fn on_fault(&mut self, stage: Stage, begun: bool, fault: &ReplyFault) {
        let detail = self.ledger.keep(fault.excerpt());
        self.note_detail(detail);
        self.end_at(stage, begun, Ended::NotAReply(fault.kind()), Ending::Nonsense, None);
    }

    pub(super) fn on_content_fault(&mut self, fault: ContentFault) {
        self.ledger.settle(Status::Failed, Cause::Content(fault), None);
        self.done(Ended::Abandoned);
    }

    /// The server will have none of the client: everybody is refused.
    fn refuse(&mut self, severity: Severity, reply: &ReplyFacts) {
        self.note_reply(reply);
        self.ledger.refuse_all(severity, reply.kept);
        self.say_quit();
    }

    /// Every recipient is settled: on to the next message, or QUIT.
    fn finish(&mut self, clean: bool, origin: Origin) {
        match (self.config.afterwards, clean) {
            (Afterwards::Quit, _) => self.say_quit(),
            (Afterwards::Keep, true) => self.keep_line(origin),
            (Afterwards::Keep, false) => self.say(&Said::Rset, State::Rset(origin)),
        }
    }

    fn keep_line(&mut self, origin: Origin) {
        let said = self.ledger.attempt().and_then(|attempt| attempt.hello);
        let hello = match origin {
            Origin::Ehlo => Hello::Ehlo,
            Origin::Helo => Hello::Helo,
            Origin::Lhlo => Hello::Lhlo,
            Origin::Message => said.unwrap_or(Hello::Ehlo),
        };
        self.note_end(Ended::Kept);
        if let Some(attempt) = self.ledger.attempt() {
            attempt.stage = Stage::Idle;
        }
        self.state = State::Done(Line::Kept(hello));
    }

    fn say_helo(&mut self, refusal: Refusal) {
        self.say(&Said::Helo, State::Helo(refusal));
    }

    pub(super) fn say_quit(&mut self) {
        self.say(&Said::Quit, State::Quitting);
    }

    /// Gives one command; its reply decides what follows.
    fn say(&mut self, said: &Said, state: State) {
        let name = &self.config.hello_name;
        let (command, hello) = match said {
            Said::Ehlo => (Command::Ehlo(name), Some(Hello::Ehlo)),
            Said::Helo => (Command::Helo(name), Some(Hello::Helo)),
            Said::Lhlo => (Command::Lhlo(name), Some(Hello::Lhlo)),
            Said::Rset => (Command::Rset, None),
            Said::Quit => (Command::Quit, None),
        };
        // Where the session cannot take it, there is nothing left to say; nobody is forgotten.
        let Ok(()) = self.session.command(&command) else { return self.end_here(Ended::Abandoned, Ending::Nonsense) };
        if let (Some(hello), Some(attempt)) = (hello, self.ledger.attempt()) {
            attempt.hello = Some(hello);
        }
        self.enter(state);
    }

    pub(super) fn enter(&mut self, state: State) {
        self.state = state;
        self.note_stage();
    }

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
            (State::Quitting, Ending::HangUp | Ending::Silence | Ending::ServiceClosing) => Ended::Quit,
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
        let (status, cause) = match self.after(point, ending) {
            Next::Helo => {
                return self.reconnect(ended, Hello::Helo, Place::Same);
            }
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

    fn reconnect(&mut self, ended: Ended, hello: Hello, place: Place) {
        self.note_end(ended);
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
            State::Rset(_) | State::Quitting => Point::Transaction,
        }
    }

    pub(super) fn note_stage(&mut self) {
        let stage = self.session.stage();
        if let (Some(attempt), false) = (self.ledger.attempt(), stage == Stage::Idle) {
            attempt.stage = stage;
        }
    }

    /// The reply decides how the attempt went. Once all is settled, none does.
    pub(super) fn note_reply(&mut self, reply: &ReplyFacts) {
        let settled = matches!(self.state, State::Rset(_) | State::Quitting | State::Done(_));
        if let (Some(attempt), false) = (self.ledger.attempt(), settled) {
            attempt.reply = Some(reply.kept);
        }
    }

    fn note_detail(&mut self, detail: Text) {
        let written = matches!(self.state, State::Done(_));
        if let (Some(attempt), false) = (self.ledger.attempt(), written) {
            attempt.detail = detail;
        }
    }

    fn note_end(&mut self, ended: Ended) {
        if let Some(attempt) = self.ledger.attempt() {
            attempt.ended = Some(ended);
        }
    }
}

/// A command that needs nothing of the message.
enum Said {
    Ehlo,
    Helo,
    Lhlo,
    Rset,
    Quit,
}

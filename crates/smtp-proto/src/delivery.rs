//! One message to one next hop, over as many connections as that takes.

use core::fmt;

use crate::{
    capabilities::Capabilities,
    command::Command,
    config::{Afterwards, Config, Protocol},
    content::ContentFault,
    envelope::{Envelope, Needs},
    reply::{Class, Code, ReplyFault, Severity},
    report::{Attempt, Cancel, Cause, Disconnect, Ended, Hello, Ledger, Report, Stage, Status},
    retry::{self, Ending, Next, Point, Situation},
    session::{Event, Session, Wait},
    transaction::{Origin, ReplyFacts, Then, Transaction, status_of_unmet},
};

/// Delivers one message: says what is to be done next, is told what came of it, and ends with a
/// report.
///
/// - Outputs: [`poll`](Self::poll), [`report`](Self::report). They change nothing.
/// - Inputs from the connection: [`connected`](Self::connected),
///   [`connect_failed`](Self::connect_failed), [`sent`](Self::sent), [`received`](Self::received),
///   [`disconnected`](Self::disconnected), [`timed_out`](Self::timed_out).
/// - Inputs from the message: [`content`](Self::content), [`end_content`](Self::end_content).
/// - Commands: [`cancel`](Self::cancel); when done, [`deliver_next`](Self::deliver_next) and
///   [`quit`](Self::quit).
///
/// Any of them may be called at any time. What does not fit is refused with a [`Misuse`] and
/// changes nothing.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Delivery {
    config: Config,
    envelope: Envelope,
    session: Session,
    state: State,
    ledger: Ledger,
    /// Whether this delivery has had its HELO connection.
    helo_spent: bool,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum State {
    /// A connection is wanted, to say this hello on it.
    Connecting(Hello, Place),
    Greeting(Hello),
    Ehlo,
    Lhlo,
    Helo(Refusal),
    /// Clears the server's memory of a refused EHLO (RFC 1869 section 4.6).
    RsetBeforeHelo(Severity),
    Transaction(Transaction),
    /// All is settled; the connection is made ready for the next message.
    Rset(Origin),
    /// All is settled, and QUIT was given.
    Quitting,
    Done(Line),
}

/// What came before HELO on its connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Refusal {
    None,
    OfEhlo(Severity),
    /// And HELO got 503 once.
    OfHelo(Severity),
}

/// The connection after the end.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Line {
    Gone,
    /// It can serve another message.
    Kept(Hello),
}

/// Where to connect to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    /// Any address of the next hop.
    Any,
    /// The address and port of the connection before.
    Same,
}

/// What is to be done next.
#[derive(Debug)]
pub enum Step<'a> {
    /// Drop the connection, if there is one, and open a new one; then
    /// [`connected`](Delivery::connected) or [`connect_failed`](Delivery::connect_failed).
    Connect(Place),
    /// Write some of these octets, then [`sent`](Delivery::sent). What arrives meanwhile is welcome:
    /// a peer that cannot get rid of its replies may stop reading.
    Transmit(&'a [u8], Wait),
    /// Give [`content`](Delivery::content) of at most so many octets, or
    /// [`end_content`](Delivery::end_content).
    Content(usize),
    /// Read: [`received`](Delivery::received), [`disconnected`](Delivery::disconnected), or
    /// [`timed_out`](Delivery::timed_out).
    Wait(Wait),
    /// Every recipient has its final status. Drop the connection unless it
    /// [is kept](Delivery::is_kept).
    Done(Report<'a>),
}

/// A call that does not fit the moment. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Misuse {
    /// No connection was asked for.
    NotConnecting,
    /// There is no connection.
    NotConnected,
    /// More octets were reported as sent than were to be sent.
    NothingToSend,
    /// No content is wanted now.
    NoContentWanted,
    /// More content than was asked for.
    TooMuchContent,
    /// The delivery is not done.
    NotDone,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotConnecting => "no connection was asked for",
            Self::NotConnected => "there is no connection",
            Self::NothingToSend => "there are not so many octets to send",
            Self::NoContentWanted => "no content is wanted now",
            Self::TooMuchContent => "more content was given than asked for",
            Self::NotDone => "the delivery is not done",
        })
    }
}

impl core::error::Error for Misuse {}

impl Delivery {
    /// A message that is to be delivered.
    pub fn new(config: Config, envelope: Envelope) -> Self {
        let mut delivery = Self {
            session: Session::new(config.limits),
            state: State::Done(Line::Gone),
            ledger: Ledger::default(),
            helo_spent: false,
            config,
            envelope,
        };
        delivery.begin();
        delivery
    }

    /// Only says hello, to see what the server offers: the attempts of the report tell.
    pub fn probe(config: Config) -> Self {
        Self::new(config, Envelope::nobody())
    }

    /// What is to be done next. Says the same until something is done.
    pub fn poll(&self) -> Step<'_> {
        let output = self.session.output();
        let wait = self.session.wait(&self.config.waits);
        match &self.state {
            State::Connecting(_, place) => Step::Connect(*place),
            State::Done(_) => Step::Done(self.report()),
            // Content is gathered first, so that its end leaves with the last of it.
            State::Transaction(_) if self.content_room() > 0 => Step::Content(self.content_room()),
            State::Greeting(_)
            | State::Ehlo
            | State::Lhlo
            | State::Helo(_)
            | State::RsetBeforeHelo(_)
            | State::Transaction(_)
            | State::Rset(_)
            | State::Quitting => {
                if output.is_empty() {
                    Step::Wait(wait)
                } else {
                    Step::Transmit(output, wait)
                }
            }
        }
    }

    /// What is known so far.
    pub const fn report(&self) -> Report<'_> {
        Report::new(&self.envelope, &self.ledger)
    }

    /// The envelope of the message.
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Whether the delivery is done and its connection can serve another message.
    pub const fn is_kept(&self) -> bool {
        matches!(self.state, State::Done(Line::Kept(_)))
    }

    /// What the server offers on the connection that is open.
    pub const fn capabilities(&self) -> &Capabilities {
        self.session.capabilities()
    }

    /// A new connection is open.
    pub fn connected(&mut self) -> Result<(), Misuse> {
        let State::Connecting(hello, _) = self.state else { return Err(Misuse::NotConnecting) };
        self.session.restart();
        self.ledger.attempts.push(Attempt::new(false));
        self.enter(State::Greeting(hello));
        Ok(())
    }

    /// No connection could be opened; `why` is for the report.
    pub fn connect_failed(&mut self, why: &str) -> Result<(), Misuse> {
        let State::Connecting(..) = self.state else { return Err(Misuse::NotConnecting) };
        let detail = self.ledger.keep(why.as_bytes());
        self.ledger.attempts.push(Attempt { detail, ..Attempt::new(false) });
        self.end(Ended::ConnectFailed, Ending::HangUp, Point::BeforeHello, None);
        Ok(())
    }

    /// The first `octets` of what was to be transmitted were handed over.
    pub fn sent(&mut self, octets: usize) -> Result<(), Misuse> {
        self.check_connected()?;
        self.session.sent(octets).map_err(|_| Misuse::NothingToSend)?;
        self.note_stage();
        Ok(())
    }

    /// These octets arrived.
    pub fn received(&mut self, octets: &[u8]) -> Result<(), Misuse> {
        self.check_connected()?;
        let mut rest = octets;
        // Octets behind the end of the session are nobody's.
        while !rest.is_empty() && self.check_connected().is_ok() {
            let (stage, begun) = (self.session.stage(), self.session.begun());
            let limit = self.config.limits.kept_reply;
            let (taken, event) = self.session.received(rest);
            let heard = match event {
                None => break,
                Some(Event::Reply { stage, reply }) => {
                    Heard::Reply(stage, ReplyFacts::keep(&reply, &mut self.ledger, limit))
                }
                Some(Event::ServiceClosing(reply)) => {
                    Heard::ServiceClosing(ReplyFacts::keep(&reply, &mut self.ledger, limit))
                }
                Some(Event::Unsolicited(reply)) => {
                    Heard::Unsolicited(ReplyFacts::keep(&reply, &mut self.ledger, limit))
                }
                Some(Event::NotAReply(fault)) => Heard::NotAReply(fault),
            };
            rest = rest.get(taken..).unwrap_or_default();
            match heard {
                Heard::Reply(stage, reply) => self.on_reply(stage, &reply),
                Heard::ServiceClosing(reply) => {
                    self.note_reply(&reply);
                    self.end_at(stage, begun, Ended::ServiceClosing, Ending::ServiceClosing, Some(&reply));
                }
                Heard::Unsolicited(reply) => self.on_unsolicited(stage, begun, &reply),
                Heard::NotAReply(fault) => self.on_fault(stage, begun, &fault),
            }
        }
        Ok(())
    }

    /// The connection is lost.
    pub fn disconnected(&mut self, how: Disconnect) -> Result<(), Misuse> {
        self.check_connected()?;
        self.end_here(Ended::Lost(how), Ending::HangUp);
        Ok(())
    }

    /// Nothing came for as long as [`Step::Wait`] or [`Step::Transmit`] said. The connection is given
    /// up.
    pub fn timed_out(&mut self) -> Result<(), Misuse> {
        self.check_connected()?;
        self.end_here(Ended::TimedOut, Ending::Silence);
        Ok(())
    }

    /// The next octets of the message.
    pub fn content(&mut self, octets: &[u8]) -> Result<(), Misuse> {
        match self.content_room() {
            0 => return Err(Misuse::NoContentWanted),
            room if octets.len() > room => return Err(Misuse::TooMuchContent),
            _ => {}
        }
        let encoded = self.session.content(octets).map_err(|_| Misuse::NoContentWanted)?;
        if let Err(fault) = encoded {
            self.on_content_fault(fault);
        }
        Ok(())
    }

    /// The message has no more octets.
    pub fn end_content(&mut self) -> Result<(), Misuse> {
        if self.content_room() == 0 {
            return Err(Misuse::NoContentWanted);
        }
        let replies = match self.config.protocol {
            Protocol::Smtp => 1,
            Protocol::Lmtp => self.ledger.accepted(),
        };
        match self.session.end_content(replies).map_err(|_| Misuse::NoContentWanted)? {
            Err(fault) => self.on_content_fault(fault),
            Ok(longest_line) => {
                self.ledger.longest_line = Some(longest_line);
                if let State::Transaction(transaction) = &mut self.state {
                    transaction.content_ended();
                }
            }
        }
        Ok(())
    }

    /// Gives the delivery up: it is done at once. A message whose end was not sent is not delivered.
    pub fn cancel(&mut self, why: Cancel) {
        match self.state {
            State::Done(Line::Gone) => {}
            State::Done(Line::Kept(_)) | State::Rset(_) | State::Quitting => self.done(Line::Gone, Ended::Abandoned),
            State::Connecting(..) => {
                self.ledger.settle(|_| true, Status::Deferred, Cause::Cancelled(why), None);
                self.state = State::Done(Line::Gone);
            }
            State::Greeting(_)
            | State::Ehlo
            | State::Lhlo
            | State::Helo(_)
            | State::RsetBeforeHelo(_)
            | State::Transaction(_) => {
                let status = match self.after(self.point(self.session.stage(), self.session.begun()), Ending::Cancelled)
                {
                    Next::Unconfirmed => Status::Unconfirmed,
                    Next::Helo | Next::Ehlo | Next::Defer | Next::Forbidden(_) => Status::Deferred,
                };
                self.ledger.settle(|_| true, status, Cause::Cancelled(why), None);
                self.done(Line::Gone, Ended::Abandoned);
            }
        }
    }

    /// Starts the next message, on the connection that was kept or else on a new one. Buffers are
    /// used again.
    pub fn deliver_next(&mut self, envelope: Envelope) -> Result<(), Misuse> {
        let State::Done(line) = self.state else { return Err(Misuse::NotDone) };
        self.envelope = envelope;
        match line {
            Line::Gone => self.begin(),
            Line::Kept(hello) => {
                self.open_books();
                self.ledger.attempts.push(Attempt { hello: Some(hello), ..Attempt::new(true) });
                self.begin_transaction(Origin::Message);
            }
        }
        Ok(())
    }

    /// Ends a connection that was kept, in order: poll on until done.
    pub fn quit(&mut self) -> Result<(), Misuse> {
        match self.state {
            State::Done(Line::Gone) => Ok(()),
            State::Done(Line::Kept(_)) => {
                self.say_quit();
                Ok(())
            }
            _ => Err(Misuse::NotDone),
        }
    }

    fn begin(&mut self) {
        self.open_books();
        self.state = State::Connecting(
            match self.config.protocol {
                Protocol::Smtp => Hello::Ehlo,
                Protocol::Lmtp => Hello::Lhlo,
            },
            Place::Any,
        );
    }

    fn open_books(&mut self) {
        self.helo_spent = false;
        self.ledger.open(self.envelope.forward_paths().len());
    }

    fn needs(&self) -> Needs {
        self.config.needs(&self.envelope)
    }

    fn on_reply(&mut self, stage: Stage, reply: &ReplyFacts) {
        match self.state.clone() {
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
            State::Transaction(_) => self.on_transaction_reply(stage, reply),
            State::Rset(origin) => match reply.code.meaning() {
                Class::Success => self.keep_line(origin),
                Class::Intermediate | Class::Refusal(_) => self.say_quit(),
            },
            State::Quitting => self.done(Line::Gone, Ended::Quit),
            State::Connecting(..) | State::Done(_) => {}
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
            (Class::Refusal(severity), _) => self.refuse(severity, reply),
        }
    }

    /// RFC 1869 sections 4.5 and 4.6: whatever is no success leads to HELO, on the same connection.
    fn on_ehlo(&mut self, reply: &ReplyFacts) {
        let severity = match reply.code.meaning() {
            Class::Success => return self.on_hello(reply, Origin::Ehlo),
            Class::Intermediate => Severity::Transient,
            Class::Refusal(severity) => severity,
        };
        self.note_reply(reply);
        let needs = self.needs();
        if needs.is_empty() {
            self.say_helo(Refusal::OfEhlo(severity));
        } else {
            let status = match severity {
                Severity::Transient => Status::Deferred,
                Severity::Permanent => status_of_unmet(needs),
            };
            self.ledger.settle(|_| true, status, Cause::Needs(needs), Some(reply.kept));
            self.say_quit();
        }
    }

    fn on_helo(&mut self, refusal: Refusal, reply: &ReplyFacts) {
        match (reply.code.meaning(), refusal) {
            (Class::Success, _) => self.on_hello(reply, Origin::Helo),
            (Class::Refusal(_), Refusal::OfEhlo(severity)) if reply.code == Code::BAD_SEQUENCE => {
                self.say(&Said::Rset, State::RsetBeforeHelo(severity));
            }
            (Class::Refusal(severity), _) => self.refuse(severity, reply),
            (Class::Intermediate, _) => self.on_unexpected(reply),
        }
    }

    fn on_hello(&mut self, reply: &ReplyFacts, origin: Origin) {
        if let Some(attempt) = self.ledger.attempt() {
            attempt.hello_reply = Some(reply.kept);
        }
        self.begin_transaction(origin);
    }

    fn begin_transaction(&mut self, origin: Origin) {
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
        let State::Transaction(transaction) = state else { return };
        let origin = transaction.origin();
        match transaction.on_reply(stage, reply, session, config, envelope, ledger) {
            Then::GoOn => self.note_stage(),
            Then::Settled { clean } => self.finish(clean, origin),
            Then::Nonsense => {
                self.note_reply(reply);
                let point = self.point(stage, true);
                self.end(Ended::Unexpected, Ending::Nonsense, point, Some(reply));
            }
        }
    }

    /// A reply that answers nothing, or the content before its end.
    fn on_unsolicited(&mut self, stage: Stage, begun: bool, reply: &ReplyFacts) {
        self.note_reply(reply);
        match (&self.state, stage, reply.code.severity()) {
            // It counts for the content (RFC 5321 section 3.3).
            (State::Transaction(_), Stage::Content, Some(severity)) => {
                self.ledger.refuse_all(severity, reply.kept);
                self.done(Line::Gone, Ended::ContentRefused);
            }
            _ => self.end_at(stage, begun, Ended::Unsolicited, Ending::Nonsense, Some(reply)),
        }
    }

    /// A reply to hello or a greeting that is neither success nor refusal.
    fn on_unexpected(&mut self, reply: &ReplyFacts) {
        self.note_reply(reply);
        self.end(Ended::Unexpected, Ending::Nonsense, Point::BeforeHello, Some(reply));
    }

    fn on_fault(&mut self, stage: Stage, begun: bool, fault: &ReplyFault) {
        let detail = self.ledger.keep(fault.excerpt());
        if let Some(attempt) = self.ledger.attempt() {
            attempt.detail = detail;
        }
        self.end_at(stage, begun, Ended::NotAReply(fault.kind()), Ending::Nonsense, None);
    }

    fn on_content_fault(&mut self, fault: ContentFault) {
        self.ledger.settle(|_| true, Status::Failed, Cause::Content(fault), None);
        self.done(Line::Gone, Ended::Abandoned);
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
        self.state = State::Done(Line::Kept(hello));
    }

    fn say_helo(&mut self, refusal: Refusal) {
        self.say(&Said::Helo, State::Helo(refusal));
    }

    fn say_quit(&mut self) {
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
        if self.session.command(&command).is_err() {
            // The session cannot take it only where there is nothing left to say.
            return self.done(Line::Gone, Ended::Abandoned);
        }
        if let (Some(hello), Some(attempt)) = (hello, self.ledger.attempt()) {
            attempt.hello = Some(hello);
        }
        self.enter(state);
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.note_stage();
    }

    fn check_connected(&self) -> Result<(), Misuse> {
        match self.state {
            State::Connecting(..) | State::Done(Line::Gone) => Err(Misuse::NotConnected),
            _ => Ok(()),
        }
    }

    fn content_room(&self) -> usize {
        match &self.state {
            State::Transaction(transaction) if transaction.wants_content() => {
                self.config.limits.block.saturating_sub(self.session.output().len())
            }
            _ => 0,
        }
    }

    fn end_here(&mut self, ended: Ended, ending: Ending) {
        self.end_at(self.session.stage(), self.session.begun(), ended, ending, None);
    }

    fn end_at(&mut self, stage: Stage, begun: bool, ended: Ended, ending: Ending, reply: Option<&ReplyFacts>) {
        let ended = match (&self.state, ending) {
            // Nobody waits for an answer to QUIT (RFC 5321 section 4.1.1.10 only asks to).
            (State::Quitting, Ending::HangUp | Ending::Silence | Ending::ServiceClosing) => Ended::Quit,
            _ => ended,
        };
        let point = self.point(stage, begun);
        self.end(ended, ending, point, reply);
    }

    /// The connection has ended: asks the table what follows.
    fn end(&mut self, ended: Ended, ending: Ending, point: Point, reply: Option<&ReplyFacts>) {
        let first_refusal = self.ledger.attempt().and_then(|attempt| attempt.reply);
        let (status, cause) = match self.after(point, ending) {
            _ if matches!(self.state, State::Rset(_) | State::Quitting | State::Done(_)) => {
                return self.done(Line::Gone, ended);
            }
            Next::Helo => {
                self.helo_spent = true;
                return self.reconnect(ended, Hello::Helo, Place::Same);
            }
            Next::Ehlo => return self.reconnect(ended, Hello::Ehlo, Place::Any),
            Next::Unconfirmed => (Status::Unconfirmed, Cause::Connections),
            Next::Forbidden(needs) => (Status::Deferred, Cause::Needs(needs)),
            Next::Defer => (Status::Deferred, Cause::Connections),
        };
        // A reply that says why stands above the way the connection ended.
        let said = reply.map(|reply| reply.kept).or(first_refusal);
        let cause = if said.is_some() && cause == Cause::Connections { Cause::Reply } else { cause };
        self.ledger.settle(|_| true, status, cause, said);
        self.done(Line::Gone, ended);
    }

    fn reconnect(&mut self, ended: Ended, hello: Hello, place: Place) {
        self.note_end(ended);
        self.session.close();
        self.state = State::Connecting(hello, place);
    }

    fn done(&mut self, line: Line, ended: Ended) {
        self.note_end(ended);
        self.session.close();
        self.state = State::Done(line);
    }

    fn after(&self, point: Point, ending: Ending) -> Next {
        retry::after(Situation {
            point,
            ending,
            needs: self.needs(),
            policy: self.config.helo_retry,
            helo_spent: self.helo_spent,
        })
    }

    /// How far the connection had come, with `stage` due and `begun` or not.
    fn point(&self, stage: Stage, begun: bool) -> Point {
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

    fn note_stage(&mut self) {
        let stage = self.session.stage();
        if let (Some(attempt), false) = (self.ledger.attempt(), stage == Stage::Idle) {
            attempt.stage = stage;
        }
    }

    fn note_reply(&mut self, reply: &ReplyFacts) {
        if let Some(attempt) = self.ledger.attempt() {
            attempt.reply = Some(reply.kept);
        }
    }

    fn note_end(&mut self, ended: Ended) {
        if let Some(attempt) = self.ledger.attempt() {
            attempt.ended = Some(ended);
        }
    }
}

/// An event without the octets it came in.
enum Heard {
    Reply(Stage, ReplyFacts),
    ServiceClosing(ReplyFacts),
    Unsolicited(ReplyFacts),
    NotAReply(ReplyFault),
}

/// A command that needs nothing of the message.
enum Said {
    Ehlo,
    Helo,
    Lhlo,
    Rset,
    Quit,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("state", &self.state)
            .field("session", &self.session)
            .field("report", &self.report())
            .finish_non_exhaustive()
    }
}

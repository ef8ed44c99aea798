//! One message to one next hop, over as many connections as that takes.

mod conversation;
mod ending;
mod step;

use alloc::sync::Arc;
use core::fmt;

use crate::{
    capabilities::Capabilities,
    config::Config,
    envelope::Envelope,
    ledger::{Attempt, Ledger},
    reply::{Code, ReplyFault, Severity},
    report::{Cancel, Cause, Disconnect, Ended, Hello, Report, Stage, Status},
    retry::{self, Ending, Next, Point},
    session::{Event, Session},
    transaction::{Origin, ReplyFacts, Transaction, Verdicts},
};
pub use step::{Misuse, Place, Step};

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
    config: Arc<Config>,
    envelope: Envelope,
    session: Session,
    state: State,
    ledger: Ledger,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
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
    Quitting(Verdicts),
    /// Nothing is: QUIT was given, and the message gets a new connection. This is how the report says that
    /// the connection ended.
    Leaving(Ended),
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

impl Delivery {
    /// A message that is to be delivered. Who holds many deliveries lets them share one policy.
    pub fn new(config: impl Into<Arc<Config>>, envelope: Envelope) -> Self {
        let config = config.into();
        let mut delivery = Self {
            session: Session::new(config.limits),
            state: State::Done(Line::Gone),
            ledger: Ledger::default(),
            config,
            envelope,
        };
        delivery.begin();
        delivery
    }

    /// Only says hello, to see what the server offers: the attempts of the report tell.
    pub fn probe(config: impl Into<Arc<Config>>) -> Self {
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
            | State::Quitting(_)
            | State::Leaving(_) => {
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
        // Octets behind the end of the session are nobody's: there is no event for them.
        loop {
            let (stage, begun) = (self.session.stage(), self.session.begun());
            let limit = self.config.limits.kept_reply;
            let (taken, event) = self.session.received(rest);
            let heard = match event {
                None => return Ok(()),
                Some(Event::Reply { stage, reply }) => {
                    Heard::Reply(stage, ReplyFacts::keep(&reply, &mut self.ledger, limit))
                }
                Some(Event::ServiceClosing(reply)) => {
                    Heard::ServiceClosing(ReplyFacts::keep(&reply, &mut self.ledger, limit))
                }
                Some(Event::Unsolicited { stage: since, reply }) => {
                    Heard::Unsolicited(since, ReplyFacts::keep(&reply, &mut self.ledger, limit))
                }
                Some(Event::OutOfStep { reply, .. }) => {
                    Heard::OutOfStep(ReplyFacts::keep(&reply, &mut self.ledger, limit))
                }
                Some(Event::NotAReply(fault)) => Heard::NotAReply(fault),
            };
            rest = rest.get(taken..).unwrap_or_default();
            match heard {
                Heard::Reply(stage, reply) => self.on_reply(stage, &reply),
                Heard::ServiceClosing(reply) => {
                    self.note_reply(&reply);
                    let ending = match reply.code {
                        Code::CHANNEL_CLOSING => Ending::ChannelClosing,
                        _ => Ending::ServiceClosing,
                    };
                    self.end_at(stage, begun, Ended::ServiceClosing, ending, Some(&reply));
                }
                Heard::OutOfStep(reply) => self.on_out_of_step(stage, begun, &reply),
                Heard::Unsolicited(since, reply) => self.on_unsolicited(since, stage, begun, &reply),
                Heard::NotAReply(fault) => self.on_fault(stage, begun, &fault),
            }
        }
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
        match self.session.end_content().map_err(|_| Misuse::NoContentWanted)? {
            Err(fault) => self.on_content_fault(fault),
            Ok(longest_line) => {
                self.ledger.longest_line = longest_line;
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
            State::Done(Line::Kept(_)) => self.drop_line(),
            State::Rset(_) | State::Quitting(_) => self.done(Ended::Abandoned),
            State::Connecting(..) => {
                self.ledger.settle(Status::Deferred, Cause::Cancelled(why), None);
                self.state = State::Done(Line::Gone);
            }
            State::Greeting(_)
            | State::Ehlo
            | State::Lhlo
            | State::Helo(_)
            | State::RsetBeforeHelo(_)
            | State::Transaction(_)
            | State::Leaving(_) => {
                let status = match self.after(self.point(self.session.stage(), self.session.begun()), Ending::Cancelled)
                {
                    Next::Unconfirmed => Status::Unconfirmed,
                    Next::Helo | Next::Afresh | Next::Defer | Next::Forbidden(_) => Status::Deferred,
                };
                self.ledger.settle(status, Cause::Cancelled(why), None);
                self.done(Ended::Abandoned);
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
                if retry::can_serve(hello, self.needs()) {
                    self.begin_transaction(Origin::Message);
                } else {
                    self.leave(Ended::Quit);
                }
            }
        }
        Ok(())
    }

    /// Ends a connection that was kept, in order: poll on until done.
    pub fn quit(&mut self) -> Result<(), Misuse> {
        match self.state {
            State::Done(Line::Gone) => Ok(()),
            State::Done(Line::Kept(_)) => {
                self.say_quit(Verdicts::Final);
                Ok(())
            }
            _ => Err(Misuse::NotDone),
        }
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
                self.config.limits.block.max(1).saturating_sub(self.session.output().len())
            }
            _ => 0,
        }
    }
}

/// An event without the octets it came in.
enum Heard {
    Reply(Stage, ReplyFacts),
    ServiceClosing(ReplyFacts),
    Unsolicited(Stage, ReplyFacts),
    OutOfStep(ReplyFacts),
    NotAReply(ReplyFault),
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

//! One message to one next hop, over as many connections as that takes.

mod conversation;
mod ending;
mod step;

use alloc::sync::Arc;
use core::{fmt, net::IpAddr};

use crate::{
    capabilities::Capabilities,
    config::Config,
    envelope::Envelope,
    ledger::{Attempt, Ledger},
    outcome::{AttemptEnd, Cancel, Disconnect, Hello, Status},
    recipients::SettledBy,
    reply::{Code, ReplyError, Severity},
    report::Report,
    retry::{self, Interruption, Next, Point},
    session::{Event, Session, SessionError},
    stage::Stage,
    transaction::{Origin, ReplyFacts, Transaction, Verdicts},
};
pub use step::{Connect, MisuseError, Place, Step, Transmit};

#[doc = include_str!("driving.md")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Delivery {
    config: Arc<Config>,
    envelope: Envelope,
    session: Session,
    state: State,
    ledger: Ledger,
    /// The local address of the connection, if the driver reported it.
    local_address: Option<IpAddr>,
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
    Leaving(AttemptEnd),
    Done(LastConnection),
}

/// What came before HELO on its connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Refusal {
    None,
    OfEhlo(Severity),
    /// And HELO got 503 once.
    OfHelo(Severity),
}

/// The connection of a delivery that is done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum LastConnection {
    Closed,
    /// It was opened with this hello, and can serve another message.
    Kept(Hello),
}

impl Delivery {
    /// A delivery of the message with this envelope. Pass an `Arc<Config>` to share one policy between
    /// deliveries.
    pub fn new(config: impl Into<Arc<Config>>, envelope: Envelope) -> Self {
        let config = config.into();
        let mut delivery = Self {
            session: Session::new(*config.limits()),
            state: State::Done(LastConnection::Closed),
            ledger: Ledger::default(),
            local_address: None,
            config,
            envelope,
        };
        delivery.begin();
        delivery
    }

    /// Sends hello and QUIT only, to see what the server offers. The attempts of the report tell.
    pub fn probe(config: impl Into<Arc<Config>>) -> Self {
        Self::new(config, Envelope::nobody())
    }

    /// What to do next. The answer is the same until another method changes something.
    pub fn poll(&self) -> Step<'_> {
        match &self.state {
            State::Connecting(_, place) => Step::Connect(Connect::new(*place, self.config.timeouts().connect())),
            State::Done(_) => Step::Done(self.report()),
            // Content is gathered first, so that its end leaves with the last of it.
            State::Transaction(transaction) => match self.room_for_content(transaction) {
                0 => self.poll_session(),
                room => Step::Content(room),
            },
            State::Greeting(_)
            | State::Ehlo
            | State::Lhlo
            | State::Helo(_)
            | State::RsetBeforeHelo(_)
            | State::Rset(_)
            | State::Quitting(_)
            | State::Leaving(_) => self.poll_session(),
        }
    }

    fn poll_session(&self) -> Step<'_> {
        let mut timeout = self.session.timeout(self.config.timeouts());
        // Once every recipient has its status, there is no reason to wait longer than for the reply to QUIT.
        if self.report().is_complete() {
            timeout.duration = timeout.duration.min(self.config.timeouts().quit());
        }
        match self.session.output() {
            [] => Step::Receive(timeout),
            output => Step::Transmit(Transmit::new(output, timeout)),
        }
    }

    /// What is known so far: complete when the delivery is done.
    pub const fn report(&self) -> Report<'_> {
        Report::new(&self.envelope, &self.ledger)
    }

    /// The envelope of the message.
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Whether the delivery is done and its connection can serve another message.
    pub const fn is_kept(&self) -> bool {
        matches!(self.state, State::Done(LastConnection::Kept(_)))
    }

    /// What the server offers on the connection that is open.
    pub const fn capabilities(&self) -> &Capabilities {
        self.session.capabilities()
    }

    /// A new connection is open.
    pub fn connected(&mut self) -> Result<(), MisuseError> {
        self.connected_through(None)
    }

    /// A new connection is open, from this local address. It is used if the configuration asks for
    /// [an address literal](Config::address_literal).
    pub fn connected_from(&mut self, local_address: IpAddr) -> Result<(), MisuseError> {
        self.connected_through(Some(local_address))
    }

    fn connected_through(&mut self, local_address: Option<IpAddr>) -> Result<(), MisuseError> {
        let State::Connecting(hello, _) = self.state else { return Err(MisuseError::NotConnecting) };
        self.local_address = local_address;
        self.session.restart();
        self.ledger.attempts.push(Attempt::new(false));
        self.enter(State::Greeting(hello));
        Ok(())
    }

    /// No connection could be opened, for the reason `why`, which the report repeats.
    pub fn connect_failed(&mut self, why: &str) -> Result<(), MisuseError> {
        let State::Connecting(..) = self.state else { return Err(MisuseError::NotConnecting) };
        let detail = self.ledger.kept.keep(why.as_bytes());
        self.ledger.attempts.push(Attempt { detail, ..Attempt::new(false) });
        self.end(AttemptEnd::ConnectFailed, Interruption::HangUp, Point::BeforeHello, None);
        Ok(())
    }

    /// The transport accepted the first `octets` of what [`Step::Transmit`] showed.
    pub fn sent(&mut self, octets: usize) -> Result<(), MisuseError> {
        self.check_connected()?;
        self.session.sent(octets).map_err(|_| MisuseError::NothingToSend)?;
        self.note_stage();
        Ok(())
    }

    /// These octets arrived. What comes after the end of the session is ignored.
    pub fn received(&mut self, octets: &[u8]) -> Result<(), MisuseError> {
        self.check_connected()?;
        let mut rest = octets;
        // After the end of the session there is no more event.
        loop {
            let (stage, begun) = (self.session.stage(), self.session.begun());
            let limit = self.config.limits().kept_reply();
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
                Some(Event::InvalidReply(error)) => Heard::InvalidReply(error),
            };
            rest = rest.get(taken..).unwrap_or_default();
            match heard {
                Heard::Reply(stage, reply) => self.on_reply(stage, &reply),
                Heard::ServiceClosing(reply) => {
                    self.note_reply(&reply);
                    let interruption = match reply.code {
                        Code::CHANNEL_CLOSING => Interruption::ChannelClosing,
                        _ => Interruption::ServiceClosing,
                    };
                    self.end_at(stage, begun, AttemptEnd::ServiceClosing, interruption, Some(&reply));
                }
                Heard::OutOfStep(reply) => self.on_out_of_step(stage, begun, &reply),
                Heard::Unsolicited(since, reply) => self.on_unsolicited(since, stage, begun, &reply),
                Heard::InvalidReply(error) => self.on_invalid_reply(stage, begun, &error),
            }
        }
    }

    /// The connection is lost. Report what has arrived first.
    pub fn disconnected(&mut self, how: Disconnect) -> Result<(), MisuseError> {
        self.check_connected()?;
        self.end_here(AttemptEnd::Lost(how), Interruption::HangUp);
        Ok(())
    }

    /// The timeout of [`Step::Receive`] or [`Step::Transmit`] has expired. The connection is given up. Report
    /// what has arrived first.
    pub fn timed_out(&mut self) -> Result<(), MisuseError> {
        self.check_connected()?;
        self.end_here(AttemptEnd::TimedOut, Interruption::Silence);
        Ok(())
    }

    /// The next octets of the message.
    pub fn content(&mut self, octets: &[u8]) -> Result<(), MisuseError> {
        match self.content_room() {
            0 => return Err(MisuseError::NoContentWanted),
            room if octets.len() > room => return Err(MisuseError::TooMuchContent),
            _ => {}
        }
        match self.session.content(octets) {
            Ok(()) => Ok(()),
            Err(SessionError::Content(error)) => {
                self.on_content_error(error);
                Ok(())
            }
            Err(_) => Err(MisuseError::NoContentWanted),
        }
    }

    /// The message has no more octets.
    pub fn end_content(&mut self) -> Result<(), MisuseError> {
        if self.content_room() == 0 {
            return Err(MisuseError::NoContentWanted);
        }
        match self.session.end_content() {
            Ok(longest_line) => {
                self.ledger.longest_line = longest_line;
                if let State::Transaction(transaction) = &mut self.state {
                    transaction.content_ended();
                }
                Ok(())
            }
            Err(SessionError::Content(error)) => {
                self.on_content_error(error);
                Ok(())
            }
            Err(_) => Err(MisuseError::NoContentWanted),
        }
    }

    /// Gives up the delivery, which is then done; its connection is to be dropped, a kept one too.
    ///
    /// Recipients that have no final status yet are deferred or, once the end of the content was sent,
    /// unconfirmed. Those that have one keep it: if all have one, only the rest of the session is cut short.
    pub fn cancel(&mut self, why: Cancel) {
        match self.state {
            State::Done(LastConnection::Closed) => {}
            State::Done(LastConnection::Kept(_)) => self.drop_connection(),
            State::Rset(_) | State::Quitting(Verdicts::Final | Verdicts::Provisional | Verdicts::OfContent) => {
                self.done(AttemptEnd::Abandoned);
            }
            State::Quitting(Verdicts::Unproven) => {
                self.doubt_refusals(None);
                self.done(AttemptEnd::Abandoned);
            }
            State::Connecting(..) => {
                self.ledger.settle(Status::Deferred, SettledBy::Cancelled(why));
                self.state = State::Done(LastConnection::Closed);
            }
            State::Greeting(_)
            | State::Ehlo
            | State::Lhlo
            | State::Helo(_)
            | State::RsetBeforeHelo(_)
            | State::Transaction(_)
            | State::Leaving(_) => {
                let point = self.point(self.session.stage(), self.session.begun());
                let status = match self.after(point, Interruption::Cancelled) {
                    Next::Unconfirmed => Status::Unconfirmed,
                    Next::Helo | Next::Afresh | Next::Defer | Next::Forbidden(_) => Status::Deferred,
                };
                self.ledger.settle(status, SettledBy::Cancelled(why));
                self.done(AttemptEnd::Abandoned);
            }
        }
    }

    /// Starts the next message: on the connection that was kept, if there is one and it can serve the message,
    /// or else on a new one.
    ///
    /// The policy, the buffers and what was learned of the server's refusals are kept. The report of the
    /// message before is forgotten.
    pub fn deliver_next(&mut self, envelope: Envelope) -> Result<(), MisuseError> {
        let State::Done(last) = self.state else { return Err(MisuseError::NotDone) };
        self.envelope = envelope;
        match last {
            LastConnection::Closed => self.begin(),
            LastConnection::Kept(hello) => {
                self.open_books();
                self.ledger.attempts.push(Attempt { hello: Some(hello), ..Attempt::new(true) });
                if retry::can_serve(hello, self.needs()) {
                    self.begin_transaction(Origin::Message);
                } else {
                    self.leave(AttemptEnd::Quit);
                }
            }
        }
        Ok(())
    }

    /// Ends a kept connection in order, with QUIT: poll until done again. Without one, it does nothing.
    pub fn quit(&mut self) -> Result<(), MisuseError> {
        match self.state {
            State::Done(LastConnection::Closed) => Ok(()),
            State::Done(LastConnection::Kept(_)) => {
                self.say_quit(Verdicts::Final);
                Ok(())
            }
            _ => Err(MisuseError::NotDone),
        }
    }

    fn check_connected(&self) -> Result<(), MisuseError> {
        match self.state {
            State::Connecting(..) | State::Done(LastConnection::Closed) => Err(MisuseError::NotConnected),
            _ => Ok(()),
        }
    }

    fn content_room(&self) -> usize {
        match &self.state {
            State::Transaction(transaction) => self.room_for_content(transaction),
            _ => 0,
        }
    }

    /// A block that is being written is written to its end: a refill for each gap would move it each time.
    fn room_for_content(&self, transaction: &Transaction) -> usize {
        if transaction.wants_content() && !self.session.is_partly_sent() {
            self.config.limits().block().max(1).saturating_sub(self.session.output().len())
        } else {
            0
        }
    }
}

/// An event without the octets it came in.
enum Heard {
    Reply(Stage, ReplyFacts),
    ServiceClosing(ReplyFacts),
    Unsolicited(Stage, ReplyFacts),
    OutOfStep(ReplyFacts),
    InvalidReply(ReplyError),
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

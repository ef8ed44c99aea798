//! Delivers one message to one next hop, over as many connections as needed.

mod authenticating;
mod cancelling;
mod conversation;
mod ending;
mod exchange;
mod further;
mod host;
mod plan;
mod securing;
mod state;
mod step;
mod used;

use alloc::{boxed::Box, sync::Arc};
use core::{fmt, net::IpAddr, num::NonZeroU64};

use crate::{
    capabilities::Capabilities,
    chunking::Method,
    config::{Afterwards, Config},
    envelope::Envelope,
    ledger::{Attempt, Ledger},
    outcome::{AttemptEnd, Disconnect},
    reply::Code,
    report::Report,
    retry::{self, Interruption, Point},
    session::{Event, Session, SessionError},
    stage::Stage,
    transaction::{Origin, ReplyFacts, Transaction, Verdicts},
};
use host::Host;
use plan::{Plan, Tls};
use state::{LastConnection, State};
pub use step::{AuthRequest, Authenticate, Connect, MisuseError, Place, Secure, Step, Transmit};
use used::Used;

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
    host: Host,
    used: Used,
}

impl Delivery {
    /// Starts the delivery of a message with this envelope. Pass an `Arc<Config>` to share one policy between
    /// deliveries.
    pub fn new(config: impl Into<Arc<Config>>, envelope: Envelope) -> Self {
        let (config, host) = (config.into(), Host::default());
        let keywords = envelope.needs_keywords().then(Box::default);
        let state = State::Connecting(Plan::first(&config, &envelope, &host), Place::Any);
        let ledger = Ledger::of(envelope.forward_paths().len());
        let session = Session::closed(*config.limits(), keywords);
        // Made in place at the end: it is too large to be moved for nothing.
        Self { config, envelope, session, state, ledger, local_address: None, host, used: Used::default() }
    }

    /// A delivery without a message: sends only hello and QUIT. See [`Report::attempts`] for the server's replies.
    pub fn probe(config: impl Into<Arc<Config>>) -> Self {
        Self::new(config, Envelope::nobody())
    }

    /// The next action for the driver. It stays the same until a method with `&mut self` is called.
    pub fn poll(&self) -> Step<'_> {
        match &self.state {
            State::Connecting(_, place) => Step::Connect(Connect::new(*place, self.config.timeouts().connect())),
            State::Done(_) => Step::Done(self.report()),
            // Fill the block with content first, so that the end of the content is sent with the last octets.
            State::Transaction(transaction) => match self.room_for_content(transaction) {
                0 => self.poll_session(),
                room => Step::Content(room),
            },
            State::Rewinding(..) => Step::Rewind,
            State::SecuringFirst(_) | State::Securing(_) => self.poll_handshake(),
            State::Authenticating(authenticating) => self.poll_authentication(authenticating),
            State::Greeting(_)
            | State::Ehlo(_)
            | State::Lhlo(_)
            | State::StartTls(_)
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
            output => {
                let is_sensitive = self.session.is_output_sensitive();
                Step::Transmit(Transmit::new(output, timeout).with_sensitive(is_sensitive))
            }
        }
    }

    /// The report. It is complete when the delivery is done.
    pub const fn report(&self) -> Report<'_> {
        Report::new(&self.envelope, &self.ledger)
    }

    /// The policy.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The envelope of the message.
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Whether the delivery is done and its connection can serve another message.
    pub const fn is_kept(&self) -> bool {
        matches!(self.state, State::Done(LastConnection::Kept(_)))
    }

    /// The extensions that the server offers on the current connection. Empty before the reply to EHLO or LHLO, after
    /// HELO, and without a connection.
    pub const fn capabilities(&self) -> &Capabilities {
        self.session.capabilities()
    }

    /// Reports that a new connection is open. Answers [`Step::Connect`].
    pub fn connected(&mut self) -> Result<(), MisuseError> {
        self.connected_through(None)
    }

    /// A new connection is open, from this local address. It is used if the configuration asks for
    /// [an address literal](Config::address_literal).
    pub fn connected_from(&mut self, local_address: IpAddr) -> Result<(), MisuseError> {
        self.connected_through(Some(local_address))
    }

    fn connected_through(&mut self, local_address: Option<IpAddr>) -> Result<(), MisuseError> {
        let State::Connecting(plan, _) = self.state else { return Err(MisuseError::NotConnecting) };
        self.local_address = local_address;
        self.host.can_bind = false;
        self.used.clear();
        self.session.open();
        self.session.set_pipeline(if self.host.known.lockstep() { 0 } else { self.config.limits().pipeline() });
        self.ledger.attempts.push(Attempt::new(false));
        match plan {
            Plan { hello, tls: Tls::Implicit } => {
                self.enter(State::SecuringFirst(hello));
                self.ledger.attempt().into_iter().for_each(|attempt| attempt.stage = Stage::Handshake);
            }
            Plan { tls: Tls::No | Tls::IfOffered | Tls::Required, .. } => self.enter(State::Greeting(plan)),
        }
        Ok(())
    }

    /// Reports that no connection could be opened. `why` goes into the report. Answers [`Step::Connect`].
    pub fn connect_failed(&mut self, why: &str) -> Result<(), MisuseError> {
        let State::Connecting(..) = self.state else { return Err(MisuseError::NotConnecting) };
        let detail = self.ledger.kept.keep(why.as_bytes());
        self.ledger.attempts.push(Attempt { detail, ..Attempt::new(false) });
        self.end(AttemptEnd::ConnectFailed, Interruption::HangUp, Point::BeforeHello, None);
        Ok(())
    }

    /// Reports that the transport accepted this many octets from the start of those in [`Step::Transmit`].
    #[inline]
    pub fn sent(&mut self, octets: usize) -> Result<(), MisuseError> {
        self.check_connected()?;
        self.session.sent(octets).map_err(|_| MisuseError::NothingToSend)?;
        // Only the stage of the content depends on what was sent.
        if let State::Transaction(_) = self.state {
            let stage = self.note_stage();
            // This reply may take minutes, and for most messages only QUIT follows it.
            if stage == Stage::ContentEnd && self.config.afterwards() == Afterwards::Quit {
                self.session.free_output();
            }
        }
        Ok(())
    }

    /// Reports octets that arrived, in pieces of any size. Input after the session has ended is ignored.
    pub fn received(&mut self, octets: &[u8]) -> Result<(), MisuseError> {
        self.check_connected()?;
        if let State::SecuringFirst(_) = self.state {
            self.received_before_handshake(octets);
            return Ok(());
        }
        let mut rest = octets;
        // A session that has ended takes the rest without an event.
        while !rest.is_empty() {
            let (taken, event) = self.session.received(rest);
            rest = rest.get(taken..).unwrap_or_default();
            let (ledger, limit) = (&mut self.ledger, self.config.limits().kept_reply());
            match event {
                None => break,
                Some(Event::Reply { stage: Stage::Auth, reply }) if reply.code() == Code::AUTH_CHALLENGE => {
                    let challenge = Self::keep_challenge(ledger, &reply);
                    self.on_challenge(challenge);
                }
                Some(Event::Reply { stage, reply }) => {
                    let reply = match &self.state {
                        State::Transaction(transaction)
                            if transaction.only_needs_code(stage, reply.code(), &self.envelope) =>
                        {
                            ReplyFacts::without_text(reply.code())
                        }
                        State::Quitting(_) | State::Leaving(_) if reply.code() == Code::CHANNEL_CLOSING => {
                            ReplyFacts::without_text(reply.code())
                        }
                        _ => ReplyFacts::keep(&reply, ledger, limit),
                    };
                    self.on_reply(stage, &reply);
                }
                Some(Event::ServiceClosing(reply)) => {
                    let reply = ReplyFacts::keep(&reply, ledger, limit);
                    self.on_service_closing(&reply);
                }
                Some(Event::Unsolicited { stage, reply }) => {
                    let reply = ReplyFacts::keep(&reply, ledger, limit);
                    self.on_unsolicited(stage, &reply);
                }
                Some(Event::OutOfStep { stage, reply }) => {
                    let reply = ReplyFacts::keep(&reply, ledger, limit);
                    self.on_out_of_step(stage, &reply);
                }
                Some(Event::InvalidReply(error)) => self.on_invalid_reply(&error),
            }
        }
        Ok(())
    }

    /// Reports that the connection is lost. Report everything that has arrived before you call this.
    pub fn disconnected(&mut self, how: Disconnect) -> Result<(), MisuseError> {
        self.check_connected()?;
        self.end_unheard(AttemptEnd::Lost(how), Interruption::HangUp);
        Ok(())
    }

    /// Reports that the timeout of [`Step::Receive`] or [`Step::Transmit`] has expired. The connection is then
    /// abandoned. Report everything that has arrived before you call this.
    pub fn timed_out(&mut self) -> Result<(), MisuseError> {
        self.check_connected()?;
        self.end_unheard(AttemptEnd::TimedOut, Interruption::Silence);
        Ok(())
    }

    /// Gives the next octets of the message: at most as many as [`Step::Content`] asked for.
    ///
    /// If they cannot be sent, the delivery is done: recipients without a final status have failed, or are deferred if
    /// the content is longer than its [exact size](crate::Size::Exact).
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

    /// Reports the end of the message. Answers [`Step::Content`]. Content that is shorter than its
    /// [exact size](crate::Size::Exact) is not sent to its end, and recipients without a final status are deferred.
    pub fn end_content(&mut self) -> Result<(), MisuseError> {
        if self.content_room() == 0 {
            return Err(MisuseError::NoContentWanted);
        }
        match self.session.end_content() {
            Ok(longest_line) => {
                self.ledger.longest_line = longest_line.and_then(NonZeroU64::new);
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

    /// Starts the next message to the same next hop. It uses the kept connection, if there is one and it can carry the
    /// message; otherwise it asks for a new one.
    ///
    /// Kept from the message before: the policy, the kept connection and the extensions offered on it, allocated
    /// buffers, and which refusals are known not to be a [session limit](crate::retry::after_refusal). Replaced or
    /// forgotten: the envelope, and the whole report, with all statuses, attempts and replies. Take the report first.
    pub fn deliver_next(&mut self, envelope: Envelope) -> Result<(), MisuseError> {
        let State::Done(last) = self.state else { return Err(MisuseError::NotDone) };
        self.envelope = envelope;
        match last {
            LastConnection::Closed => self.begin(),
            LastConnection::Kept(hello) => {
                self.ledger.reopen(self.envelope.forward_paths().len(), hello);
                let are_offers_known = self.session.keywords().is_some() || !self.envelope.needs_keywords();
                if retry::can_serve(hello, self.needs_beyond_helo(), are_offers_known) {
                    self.begin_transaction(Origin::Message);
                } else {
                    self.keep_keywords();
                    self.leave(AttemptEnd::Quit);
                }
            }
        }
        Ok(())
    }

    /// Ends a kept connection with QUIT: poll until the delivery is done again. Does nothing if there is no connection.
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

    /// How much content fits into the block. None while a block is partly written: refilling it after each write would
    /// move its octets each time.
    fn room_for_content(&self, transaction: &Transaction) -> usize {
        match transaction.wants_content() {
            Some(Method::Data) if !self.session.is_partly_sent() => {
                self.config.limits().block().max(1).saturating_sub(self.session.output().len())
            }
            Some(Method::Bdat) => self.session.chunk_room(),
            Some(Method::Data) | None => 0,
        }
    }
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

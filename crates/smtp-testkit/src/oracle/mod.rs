//! The oracle: watches a run from outside and checks the [promises](Promise).
//!
//! It shares no code with the machine. It parses replies and commands itself, keeps a list of the commands
//! and replies on the open connection, and derives everything else from that list each time.

mod auth;
mod auth_turn;
mod base64;
mod channel;
mod chunk_left;
mod chunks;
mod connection;
mod division;
mod ending;
mod exchange;
mod fit;
mod further;
mod handshake;
mod history;
mod inputs;
mod lockstep;
mod message;
mod offers;
mod outputs;
mod parameters;
mod parts;
mod plan;
mod promise;
mod replies;
mod reported;
mod secrets;
mod securing;
mod table;
mod task;
mod tls_fact;
mod turn;
mod verdict;

use std::sync::Arc;

use smtp_proto::{Cancel, Config, Disconnect, Envelope, KnownHost, MisuseError, Place, TlsVersion};

#[cfg(feature = "fuzz")]
pub(crate) use self::offers::needs;
use self::{
    auth_turn::{Ask, AuthTurn},
    connection::Connection,
    exchange::Verb,
    parts::Dropped,
    plan::Plan,
    reported::Tried,
    secrets::Secrets,
    table::End,
    task::Task,
    turn::Turn,
    verdict::Verdict,
};
pub use self::{
    base64::{base64, from_base64},
    message::{Message, Misread},
    offers::{Offers, keywords, size},
    promise::{Promise, Violation},
    replies::{Heard, ReplyReader},
};

/// An input of a delivery.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// A new connection is open.
    Connected,
    /// No connection could be opened.
    ConnectFailed,
    /// This many octets were handed over.
    Sent(usize),
    /// These octets arrived.
    Received(&'a [u8]),
    /// The connection is lost.
    Lost(Disconnect),
    /// The timeout has passed.
    TimedOut,
    /// The next octets of the message.
    Content(&'a [u8]),
    /// The message has no more octets.
    EndContent,
    /// The content is at its start again.
    Rewound,
    /// The content cannot be read again.
    CannotRewind,
    /// The delivery is cancelled.
    Cancel(Cancel),
    /// Another message is started.
    DeliverNext(&'a Arc<Envelope>),
    /// A kept connection is to be ended with QUIT.
    Quit,
    /// This is known about the server.
    Know(KnownHost),
    /// The TLS handshake has completed.
    Secured {
        /// Of TLS.
        version: TlsVersion,
        /// Whether the server's certificate was verified.
        is_verified: bool,
        /// Whether an authentication can be bound to the connection.
        can_bind: bool,
    },
    /// The TLS handshake failed.
    SecureFailed,
    /// An authentication starts, with an initial response if there is one.
    AuthStart(Option<&'a [u8]>),
    /// The response to a challenge.
    AuthResponse(&'a [u8]),
    /// The authentication is complete.
    AuthComplete,
    /// The authentication is given up.
    AuthAbandon,
}

/// Watches every input and every output of one delivery.
#[derive(Clone, Debug)]
pub struct Oracle {
    task: Task,
    phase: Phase,
    connection: Connection,
    /// How the next connection is used.
    plan: Plan,
    /// What the caller knows about the server, and the same with what was learned since.
    known: KnownHost,
    learned: KnownHost,
    /// Whether a handshake has completed.
    has_secured: bool,
    secrets: Secrets,
    helo_spent: bool,
    /// Refusals that happened on a new connection, and so are not limits of a session.
    known_refusals: Vec<(Verb, u16)>,
    tried: Vec<Tried>,
    /// What earlier transactions of the message settled, for each recipient.
    decided: Vec<Option<Verdict>>,
    /// For each of those recipients, why the notifications were dropped, if they were.
    dropped_before: Vec<Option<Dropped>>,
    verdicts: Vec<Verdict>,
    last_end: Option<End>,
    overlong_line: Option<u64>,
    /// Content that was given for a connection that has ended and that the client still has.
    given: Option<Message>,
    /// Octets that were shown to the driver and not yet handed over.
    shown: Vec<u8>,
    /// The correct line for the command that was shown last. Reused to avoid allocations.
    right: String,
    /// The verdicts by replies, as of the last call. Reused to avoid allocations.
    by_replies: Vec<Option<Verdict>>,
    /// How much content the last output asked for.
    room: usize,
    clock: Clock,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// Waiting for a connection.
    Connecting(Place),
    Talking,
    /// Every recipient has a final status. `kept`: the connection can serve another message.
    Done {
        kept: bool,
    },
}

/// Checks the progress counter: a timeout runs from its last change.
#[derive(Clone, Copy, Debug, Default)]
struct Clock {
    last: Option<u32>,
    /// How often it may still change: once for each reply, for each block sent, and each time that
    /// everything was handed over.
    changes_left: u32,
    must_change: bool,
}

impl Oracle {
    /// An oracle for a new delivery, which has had no input.
    pub fn new(config: impl Into<Arc<Config>>, envelope: impl Into<Arc<Envelope>>) -> Self {
        let task = Task::new(config.into(), envelope.into(), false);
        Self {
            decided: vec![None; task.envelope.forward_paths().len()],
            dropped_before: vec![None; task.envelope.forward_paths().len()],
            phase: Phase::Connecting(Place::Any),
            connection: Connection::new(&task),
            plan: Plan::first(&task, KnownHost::UNKNOWN),
            task,
            known: KnownHost::UNKNOWN,
            learned: KnownHost::UNKNOWN,
            has_secured: false,
            secrets: Secrets::default(),
            helo_spent: false,
            known_refusals: Vec::new(),
            tried: Vec::new(),
            verdicts: Vec::new(),
            last_end: None,
            overlong_line: None,
            given: None,
            shown: Vec::with_capacity(128),
            right: String::with_capacity(64),
            by_replies: Vec::new(),
            room: 0,
            clock: Clock::default(),
        }
    }

    /// The error that the delivery must return for this call now; `None` if it must accept it. The oracle
    /// must have seen the last output.
    pub fn misuse(&self, input: &Input<'_>) -> Option<MisuseError> {
        let connected = matches!(self.phase, Phase::Talking | Phase::Done { kept: true });
        let connecting = matches!(self.phase, Phase::Connecting(_));
        match input {
            Input::Connected | Input::ConnectFailed => (!connecting).then_some(MisuseError::NotConnecting),
            Input::Sent(_) | Input::Received(_) | Input::Lost(_) | Input::TimedOut if !connected => {
                Some(MisuseError::NotConnected)
            }
            Input::Sent(octets) => (*octets > self.shown.len()).then_some(MisuseError::NothingToSend),
            Input::Content(_) | Input::EndContent if self.room == 0 => Some(MisuseError::NoContentWanted),
            Input::Content(octets) => (octets.len() > self.room).then_some(MisuseError::TooMuchContent),
            Input::Rewound | Input::CannotRewind => (!self.is_rewinding()).then_some(MisuseError::NotRewinding),
            Input::DeliverNext(_) | Input::Quit => {
                (!matches!(self.phase, Phase::Done { .. })).then_some(MisuseError::NotDone)
            }
            Input::Received(_) | Input::Lost(_) | Input::TimedOut | Input::Cancel(_) | Input::EndContent => None,
            Input::Know(_) => (!connecting).then_some(MisuseError::AlreadyConnected),
            Input::Secured { .. } | Input::SecureFailed => (!self.is_securing()).then_some(MisuseError::NotSecuring),
            Input::AuthStart(_) | Input::AuthResponse(_) | Input::AuthComplete | Input::AuthAbandon => {
                self.misused_auth(input)
            }
        }
    }

    /// Octets that were shown to the driver and not yet handed over.
    pub fn shown(&self) -> &[u8] {
        &self.shown
    }

    /// Whether a handshake is under way.
    fn is_securing(&self) -> bool {
        self.phase == Phase::Talking && self.connection.turn(&self.task) == Turn::Secure
    }

    /// Whether the content is needed again.
    fn is_rewinding(&self) -> bool {
        self.phase == Phase::Talking && self.connection.turn(&self.task) == Turn::Rewind
    }

    /// What the driver is asked for, and for which mechanism.
    fn asked(&self) -> Option<(smtp_proto::Mechanism, Ask)> {
        if self.phase != Phase::Talking || self.connection.turn(&self.task) != Turn::Authenticate {
            return None;
        }
        match self.connection.auth_turn(&self.task) {
            AuthTurn::Ask(mechanism, ask) => Some((mechanism, ask)),
            _ => None,
        }
    }

    fn misused_auth(&self, input: &Input<'_>) -> Option<MisuseError> {
        match (input, self.asked()) {
            (Input::AuthStart(Some(initial)), Some((_, Ask::Start(room)))) => {
                room.is_none_or(|room| initial.len() > room).then_some(MisuseError::InitialResponseTooLong)
            }
            (Input::AuthStart(None), Some((_, Ask::Start(_))))
            | (Input::AuthResponse(_), Some((_, Ask::Challenge(_))))
            | (Input::AuthComplete, Some((_, Ask::Success)))
            | (Input::AuthAbandon, Some(_)) => None,
            _ => Some(MisuseError::NotAuthenticating),
        }
    }
}

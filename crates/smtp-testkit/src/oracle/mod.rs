//! The oracle: watches a run from outside and checks the [promises](Promise).
//!
//! It shares no code with the machine. It parses replies and commands itself, keeps a list of the commands
//! and replies on the open connection, and derives everything else from that list each time.

mod connection;
mod exchange;
mod inputs;
mod message;
mod offers;
mod outputs;
mod promise;
mod replies;
mod table;
mod task;
mod verdict;

use std::sync::Arc;

use smtp_proto::{Cancel, Config, Disconnect, Envelope, MisuseError, Place, Protocol};

#[cfg(feature = "fuzz")]
pub(crate) use self::offers::needs;
use self::{
    connection::Connection,
    exchange::Verb,
    table::End,
    task::Task,
    verdict::{Tried, Verdict},
};
pub use self::{
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
    /// The delivery is cancelled.
    Cancel(Cancel),
    /// Another message is started.
    DeliverNext(&'a Arc<Envelope>),
    /// A kept connection is to be ended with QUIT.
    Quit,
}

/// Watches every input and every output of one delivery.
#[derive(Clone, Debug)]
pub struct Oracle {
    task: Task,
    phase: Phase,
    connection: Connection,
    helo_spent: bool,
    /// Refusals that happened on a new connection, and so are not limits of a session.
    known_refusals: Vec<(Verb, u16)>,
    tried: Vec<Tried>,
    verdicts: Vec<Verdict>,
    last_end: Option<End>,
    overlong_line: Option<u64>,
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
        let task = Task::new(config.into(), envelope.into());
        let mut oracle = Self {
            phase: Phase::Connecting(Place::Any),
            connection: Connection::new(&task.config),
            task,
            helo_spent: false,
            known_refusals: Vec::new(),
            tried: Vec::new(),
            verdicts: Vec::new(),
            last_end: None,
            overlong_line: None,
            shown: Vec::with_capacity(128),
            right: String::with_capacity(64),
            by_replies: Vec::new(),
            room: 0,
            clock: Clock::default(),
        };
        oracle.connection.hello = oracle.first_hello();
        oracle
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
            Input::DeliverNext(_) | Input::Quit => {
                (!matches!(self.phase, Phase::Done { .. })).then_some(MisuseError::NotDone)
            }
            Input::Received(_) | Input::Lost(_) | Input::TimedOut | Input::Cancel(_) | Input::EndContent => None,
        }
    }

    /// Octets that were shown to the driver and not yet handed over.
    pub fn shown(&self) -> &[u8] {
        &self.shown
    }

    fn first_hello(&self) -> Verb {
        match self.task.config.protocol() {
            Protocol::Smtp => Verb::Ehlo,
            Protocol::Lmtp => Verb::Lhlo,
        }
    }
}

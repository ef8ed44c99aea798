//! The oracle: watches a run from outside and checks the promises of the design.
//!
//! It shares no code with the machine. It reads the replies and the commands for itself, keeps a
//! list of what was said and answered on the connection that is open, and derives everything else
//! from that list each time anew.

mod connection;
mod inputs;
mod message;
mod offers;
mod outputs;
mod promise;
mod replies;
mod table;
mod verdict;

use std::sync::Arc;

use smtp_proto::{Cancel, Config, Disconnect, Envelope, MisuseError, Place, Protocol};

#[cfg(feature = "fuzz")]
pub(crate) use self::offers::needs;
use self::{
    connection::{Connection, Task, Verb},
    table::End,
    verdict::{Tried, Verdict},
};
pub use self::{
    message::{Message, Misread},
    offers::{Offers, keywords, size},
    promise::{Promise, Violation},
    replies::{Heard, ReplyReader},
};

/// What a driver tells a delivery.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// A new connection is open.
    Connected,
    /// No connection could be opened.
    ConnectFailed,
    /// So many octets were handed over.
    Sent(usize),
    /// These octets arrived.
    Received(&'a [u8]),
    /// The connection is lost.
    Lost(Disconnect),
    /// Nothing came in time.
    TimedOut,
    /// The next octets of the message.
    Content(&'a [u8]),
    /// The message has no more octets.
    EndContent,
    /// The delivery is given up.
    Cancel(Cancel),
    /// Another message is to be delivered.
    DeliverNext(&'a Arc<Envelope>),
    /// A connection that was kept is to be ended in order.
    Quit,
}

/// Watches one delivery: every input that it took, every output that it gave.
#[derive(Clone, Debug)]
pub struct Oracle {
    task: Task,
    phase: Phase,
    connection: Connection,
    helo_spent: bool,
    /// Refusals of MAIL and DATA that a new connection gave: they are no limit of the session.
    known_refusals: Vec<(Verb, u16)>,
    tried: Vec<Tried>,
    verdicts: Vec<Verdict>,
    last_end: Option<End>,
    overlong_line: Option<u64>,
    /// Octets that were shown to the driver, and not handed over.
    shown: Vec<u8>,
    /// The line that was right when the last command was shown.
    right: String,
    /// What the replies settled, when that was asked for last.
    by_replies: Vec<Option<Verdict>>,
    /// The room for content that the last output had.
    room: usize,
    clock: Clock,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// A connection is wanted.
    Connecting(Place),
    Talking,
    /// Everybody has a final status. `kept`: the connection serves another message.
    Done {
        kept: bool,
    },
}

/// The counter from whose last change a wait is counted.
#[derive(Clone, Copy, Debug, Default)]
struct Clock {
    last: Option<u32>,
    /// How often it may still change: once for each reply, each block and each time that all was
    /// handed over.
    changes_left: u32,
    must_change: bool,
}

impl Oracle {
    /// Of a delivery that was not asked for anything yet.
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

    /// How the delivery has to refuse this call now; `None` if it has to take it. The last output
    /// must have been seen.
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

    /// Octets that were shown to the driver, and not handed over.
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

//! What is delivered in a transcript, and what happens.

use std::time::Duration;

use smtp_proto::{Cancel, Disconnect, Envelope, Place};

/// What is delivered.
#[derive(Clone, Debug)]
pub struct Message {
    /// From whom, to whom.
    pub envelope: Envelope,
    /// The octets, as the caller gives them.
    pub content: Vec<u8>,
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub struct Item {
    /// The line of the file that says so, from 1.
    pub line: usize,
    /// What happens.
    pub action: Action,
}

/// What happens.
#[derive(Clone, Debug)]
pub enum Action {
    /// The server sends these octets: all of its lines up to the next line of another kind.
    Server(Flight),
    /// The client is to send these octets.
    Client(Flight),
    /// The client is to ask for a connection, and gets it.
    Connect(Place),
    /// The client is to ask for a connection, and does not get it, for this reason.
    ConnectFails(Place, String),
    /// The connection is lost.
    Lost(Disconnect),
    /// Time is up. The client is to have waited so long, if that is given.
    Silence(Option<Duration>),
    /// The caller gives up.
    Cancel(Cancel),
    /// The message is to be done; whether the connection is to be kept.
    Done {
        /// It is.
        kept: bool,
    },
    /// The next message is given.
    NextMessage,
    /// The connection that was kept is to be ended in order.
    Quit,
}

/// Octets that one side sends, and the lines of the file they stand on.
#[derive(Clone, Debug, Default)]
pub struct Flight {
    /// The octets, line ends included.
    pub octets: Vec<u8>,
    /// Whether the last line was written without its line end: of a client's flight, more may be
    /// waiting.
    pub unended: bool,
    /// Where each line of the file starts: its offset in `octets`, and its number.
    lines: Vec<(usize, usize)>,
}

impl Flight {
    /// These octets, all of which stand on one line.
    pub(crate) fn new(line: usize, octets: &[u8]) -> Self {
        Self { octets: octets.to_vec(), unended: false, lines: vec![(0, line)] }
    }

    /// The line of the file where the octet at this offset stands.
    pub fn line_at(&self, offset: usize) -> usize {
        let behind = self.lines.iter().take_while(|(start, _)| *start <= offset);
        behind.last().map_or(0, |(_, line)| *line)
    }

    pub(super) fn push(&mut self, number: usize, octets: &[u8], unended: bool) {
        self.lines.push((self.octets.len(), number));
        self.octets.extend_from_slice(octets);
        self.unended = unended;
    }
}

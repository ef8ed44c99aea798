//! The messages and the events of a transcript.

use std::time::Duration;

use smtp_proto::{Cancel, Disconnect, Envelope, KnownHost, Place, TlsVersion};

/// A message to deliver.
#[derive(Clone, Debug)]
pub struct Message {
    /// The sender and the recipients.
    pub envelope: Envelope,
    /// The content, as the caller gives it.
    pub content: Vec<u8>,
}

/// One event.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its line in the file, from 1.
    pub line: usize,
    /// The event.
    pub action: Action,
}

/// An event.
#[derive(Clone, Debug)]
pub enum Action {
    /// The server sends these octets: consecutive `S:` lines form one flight.
    Server(Flight),
    /// The client must send these octets.
    Client(Flight),
    /// Octets were sent that a recording leaves out.
    LeftOut(LeftOut),
    /// The client must ask for a connection, and gets it.
    Connect(Place),
    /// The client must ask for a connection, which fails for this reason.
    ConnectFails(Place, String),
    /// The connection is lost.
    Lost(Disconnect),
    /// The client's timeout passes. If a duration is given, the timeout must be that long.
    Silence(Option<Duration>),
    /// The caller cancels the delivery.
    Cancel(Cancel),
    /// The message must be done.
    Done {
        /// Whether the connection must be kept.
        kept: bool,
    },
    /// The next message is started.
    NextMessage,
    /// The caller ends the kept connection with QUIT.
    Quit,
    /// The caller says what it knows about the server.
    Know(KnownHost),
    /// The client must ask for a TLS handshake, which ends like this.
    Tls(Handshake),
    /// The caller gives up the authentication for this reason, instead of answering.
    AbandonAuth(String),
}

/// Octets that a recording leaves out, and how many there were. What is sent instead may have another length.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LeftOut {
    /// Content of the client, without stuffed dots and the final dot.
    Content(u64),
    /// A line of the client, with its end, that authenticates.
    Client(u64),
    /// The rest of a line of the server, with its end.
    Server(u64),
}

/// How a TLS handshake ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Handshake {
    /// The connection is secured.
    Secured {
        /// The version of TLS.
        version: TlsVersion,
        /// Why the server's certificate cannot be verified; `None` if it can.
        unverified: Option<String>,
        /// Whether an authentication can be bound to the connection.
        can_bind: bool,
    },
    /// It fails for this reason.
    Fails(String),
}

/// Octets that one side sends, and their lines in the file.
#[derive(Clone, Debug, Default)]
pub struct Flight {
    /// The octets, including line ends.
    pub octets: Vec<u8>,
    /// Whether the last line was written without its line end. For a flight of the client, this also means
    /// that the client may have more to send.
    pub unended: bool,
    /// The offset in `octets` and the line number of each line of the file.
    lines: Vec<(usize, usize)>,
}

impl Flight {
    /// These octets, all on one line of the file.
    pub(crate) fn new(line: usize, octets: &[u8]) -> Self {
        Self { octets: octets.to_vec(), unended: false, lines: vec![(0, line)] }
    }

    /// These octets, not from a file.
    pub fn of(octets: &[u8], unended: bool) -> Self {
        Self { unended, ..Self::new(0, octets) }
    }

    /// The line of the file that has the octet at this offset.
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

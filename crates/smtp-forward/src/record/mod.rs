//! A recording of what is sent and received, as a transcript.

mod events;

use std::{fmt::Write, io, net::SocketAddr, path::PathBuf};

use smtp_client::{Endpoint, Observer, Sent, tls::TlsFacts};
use smtp_proto::{AttemptEnd, Cause, Config, Disconnect, Envelope, Escaped, Place, Report, Size};
use smtp_testkit::transcript::{Action, Content, Handshake, LeftOut, MessageSettings, PolicySettings};

use self::events::Events;
use crate::{
    client_octets::{ClientOctets, Piece},
    diagnostics,
    file::whole::{Readers, write_whole},
};

/// The most octets of content that a recording holds. The rest is left out.
const MOST_CONTENT: usize = 16 * 1024 * 1024;

/// Records one connection after another, and the messages sent over them.
pub(crate) struct Recorder {
    path: PathBuf,
    /// What is recorded.
    title: String,
    config: Config,
    /// The messages before the current one.
    text: String,
    message: Message,
    client: ClientOctets,
    /// The start of a line of the client, and of one of the server.
    from_client: Vec<u8>,
    from_server: Vec<u8>,
    /// How many more octets of content may be kept.
    room: usize,
}

/// The current message.
struct Message {
    envelope: Envelope,
    is_first: bool,
    events: Events,
    content: Kept,
    /// Whether its first attempt was made on a connection that was kept.
    on_kept: bool,
    /// How many connections were opened for it.
    connections: usize,
    /// Addresses that could not be connected to, since the last connection.
    failures: Vec<String>,
    ended: Ended,
}

/// How much of the content is kept.
enum Kept {
    /// As far as it was sent.
    Part(Vec<u8>),
    Whole(Vec<u8>),
    /// Not all of it.
    LeftOut,
}

/// How the message and its last connection ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    NotYet,
    Done,
    Kept,
    Quit,
}

impl Kept {
    /// Another connection is open, on which the client sends it again, unless that was its end.
    fn start_over(&mut self) {
        match self {
            Self::Part(content) => content.clear(),
            Self::Whole(_) | Self::LeftOut => {}
        }
    }

    /// What follows the end belongs to another transaction.
    fn add(&mut self, octets: &[u8]) {
        match self {
            Self::Part(content) => content.extend_from_slice(octets),
            Self::Whole(_) | Self::LeftOut => {}
        }
    }

    fn end(&mut self) {
        match self {
            Self::Part(content) => *self = Self::Whole(std::mem::take(content)),
            Self::Whole(_) | Self::LeftOut => {}
        }
    }
}

impl Message {
    fn new(envelope: Envelope, is_first: bool, on_kept: bool) -> Self {
        Self {
            envelope,
            is_first,
            events: Events::default(),
            content: Kept::Part(Vec::new()),
            on_kept,
            connections: 0,
            failures: Vec::new(),
            ended: Ended::NotYet,
        }
    }

    /// Where the next connection goes, as far as it can be seen: a message stays with its server.
    fn place(&self) -> Place {
        if self.connections > 0 { Place::Same } else { Place::Any }
    }

    fn close(&mut self) {
        match self.ended {
            Ended::NotYet | Ended::Quit => self.events.push(Action::Done { kept: false }),
            Ended::Done | Ended::Kept => {}
        }
    }

    fn write(&self, text: &mut String) {
        let content = match (&self.content, self.envelope.size()) {
            (Kept::Whole(octets), _) => Content::Octets(octets),
            (Kept::Part(_) | Kept::LeftOut, Some(Size::Exact(octets) | Size::Estimate(octets))) => {
                Content::Size(octets)
            }
            (Kept::Part(_) | Kept::LeftOut, _) => Content::Unknown,
        };
        let settings = MessageSettings { envelope: &self.envelope, content, is_first: self.is_first };
        // A string takes everything.
        let _ = write!(text, "{settings}\n{}", self.events);
    }
}

impl Recorder {
    /// Records to the file with this path, from the first message on.
    pub(crate) fn new(path: PathBuf, keeps_content: bool, server: &str, config: &Config, first: Envelope) -> Self {
        let (server, version) = (Escaped(server.as_bytes()), env!("CARGO_PKG_VERSION"));
        Self {
            path,
            title: format!("# A delivery to {server}, recorded by smtp-forward {version}.\n"),
            config: config.clone(),
            text: String::new(),
            message: Message::new(first, true, false),
            client: ClientOctets::default(),
            from_client: Vec::new(),
            from_server: Vec::new(),
            room: if keeps_content { MOST_CONTENT } else { 0 },
        }
    }

    /// The current message is done. `is_kept`: its connection can serve another one.
    pub(crate) fn settled(&mut self, report: Report<'_>, is_kept: bool) {
        self.flush();
        let message = &mut self.message;
        if !message.failures.is_empty() {
            let why = std::mem::take(&mut message.failures).join("; ");
            message.events.push(Action::ConnectFails(message.place(), why));
        }
        let silent = report.attempts().enumerate().filter(|(_, attempt)| attempt.end() == Some(AttemptEnd::TimedOut));
        message.events.insert_silences(silent.map(|(attempt, _)| attempt));
        let cancelled = report.recipients().find_map(|recipient| match recipient.cause {
            Cause::Cancelled(why) => Some(why),
            _ => None,
        });
        if let Some(why) = cancelled {
            message.events.push(Action::Cancel(why));
        }
        message.events.push(Action::Done { kept: is_kept });
        message.ended = if is_kept { Ended::Kept } else { Ended::Done };
    }

    /// The kept connection is ended with QUIT.
    pub(crate) fn quit(&mut self) {
        if self.message.ended == Ended::Kept {
            self.message.events.push(Action::Quit);
            self.message.ended = Ended::Quit;
        }
    }

    pub(crate) fn next_message(&mut self, envelope: Envelope) {
        self.flush();
        self.message.close();
        self.message.events.push(Action::NextMessage);
        self.message.write(&mut self.text);
        let on_kept = self.message.ended == Ended::Kept;
        self.message = Message::new(envelope, false, on_kept);
    }

    /// Writes the recording. It must not matter to the messages whether that fails.
    pub(crate) fn finish(mut self) {
        self.flush();
        self.message.close();
        self.message.write(&mut self.text);
        let text = format!("{}{}{}", self.title, PolicySettings(&self.config), self.text);
        if let Err(error) = write_whole(&self.path, text.as_bytes(), Readers::Owner) {
            let path = Escaped(self.path.as_os_str().as_encoded_bytes());
            diagnostics::note(format_args!("the recording cannot be written to {path}: {error}"));
        }
    }

    fn flush(&mut self) {
        self.take_from_client(true);
        self.take_from_server();
    }

    /// Records what the client sent, except for the start of a line that goes on, unless this is `all`.
    fn take_from_client(&mut self, all: bool) {
        let Self { message, client, from_client, room, .. } = self;
        let mut taken = 0;
        while let Some((piece, len)) = client.next(&from_client[taken..], all) {
            let raw = &from_client[taken..taken + len];
            taken += len;
            let (content, ends) = match piece {
                Piece::Line(_) => {
                    message.events.client(raw);
                    continue;
                }
                Piece::Dot => {
                    message.events.client(raw);
                    message.content.end();
                    continue;
                }
                Piece::Content(octets) => (octets, false),
                Piece::Chunk { octets, end } => (octets, end.is_some_and(|end| end.is_last)),
            };
            if *room < content.len() {
                *room = 0;
                message.content = Kept::LeftOut;
                message.events.left_out(LeftOut::Content(content.len() as u64));
            } else {
                *room -= content.len();
                message.events.client(raw);
                message.content.add(content);
            }
            if ends {
                message.content.end();
            }
        }
        from_client.drain(..taken);
    }

    /// Records a line of the server whose end is missing.
    fn take_from_server(&mut self) {
        let rest = std::mem::take(&mut self.from_server);
        self.add_from_server(&rest);
    }

    /// Records a line of the server. A challenge is left out, but not its code.
    fn add_from_server(&mut self, line: &[u8]) {
        self.client.heard(line);
        match line.split_at_checked(4) {
            Some((code @ (b"334 " | b"334-"), text)) if !text.is_empty() => {
                self.message.events.server(code);
                self.message.events.left_out(LeftOut::Server(text.len() as u64));
            }
            _ => self.message.events.server(line),
        }
    }
}

impl Observer for Recorder {
    fn connected(&mut self, server: &Endpoint, local: Option<SocketAddr>) {
        // A transcript has one name for all connections.
        if let Some(local) = local.filter(|_| self.config.address_literal()) {
            self.config = self.config.clone().with_hello_name(local.ip().into()).with_address_literal(false);
        }
        let message = &mut self.message;
        for failure in std::mem::take(&mut message.failures) {
            message.events.remark(&format!("no connection to {failure}"));
        }
        message.events.remark(&format!("connected to {server}"));
        message.events.push(Action::Connect(message.place()));
        message.connections += 1;
        message.content.start_over();
        self.client.connected();
    }

    fn connect_failed(&mut self, server: Option<&Endpoint>, error: &io::Error) {
        let failure = server.map_or_else(|| error.to_string(), |server| format!("{server}: {error}"));
        self.message.failures.push(failure);
    }

    fn sent(&mut self, octets: &[u8], _: Sent) {
        self.from_client.extend_from_slice(octets);
        self.take_from_client(false);
    }

    fn sent_secret(&mut self, octets: usize) {
        self.take_from_client(true);
        self.message.events.left_out(LeftOut::Client(octets as u64));
    }

    fn received(&mut self, octets: &[u8]) {
        self.take_from_client(true);
        for piece in octets.split_inclusive(|octet| *octet == b'\n') {
            self.from_server.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.take_from_server();
            }
        }
    }

    fn received_secret(&mut self, octets: usize) {
        self.flush();
        self.message.events.left_out(LeftOut::Server(octets as u64));
    }

    fn secured(&mut self, facts: &TlsFacts) {
        self.flush();
        let unverified = facts.verification.as_ref().err().map(ToString::to_string);
        let handshake = Handshake::Secured { version: facts.version, unverified, can_bind: true };
        self.message.events.push(Action::Tls(handshake));
    }

    fn secure_failed(&mut self, why: &str) {
        self.flush();
        self.message.events.push(Action::Tls(Handshake::Fails(why.to_owned())));
    }

    fn lost(&mut self, how: Disconnect) {
        self.flush();
        self.message.events.push(Action::Lost(how));
    }

    fn closed(&mut self) {
        self.flush();
        let Message { events, on_kept, connections, .. } = &mut self.message;
        let attempts = *connections + usize::from(*on_kept);
        events.closed(attempts.saturating_sub(1));
    }
}

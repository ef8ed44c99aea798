//! A conversation as a sequence diagram: what to draw, without how.

use std::time::Duration;

use smtp_proto::{Escaped, Place};
use smtp_testkit::transcript::{Action, Flight, Handshake, Item, LeftOut, Transcript};

use crate::{
    client_octets::{ClientOctets, Piece},
    report::how_lost,
};

/// The rows of a diagram, from top to bottom. All texts are escaped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Diagram {
    pub(super) title: String,
    pub(super) rows: Vec<Row>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Row {
    /// A connection begins.
    Connection(String),
    /// Lines of one side, of which the last has an arrow.
    Arrow { from: Side, lines: Vec<String>, kind: Kind },
    /// Something that is not sent.
    Note(Mood, String),
    /// The connection has ended.
    End(Mood, String),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    Client,
    Server,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// What is sent, word for word.
    Said,
    /// A description of what is sent.
    Described,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mood {
    Plain,
    Good,
    Bad,
}

impl Diagram {
    pub(super) fn new(title: String, transcript: &Transcript) -> Self {
        let mut drawing = Drawing::default();
        for Item { action, .. } in &transcript.script {
            drawing.add(action);
        }
        drawing.content_ends();
        Self { title, rows: drawing.rows }
    }
}

#[derive(Default)]
struct Drawing {
    rows: Vec<Row>,
    connections: usize,
    is_open: bool,
    client: ClientOctets,
    /// The content sent since the last row, in octets.
    content: Option<u64>,
    /// The last row is a reply, or a line, that goes on.
    goes_on: bool,
}

impl Drawing {
    fn add(&mut self, action: &Action) {
        match action {
            Action::Client(flight) => self.client(flight),
            Action::Server(flight) => self.server(flight),
            Action::LeftOut(LeftOut::Content(octets)) => {
                self.client.left_out(*octets);
                *self.content.get_or_insert(0) += octets;
            }
            Action::LeftOut(LeftOut::Client(octets)) => {
                self.content_ends();
                self.arrow(Side::Client, format!("{octets} octets to authenticate, hidden"), Kind::Described);
            }
            Action::LeftOut(LeftOut::Server(octets)) => self.hidden_from_server(*octets),
            Action::Connect(place) => self.connect(*place),
            Action::ConnectFails(place, why) => {
                self.connect(*place);
                self.end(Mood::Bad, &format!("no connection: {}", Escaped(why.as_bytes())));
            }
            Action::Lost(how) => self.end(Mood::Bad, how_lost(*how)),
            Action::Silence(limit) => {
                self.note(Mood::Bad, &silence(*limit));
                self.end(Mood::Plain, "the client closes the connection");
            }
            Action::Cancel(why) => self.note(Mood::Bad, &format!("cancelled: {}", Escaped(why.to_string().as_bytes()))),
            Action::Done { kept: true } => self.note(Mood::Plain, "the message is done, the connection is kept"),
            Action::Done { kept: false } => {
                self.content_ends();
                if self.is_open {
                    self.end(Mood::Plain, "the connection is closed");
                }
            }
            Action::NextMessage => self.note(Mood::Plain, "next message"),
            Action::Quit => {}
            Action::Know(_) => self.note(Mood::Plain, "the client knows the server from before"),
            Action::Tls(Handshake::Secured { version, unverified: None, .. }) => {
                self.note(Mood::Good, &format!("TLS handshake: {version}, verified"));
            }
            Action::Tls(Handshake::Secured { version, unverified: Some(why), .. }) => {
                self.note(Mood::Good, &format!("TLS handshake: {version}, not verified: {}", Escaped(why.as_bytes())));
            }
            Action::Tls(Handshake::Fails(why)) => {
                self.end(Mood::Bad, &format!("the TLS handshake fails: {}", Escaped(why.as_bytes())));
            }
            Action::AbandonAuth(why) => {
                self.note(Mood::Bad, &format!("authentication given up: {}", Escaped(why.as_bytes())));
            }
        }
    }

    fn client(&mut self, flight: &Flight) {
        let mut rest = &flight.octets[..];
        while let Some((piece, len)) = self.client.next(rest, true) {
            rest = &rest[len..];
            match piece {
                Piece::Line(line) => {
                    self.content_ends();
                    self.arrow(Side::Client, shown(line), Kind::Said);
                }
                Piece::Content(octets) | Piece::Chunk { octets, .. } => {
                    *self.content.get_or_insert(0) += octets.len() as u64;
                }
                Piece::Dot => match self.content.take() {
                    None => self.arrow(Side::Client, ".".to_owned(), Kind::Said),
                    Some(octets) => {
                        let text = format!("content, {octets} octets, and the final dot");
                        self.arrow(Side::Client, text, Kind::Described);
                    }
                },
            }
        }
    }

    fn server(&mut self, flight: &Flight) {
        self.content_ends();
        for line in flight.octets.split_inclusive(|octet| *octet == b'\n') {
            self.client.heard(line);
            let goes_on = line.get(3) == Some(&b'-');
            match self.rows.last_mut() {
                Some(Row::Arrow { from: Side::Server, lines, .. }) if self.goes_on => lines.push(shown(line)),
                _ => self.arrow(Side::Server, shown(line), Kind::Said),
            }
            self.goes_on = goes_on;
        }
    }

    fn hidden_from_server(&mut self, octets: u64) {
        self.content_ends();
        let hidden = format!("({octets} octets, hidden)");
        match self.rows.last_mut() {
            Some(Row::Arrow { from: Side::Server, lines, .. }) => {
                if let Some(line) = lines.last_mut() {
                    *line = format!("{}{hidden}", line.strip_suffix(UNENDED).unwrap_or(line));
                }
            }
            _ => self.arrow(Side::Server, hidden, Kind::Described),
        }
    }

    fn connect(&mut self, place: Place) {
        if self.is_open {
            self.end(Mood::Plain, "the client closes the connection");
        }
        self.content_ends();
        self.connections += 1;
        self.is_open = true;
        self.client.connected();
        let to = match place {
            Place::Any => "",
            Place::Same => ", to the same address",
        };
        self.rows.push(Row::Connection(format!("connection {}{to}", self.connections)));
    }

    fn end(&mut self, mood: Mood, how: &str) {
        self.content_ends();
        self.is_open = false;
        self.rows.push(Row::End(mood, how.to_owned()));
    }

    fn note(&mut self, mood: Mood, text: &str) {
        self.content_ends();
        self.rows.push(Row::Note(mood, text.to_owned()));
    }

    fn arrow(&mut self, from: Side, line: String, kind: Kind) {
        self.goes_on = false;
        self.rows.push(Row::Arrow { from, lines: vec![line], kind });
    }

    fn content_ends(&mut self) {
        if let Some(octets) = self.content.take() {
            self.arrow(Side::Client, format!("content, {octets} octets"), Kind::Described);
        }
    }
}

const UNENDED: &str = " (no line end)";
/// A longer line is cut off.
const LONGEST: usize = 1000;

fn shown(line: &[u8]) -> String {
    let (text, end) = match line.strip_suffix(b"\r\n").or_else(|| line.strip_suffix(b"\n")) {
        Some(text) => (text, ""),
        None => (line, UNENDED),
    };
    if text.is_empty() {
        return format!("(empty line){end}");
    }
    match text.get(..LONGEST) {
        Some(start) if text.len() > LONGEST => format!("{}... ({} octets)", Escaped(start), text.len()),
        _ => format!("{}{end}", Escaped(text)),
    }
}

fn silence(limit: Option<Duration>) -> String {
    match limit.map(|limit| limit.as_secs()) {
        None => "silence, until the client's timeout".to_owned(),
        Some(seconds) if seconds >= 60 && seconds % 60 == 0 => format!("silence for {} min", seconds / 60),
        Some(seconds) => format!("silence for {seconds} s"),
    }
}

//! The server's side of a transcript.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use smtp_proto::{Disconnect, Escaped, Place};

use super::{Got, Link, Listeners, Writes, tls::Certificates};
use crate::{
    player::Mismatch,
    transcript::{Action, Flight, Handshake, Item, LeftOut},
};

/// Plays the server's side of a transcript, one action at a time, and compares every octet that the client
/// sends.
#[derive(Debug)]
pub struct Scripted {
    listeners: Listeners,
    writes: Writes,
    patience: Duration,
    link: Option<Link>,
    /// The address of the last connection.
    place: Option<SocketAddr>,
    /// What the client may still send on the connection after the server has closed it.
    leftover: Vec<u8>,
    log: String,
}

/// The client did something unexpected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// The offset in the client's flight, if it happened during one.
    pub offset: Option<usize>,
    /// What differs.
    pub what: String,
}

impl Difference {
    /// Adds the line of the transcript.
    pub(crate) fn in_line(self, item: &Item, log: &str) -> Mismatch {
        let line = match (&item.action, self.offset) {
            (Action::Client(flight), Some(offset)) => flight.line_at(offset),
            _ => item.line,
        };
        Mismatch { line, what: self.what, conversation: log.to_owned() }
    }
}

impl From<String> for Difference {
    fn from(what: String) -> Self {
        Self { offset: None, what }
    }
}

impl Scripted {
    /// A server at these addresses that waits up to `patience` for each action of the client.
    pub fn new(listeners: Listeners, writes: Writes, patience: Duration) -> Self {
        Self { listeners, writes, patience, link: None, place: None, leftover: Vec::new(), log: String::new() }
    }

    /// The addresses of the next hop.
    pub fn addresses(&self) -> &[SocketAddr] {
        self.listeners.addresses()
    }

    /// What happened so far, as lines of a transcript.
    pub fn log(&self) -> &str {
        &self.log
    }

    /// Allows the client to send these octets after the next close, because it may not have seen the close.
    pub fn allow(&mut self, octets: &[u8]) {
        self.leftover = octets.to_vec();
    }

    /// Plays one action. Actions of the client's caller, such as the next message, are ignored. `stop` returns
    /// true once the client will open no more connections.
    pub fn act(&mut self, action: &Action, stop: impl FnMut() -> bool) -> Result<(), Difference> {
        match action {
            Action::Connect(place) => self.accept(*place, stop)?,
            Action::Server(flight) => self.send(&flight.octets)?,
            Action::Client(flight) => self.expect(flight)?,
            Action::LeftOut(what) => self.skip(*what)?,
            Action::Lost(Disconnect::Closed) => {
                self.note("-- close");
                self.link()?.close();
            }
            Action::Lost(Disconnect::Reset) => {
                self.note("-- reset");
                let link = self.link.take().ok_or_else(no_connection)?;
                // If the client has already left, its next action shows that.
                let _ = link.reset();
            }
            Action::Silence(_) => {
                self.note("-- silence");
                self.ended()?;
            }
            Action::Done { kept: false } => self.ended()?,
            Action::Done { kept: true } => {
                let link = self.link()?;
                if link.read(Duration::ZERO) == Got::Ended {
                    return Err("the client has closed the connection, which it should have kept".to_owned().into());
                }
            }
            Action::NextMessage | Action::Quit | Action::Cancel(_) | Action::Know(_) | Action::AbandonAuth(_) => {}
            Action::Tls(Handshake::Secured { unverified, .. }) => {
                self.note("-- tls");
                let certificates = match unverified {
                    None => Certificates::of_this_process(),
                    Some(_) => Certificates::untrusted(),
                };
                let secured = self.link()?.secure(certificates);
                secured.map_err(|error| format!("the TLS handshake fails: {error}"))?;
            }
            Action::ConnectFails(..) | Action::Lost(_) | Action::Tls(Handshake::Fails(_)) => {
                return Err("a server cannot cause this".to_owned().into());
            }
        }
        Ok(())
    }

    /// Whether there is a connection that was not accepted.
    pub fn one_too_many(&self) -> bool {
        matches!(self.listeners.accept(Duration::ZERO, || true), Ok(Some(_)))
    }

    fn accept(&mut self, place: Place, stop: impl FnMut() -> bool) -> Result<(), Difference> {
        self.ended()?;
        let accepted = self.listeners.accept(self.patience, stop).map_err(|error| error.to_string())?;
        let Some((link, address)) = accepted else {
            return Err("expected the client to open a connection, but it does not".to_owned().into());
        };
        self.note("-- connect");
        self.link = Some(link);
        let before = self.place.replace(address);
        match (place, before) {
            (Place::Same, Some(before)) if before != address => {
                Err(format!("the client connects to {address} instead of {before} again").into())
            }
            _ => Ok(()),
        }
    }

    fn send(&mut self, octets: &[u8]) -> Result<(), Difference> {
        self.note_octets("S", octets);
        let writes = self.writes;
        // A client may leave before the end of a reply.
        let _ = self.link()?.send(octets, writes);
        Ok(())
    }

    fn expect(&mut self, flight: &Flight) -> Result<(), Difference> {
        let until = Instant::now() + self.patience;
        let expected = &flight.octets[..];
        let link = self.link.as_mut().ok_or_else(no_connection)?;
        loop {
            let arrived = link.arrived();
            let same = arrived.iter().zip(expected).take_while(|(sent, expected)| sent == expected).count();
            if same == expected.len() {
                let taken = link.take(same);
                let more = Escaped(link.arrived()).to_string();
                self.note_octets("C", &taken);
                if flight.unended || more.is_empty() {
                    return Ok(());
                }
                return Err(Difference { offset: Some(same), what: format!("the client sends more: \"{more}\"") });
            }
            let differs = if same < arrived.len() {
                format!("the client sends \"{}\"", Escaped(&arrived[same..]))
            } else {
                match link.read(until.saturating_duration_since(Instant::now())) {
                    Got::Octets => continue,
                    Got::Ended => "the client closes the connection".to_owned(),
                    Got::Nothing => "the client sends nothing more".to_owned(),
                }
            };
            let taken = link.take(same);
            self.note_octets("C", &taken);
            let what = format!("{differs}\ninstead of sending \"{}\"", Escaped(shortened(&expected[same..])));
            return Err(Difference { offset: Some(same), what });
        }
    }

    /// Reads what a recording leaves out, and ends a line of the server without it.
    fn skip(&mut self, what: LeftOut) -> Result<(), Difference> {
        self.note(Action::LeftOut(what).to_string().trim_end());
        let patience = self.patience;
        let link = self.link.as_mut().ok_or_else(no_connection)?;
        match what {
            LeftOut::Server(_) => {
                let _ = link.send(b"\r\n", self.writes);
            }
            LeftOut::Client(_) => {
                link.line(patience).map_err(|_| "the client does not send a line".to_owned())?;
            }
            LeftOut::Content(octets) => {
                let octets = usize::try_from(octets).unwrap_or(usize::MAX);
                let until = Instant::now() + patience;
                while link.arrived().len() < octets {
                    if link.read(until.saturating_duration_since(Instant::now())) != Got::Octets {
                        return Err("the client does not send the whole content".to_owned().into());
                    }
                }
                link.take(octets);
            }
        }
        Ok(())
    }

    /// Expects the client to close the connection without sending anything more.
    fn ended(&mut self) -> Result<(), Difference> {
        let Some(mut link) = self.link.take() else { return Ok(()) };
        let patience = self.patience;
        let leftover = std::mem::take(&mut self.leftover);
        let ended = link.drain(patience);
        let arrived = link.take(usize::MAX);
        self.note_octets("C", &arrived);
        if !leftover.starts_with(&arrived) {
            return Err(format!("the client sends more: \"{}\"", Escaped(shortened(&arrived))).into());
        }
        if !ended {
            return Err("the client does not close the connection".to_owned().into());
        }
        Ok(())
    }

    fn link(&mut self) -> Result<&mut Link, Difference> {
        self.link.as_mut().ok_or_else(no_connection)
    }

    fn note(&mut self, what: &str) {
        self.log.push_str(what);
        self.log.push('\n');
    }

    fn note_octets(&mut self, side: &str, octets: &[u8]) {
        for line in octets.split_inclusive(|octet| *octet == b'\n').take(MOST_LINES) {
            let text = Escaped(shortened(line.strip_suffix(b"\r\n").unwrap_or(line))).to_string();
            self.note(&format!("{side}: {text}"));
        }
    }
}

/// The maximum number of lines of a flight in the log.
const MOST_LINES: usize = 100;

fn shortened(octets: &[u8]) -> &[u8] {
    &octets[..octets.len().min(2000)]
}

fn no_connection() -> Difference {
    "there is no connection".to_owned().into()
}

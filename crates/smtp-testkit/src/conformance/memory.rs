//! A network in memory that follows a transcript, and ends the play when the driver deviates from it.

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    panic::resume_unwind,
    time::Duration,
};

use smtp_proto::{Cancel, Disconnect, Escaped, Place};

use super::network::Network;
use crate::{
    player::Mismatch,
    transcript::{Action, Item},
};

/// A driver that makes more calls than this is not making progress.
const MOST_CALLS: usize = 1_000_000;
/// How long other load on the machine delays a driver.
const HELD_UP: Duration = Duration::from_secs(24 * 60 * 60);
/// How late a driver may notice that a timeout has passed.
const TICK: Duration = Duration::from_secs(1);

/// What the network makes difficult.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Difficulty {
    /// Nothing.
    None,
    /// Each read and each write transfers one octet.
    Octets,
    /// A write accepts only the first half of the octets.
    PartialWrites,
    /// A long time passes between the arrival of octets and the driver's next look.
    Late,
    /// Writes fail as soon as the server has sent a reply that ends the connection.
    FailingWrites,
}

impl Difficulty {
    pub(super) const ALL: [(Self, &'static str); 5] = [
        (Self::None, "in memory"),
        (Self::Octets, "in memory, octet by octet"),
        (Self::PartialWrites, "in memory, writing in parts"),
        (Self::Late, "in memory, the driver delayed"),
        (Self::FailingWrites, "in memory, writing fails"),
    ];
}

/// The network of one play.
pub(super) struct Memory<'m> {
    script: &'m [Item],
    /// For each item, whether it is a reply that ends a connection while the client writes.
    ends: &'m [bool],
    difficulty: Difficulty,
    servers: Vec<SocketAddr>,
    at: usize,
    /// How many octets of the current flight were transferred.
    offset: usize,
    open: bool,
    last: Option<SocketAddr>,
    now: Duration,
    /// How long the driver has waited during this silence.
    waited: Duration,
    calls: usize,
    log: Vec<(&'static str, Vec<u8>)>,
}

impl<'m> Memory<'m> {
    pub(super) fn new(script: &'m [Item], ends: &'m [bool], difficulty: Difficulty) -> Self {
        // With more than one address, drivers differ in what they try after a failure.
        let connects = !script.iter().any(|item| matches!(item.action, Action::ConnectFails(..)));
        let servers = if connects { 2 } else { 1 };
        Self {
            script,
            ends,
            difficulty,
            servers: (1..=servers).map(|host| SocketAddr::from(([192, 0, 2, host], 25))).collect(),
            at: 0,
            offset: 0,
            open: false,
            last: None,
            now: Duration::ZERO,
            waited: Duration::ZERO,
            calls: 0,
            log: Vec::new(),
        }
    }

    /// The next item of the transcript.
    pub(super) fn head(&mut self) -> Option<&'m Item> {
        self.end_silence();
        self.script.get(self.at)
    }

    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    pub(super) fn advance(&mut self) {
        self.at += 1;
        self.offset = 0;
    }

    /// Ends the play because the driver did not follow the transcript.
    pub(super) fn fail(&self, what: impl Into<String>) -> ! {
        let line = match self.script.get(self.at) {
            Some(Item { action: Action::Client(flight), .. }) => flight.line_at(self.offset),
            Some(item) => item.line,
            None => self.script.last().map_or(0, |item| item.line),
        };
        // Unwinds without the panic hook: the caller of the play catches it.
        resume_unwind(Box::new(Mismatch { line, what: what.into(), conversation: self.log() }))
    }

    /// What has happened so far, as lines of a transcript.
    fn log(&self) -> String {
        let mut log = String::new();
        for (side, octets) in &self.log {
            if octets.is_empty() {
                log.extend(["-- ", side, "\n"]);
            }
            for line in octets.split_inclusive(|octet| *octet == b'\n') {
                let text = Escaped(line.strip_suffix(b"\r\n").unwrap_or(line)).to_string();
                log.extend([side, ": ", &text, "\n"]);
            }
        }
        log
    }

    fn action(&mut self) -> Option<&'m Action> {
        self.calls += 1;
        if self.calls > MOST_CALLS {
            self.fail("the driver makes no progress");
        }
        self.script.get(self.at).map(|item| &item.action)
    }

    /// A silence ends when the driver does anything other than wait.
    fn end_silence(&mut self) {
        if let Some(Item { action: Action::Silence(limit), .. }) = self.script.get(self.at) {
            let (waited, late) = (self.waited, self.difficulty == Difficulty::Late);
            match *limit {
                Some(limit) if !late && (waited < limit || waited > limit + TICK) => {
                    self.fail(format!("the driver waits for {waited:?} instead of {limit:?}"));
                }
                _ => {
                    self.waited = Duration::ZERO;
                    self.advance();
                }
            }
        }
    }

    fn check_open(&self) -> io::Result<()> {
        if self.open { Ok(()) } else { Err(ErrorKind::NotConnected.into()) }
    }

    /// Checks the address of a new connection.
    fn place(&mut self, place: Place, server: SocketAddr) {
        let expected = match (place, self.last) {
            (Place::Same, Some(last)) => last,
            _ => self.servers[0],
        };
        if server != expected {
            self.fail(format!("the driver connects to {server} instead of {expected}"));
        }
        self.last = Some(server);
    }

    fn note(&mut self, side: &'static str, octets: &[u8]) {
        match self.log.last_mut() {
            Some((last, said)) if *last == side => said.extend_from_slice(octets),
            _ => self.log.push((side, octets.to_vec())),
        }
    }
}

impl Network for Memory<'_> {
    fn servers(&self) -> &[SocketAddr] {
        &self.servers
    }

    fn connect(&mut self, server: SocketAddr) -> io::Result<()> {
        if self.open {
            self.fail("the driver opens a connection before closing the previous one");
        }
        self.end_silence();
        match self.action() {
            Some(Action::Connect(place)) => {
                self.place(*place, server);
                self.log.push(("connect", Vec::new()));
                self.open = true;
                self.advance();
                Ok(())
            }
            Some(Action::ConnectFails(place, why)) => {
                self.place(*place, server);
                self.log.push(("connect fails", Vec::new()));
                self.advance();
                Err(io::Error::other(why.as_str()))
            }
            _ => self.fail("the driver opens a connection"),
        }
    }

    fn close(&mut self) {
        self.end_silence();
        // The driver does not read the rest of the server's flight.
        if self.offset > 0 && matches!(self.script.get(self.at), Some(Item { action: Action::Server(_), .. })) {
            self.advance();
        }
        self.open = false;
    }

    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.check_open()?;
        match self.action() {
            Some(Action::Server(flight)) => {
                let rest = &flight.octets[self.offset..];
                let most = if self.difficulty == Difficulty::Octets { 1 } else { rest.len() };
                let len = room.len().min(most);
                room[..len].copy_from_slice(&rest[..len]);
                self.note("S", &rest[..len]);
                self.offset += len;
                if self.offset == flight.octets.len() {
                    self.advance();
                }
                if len == 0 { Err(ErrorKind::WouldBlock.into()) } else { Ok(len) }
            }
            Some(Action::Lost(how @ (Disconnect::Closed | Disconnect::Reset | Disconnect::ReadFailed))) => {
                self.log.push((
                    match how {
                        Disconnect::Closed => "close",
                        Disconnect::Reset => "reset",
                        _ => "read fails",
                    },
                    Vec::new(),
                ));
                self.advance();
                self.open = false;
                match how {
                    Disconnect::Closed => Ok(0),
                    Disconnect::Reset => Err(ErrorKind::ConnectionReset.into()),
                    _ => Err(io::Error::other("reading fails")),
                }
            }
            _ => Err(ErrorKind::WouldBlock.into()),
        }
    }

    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.check_open()?;
        match self.action() {
            Some(Action::Client(flight)) => {
                let rest = &flight.octets[self.offset..];
                let most = match self.difficulty {
                    Difficulty::Octets => 1,
                    Difficulty::PartialWrites => octets.len().div_ceil(2),
                    _ => octets.len(),
                };
                let taken = &octets[..most.min(rest.len())];
                let same = taken.iter().zip(rest).take_while(|(sent, expected)| sent == expected).count();
                if same < taken.len() {
                    self.offset += same;
                    let (sent, expected) = (Escaped(&taken[same..]), Escaped(&rest[same..]));
                    self.fail(format!("the driver sends \"{sent}\"\ninstead of \"{expected}\""));
                }
                self.note("C", taken);
                self.offset += taken.len();
                if self.offset == flight.octets.len() {
                    self.advance();
                }
                Ok(taken.len())
            }
            Some(Action::Lost(Disconnect::WriteFailed)) => {
                self.log.push(("write fails", Vec::new()));
                self.advance();
                Err(ErrorKind::BrokenPipe.into())
            }
            Some(Action::Server(_)) if self.difficulty == Difficulty::FailingWrites && self.ends[self.at] => {
                Err(ErrorKind::BrokenPipe.into())
            }
            Some(Action::Done { .. }) => self.fail(format!("the driver sends more: \"{}\"", Escaped(octets))),
            _ => Err(ErrorKind::WouldBlock.into()),
        }
    }

    fn wait(&mut self, limit: Duration) {
        match self.action() {
            Some(Action::Server(_) | Action::Lost(_)) if self.difficulty == Difficulty::Late => self.now += HELD_UP,
            Some(Action::Server(_) | Action::Lost(_) | Action::Cancel(_)) => {}
            Some(Action::Silence(_)) => {
                self.now += limit;
                self.waited += limit;
            }
            Some(Action::Client(flight)) => {
                let rest = Escaped(&flight.octets[self.offset..]);
                self.fail(format!("the driver waits instead of sending \"{rest}\""));
            }
            _ => self.fail("the driver waits, but the transcript continues"),
        }
    }

    fn now(&self) -> Duration {
        self.now
    }

    fn cancelled(&mut self) -> Option<Cancel> {
        match self.script.get(self.at) {
            Some(Item { action: Action::Cancel(why), .. }) => {
                self.advance();
                Some(*why)
            }
            _ => None,
        }
    }
}

//! Many concurrent deliveries over a simulated network.
//!
//! Time is simulated in milliseconds. A reply arrives after 20 to 200 of them; one in a hundred is lost
//! and arrives a second later. One server in a hundred hangs up on EHLO, and accepts HELO on the next
//! connection.

use std::sync::Arc;

use smtp_proto::{Afterwards, Config, Delivery, Disconnect, Envelope, Limits, Status, Step};

use crate::{
    inputs,
    session::ours::{config, envelope},
};

/// The maximum number of milliseconds in the future: more than the slowest reply takes.
const WHEEL: usize = 2048;
/// Octets of content in a block, which are gathered before they are sent. Few, so that many sessions need little memory.
const BLOCK: usize = 512;
/// No session.
const NO_SESSION: u32 = u32::MAX;

/// Concurrent deliveries and their servers.
#[derive(Debug)]
pub struct Simulation {
    sessions: Vec<Option<Session>>,
    /// For each future millisecond, the first session with an event.
    wheel: Vec<u32>,
    /// For each session, the next one with an event in the same millisecond.
    next: Vec<u32>,
    now: usize,
    random: Random,
    config: Arc<Config>,
    envelope: Envelope,
    /// The outcome so far.
    pub outcome: Outcome,
}

/// The outcome of all sessions.
#[derive(Clone, Copy, Default, Debug)]
pub struct Outcome {
    /// Connections that are open or being opened.
    pub open: usize,
    /// The maximum number of connections at the same time.
    pub most_open: usize,
    /// Delivered messages.
    pub delivered: usize,
    /// Sessions whose server hung up.
    pub hung_up: usize,
}

#[derive(Debug)]
struct Session {
    delivery: Delivery,
    server: Server,
    happens: Happens,
    /// Octets of the message given so far.
    given: u16,
}

/// The event that a session waits for.
#[derive(Clone, Copy, Debug)]
enum Happens {
    Opens,
    Answers(&'static str),
    HangsUp(Disconnect),
}

impl Simulation {
    /// Allocates space for the sessions. Later allocations belong to the sessions themselves.
    pub fn new(sessions: usize) -> Self {
        Self {
            sessions: std::iter::repeat_with(|| None).take(sessions).collect(),
            wheel: vec![NO_SESSION; WHEEL],
            next: vec![NO_SESSION; sessions],
            now: 0,
            random: Random(0x9e37_79b9_7f4a_7c15),
            config: Config::clone(&config(Afterwards::Quit)).with_limits(Limits::DEFAULT.with_block(BLOCK)).into(),
            envelope: envelope(&[inputs::RECIPIENT.to_owned()]),
            outcome: Outcome::default(),
        }
    }

    /// Opens all sessions and runs until all are done. Calls `each_millisecond` in every simulated millisecond.
    pub fn run(&mut self, mut each_millisecond: impl FnMut()) {
        for index in 0..self.sessions.len() {
            let delivery = Delivery::new(self.config.clone(), self.envelope.clone());
            let server = Server::new(index);
            self.outcome.hung_up += usize::from(server.hangs_up.is_some());
            self.sessions[index] = Some(Session { delivery, server, happens: Happens::Opens, given: 0 });
            self.outcome.open += 1;
            self.schedule(index, 1 + index % 50);
        }
        self.outcome.most_open = self.outcome.open;
        while self.outcome.open > 0 {
            self.now += 1;
            let mut index = std::mem::replace(&mut self.wheel[self.now % WHEEL], NO_SESSION);
            while index != NO_SESSION {
                let following = self.next[index as usize];
                self.happen(index as usize);
                index = following;
            }
            each_millisecond();
        }
    }

    fn schedule(&mut self, index: usize, milliseconds: usize) {
        let first = &mut self.wheel[(self.now + milliseconds) % WHEEL];
        self.next[index] = std::mem::replace(first, u32::try_from(index).expect("fewer than 2^32 sessions"));
    }

    fn happen(&mut self, index: usize) {
        let Some(session) = &mut self.sessions[index] else { unreachable!("the session is done") };
        if session.happens_and_goes_on() {
            let milliseconds = self.random.latency();
            self.schedule(index, milliseconds);
        } else {
            self.sessions[index] = None;
            self.outcome.open -= 1;
            self.outcome.delivered += 1;
        }
    }
}

impl Session {
    /// Handles the event that the session waits for. Returns `false` if the session is done.
    fn happens_and_goes_on(&mut self) -> bool {
        let taken = match self.happens {
            Happens::Opens => self.delivery.connected(),
            Happens::Answers(reply) => self.delivery.received(reply.as_bytes()),
            Happens::HangsUp(how) => self.delivery.disconnected(how),
        };
        taken.expect("the delivery waits for this event");
        if matches!(self.happens, Happens::Opens) {
            self.happens = self.server.opened();
        }
        loop {
            let taken = match self.delivery.poll() {
                Step::Connect(_) => {
                    self.given = 0;
                    self.happens = Happens::Opens;
                    return true;
                }
                Step::Secure(_) | Step::Authenticate(_) => unreachable!("the policy asks for neither"),
                Step::Receive(_) => return true,
                Step::Content(room) => {
                    let rest = &inputs::ONE_KIB.as_bytes()[usize::from(self.given)..];
                    let piece = &rest[..rest.len().min(room)];
                    self.given += length(piece);
                    if piece.is_empty() { self.delivery.end_content() } else { self.delivery.content(piece) }
                }
                Step::Rewind => {
                    self.given = 0;
                    self.delivery.rewound()
                }
                Step::Transmit(transmit) => {
                    let octets = transmit.octets();
                    let len = octets.len();
                    if let Some(happens) = self.server.hears(octets) {
                        self.happens = happens;
                    }
                    self.delivery.sent(len)
                }
                Step::Done(report) => {
                    let delivered = report.recipients().all(|recipient| recipient.status == Status::Delivered);
                    assert!(delivered && self.server.messages == 1, "{report}");
                    return false;
                }
            };
            taken.expect("the delivery accepts what it asked for");
        }
    }
}

/// A server that expects fixed octets.
#[derive(Debug)]
struct Server {
    /// How it hangs up on EHLO.
    hangs_up: Option<Disconnect>,
    /// Octets of content that have arrived, while content is due.
    content: Option<u16>,
    /// Accepted messages.
    messages: u8,
}

impl Server {
    const fn new(index: usize) -> Self {
        let hangs_up = match index % 200 {
            37 => Some(Disconnect::Closed),
            137 => Some(Disconnect::Reset),
            _ => None,
        };
        Self { hangs_up, content: None, messages: 0 }
    }

    const fn opened(&mut self) -> Happens {
        self.content = None;
        Happens::Answers("220 mx.example.com ESMTP\r\n")
    }

    /// Receives octets. Returns the event that follows, if any.
    fn hears(&mut self, octets: &[u8]) -> Option<Happens> {
        if let Some(arrived) = self.content {
            return self.hears_content(octets, arrived.into());
        }
        self.content = octets.ends_with(b"DATA\r\n").then_some(0);
        Some(Happens::Answers(match octets.first_chunk() {
            Some(b"EHLO") => match self.hangs_up {
                Some(how) => return Some(Happens::HangsUp(how)),
                None => inputs::EHLO,
            },
            Some(b"HELO") => "250 mx.example.com\r\n",
            Some(b"MAIL") if self.content.is_some() => "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 Go on\r\n",
            Some(b"MAIL" | b"RCPT") => "250 2.1.0 Ok\r\n",
            Some(b"DATA") => "354 Go on\r\n",
            Some(b"QUIT") => "221 2.0.0 Bye\r\n",
            _ => panic!("{octets:?} is not a command"),
        }))
    }

    fn hears_content(&mut self, octets: &[u8], arrived: usize) -> Option<Happens> {
        // No line of the message starts with a dot.
        let (message, end) = (inputs::ONE_KIB.as_bytes(), b".\r\n");
        let text = &octets[..octets.len().min(message.len() - arrived)];
        assert!(message[arrived..].starts_with(text), "wrong content");
        self.content = Some(length(&message[..arrived + text.len()]));
        let behind = &octets[text.len()..];
        if behind.is_empty() {
            return None;
        }
        assert_eq!(behind, end);
        self.content = None;
        self.messages += 1;
        Some(Happens::Answers("250 2.0.0 Ok: queued as 4bXyZ12345\r\n"))
    }
}

/// That of part of the message, which has 1 KiB.
fn length(part: &[u8]) -> u16 {
    u16::try_from(part.len()).expect("part of the message")
}

/// A deterministic random number generator (xorshift).
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn latency(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let lost = if self.0 % 100 == 0 { 1000 } else { 0 };
        20 + usize::try_from(self.0 >> 32).unwrap_or_default() % 181 + lost
    }
}

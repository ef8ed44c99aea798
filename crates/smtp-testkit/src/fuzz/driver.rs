//! A driver that is controlled by a fuzz input.

use std::sync::Arc;

use smtp_proto::{AuthPolicy, Cancel, Config, Disconnect, Envelope, KnownHost, Secured, Stage, Step, TlsVersion};

use super::{
    server::{self, Offered},
    values::Pieces,
};
use crate::{
    Watched,
    sasl::{Exchange, PASSWORD, Request, TOKEN},
};

/// With an obliging server, every delivery ends within this many steps.
const MOST_STEPS: usize = 20_000;

/// A watched delivery and its content.
pub(super) struct Driver {
    /// The delivery under the oracle.
    pub(super) watched: Watched,
    content: Vec<u8>,
    given: usize,
    pieces: Pieces,
    /// What an obliging server offers.
    pub(super) offered: Offered,
    exchange: Exchange,
    /// What was sent to authenticate on this connection, and how often.
    response: Vec<u8>,
    responses: usize,
}

/// What the delivery wants: a [`Step`] without its borrows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    /// A connection.
    Connect,
    /// To write this many octets.
    Transmit(usize),
    /// Up to this many octets of the message, or its end.
    Content(usize),
    /// The content again.
    Rewind,
    /// A handshake.
    Secure,
    /// A response.
    Authenticate,
    /// A reply.
    Wait,
    /// Nothing more.
    Done,
}

impl Driver {
    /// A delivery of `content`.
    pub(super) fn new(
        config: impl Into<Arc<Config>>,
        envelope: Envelope,
        content: Vec<u8>,
        pieces: Pieces,
        offered: Offered,
    ) -> Self {
        let config = config.into();
        let mut watched = Watched::new(config.clone(), envelope);
        if *config.auth() != AuthPolicy::Never {
            for secret in [PASSWORD, TOKEN] {
                watched.hide(secret.as_bytes());
            }
        }
        let (exchange, response) = (Exchange::default(), Vec::new());
        Self { watched, content, given: 0, pieces, offered, exchange, response, responses: 0 }
    }

    /// What the delivery wants.
    pub(super) fn wanted(&mut self) -> Wanted {
        match self.watched.poll() {
            Step::Connect(_) => Wanted::Connect,
            Step::Transmit(transmit) => Wanted::Transmit(transmit.octets().len()),
            Step::Content(room) => Wanted::Content(room),
            Step::Rewind => Wanted::Rewind,
            Step::Secure(_) => Wanted::Secure,
            Step::Authenticate(_) => Wanted::Authenticate,
            Step::Receive(_) => Wanted::Wait,
            Step::Done(_) => Wanted::Done,
        }
    }

    /// Does what is wanted, completely or in part. Returns `false` if the delivery is done.
    pub(super) fn oblige(&mut self) -> bool {
        let wanted = self.wanted();
        self.grant(wanted)
    }

    /// Does what is wanted, which the caller has already asked for.
    pub(super) fn grant(&mut self, wanted: Wanted) -> bool {
        let done = match wanted {
            Wanted::Done => return false,
            Wanted::Connect => {
                self.response.clear();
                self.responses = 0;
                self.watched.connected()
            }
            Wanted::Transmit(most) => {
                let octets = self.pieces.next(most);
                self.listen_in(octets);
                self.watched.sent(octets)
            }
            Wanted::Rewind => {
                self.given = 0;
                self.watched.rewound()
            }
            Wanted::Secure => {
                self.secure(self.offered.form);
                return true;
            }
            Wanted::Authenticate => {
                self.authenticate();
                return true;
            }
            Wanted::Content(room) => return self.give_content(room),
            Wanted::Wait => {
                let is_last = self.responses > self.challenges();
                let reply = server::obliging(self.stage(), self.offered, is_last);
                return self.hear(&reply);
            }
        };
        done.expect("the delivery accepts what it wants");
        true
    }

    /// The handshake ends, if there is one: completed, with a server that was verified or not, or failed.
    pub(super) fn secure(&mut self, choice: u8) {
        let facts = match choice >> 2 & 3 {
            3 => Secured::unverified(TlsVersion::Tls12, "self-signed"),
            _ => Secured::verified(TlsVersion::Tls13),
        };
        let facts = facts.with_channel_binding(choice & 16 == 0);
        // It is misuse if there is no handshake.
        let _ = if choice & 0xe0 == 0xe0 { self.watched.secure_failed("alert") } else { self.watched.secured(facts) };
    }

    /// Answers a request of the authentication.
    pub(super) fn authenticate(&mut self) {
        if let Step::Authenticate(step) = self.watched.poll() {
            let request = Request::from(&step);
            let answered = self.exchange.answer(&mut self.watched, &request);
            answered.expect("the delivery accepts the answer that it asked for");
        }
    }

    /// The server repeats what was sent to authenticate.
    pub(super) fn echo(&mut self) {
        let reply = [b"535 5.7.8 Who is ", self.response.trim_ascii_end(), b"?\r\n"].concat();
        self.hear(&reply);
    }

    /// Records octets that are sent to authenticate.
    fn listen_in(&mut self, octets: usize) {
        if let Step::Transmit(transmit) = self.watched.poll() {
            if transmit.is_sensitive() {
                let sent = &transmit.octets()[..octets];
                self.responses += usize::from(sent.ends_with(b"\n"));
                self.response = sent.to_vec();
            }
        }
    }

    /// How many challenges an obliging server sends.
    fn challenges(&mut self) -> usize {
        let is = |name: &[u8]| self.response.starts_with(name);
        if is(b"AUTH LOGIN") { 2 } else { usize::from(is(b"AUTH CRAM-MD5") || self.responses > 1) }
    }

    /// The server sends these octets, in pieces. Returns `false` if the delivery rejected one.
    pub(super) fn hear(&mut self, octets: &[u8]) -> bool {
        let mut rest = octets;
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(self.pieces.next(rest.len()));
            if self.watched.received(piece).is_err() {
                return false;
            }
            rest = behind;
        }
        true
    }

    /// The length of the next piece of `most` octets.
    pub(super) fn piece(&mut self, most: usize) -> usize {
        self.pieces.next(most)
    }

    /// Loses the connection. Returns `false` if there is none.
    pub(super) fn lose(&mut self, how: Disconnect) -> bool {
        self.watched.disconnected(how).is_ok()
    }

    /// Continues with an obliging server until the delivery is done.
    pub(super) fn finish(&mut self) {
        for _ in 0..MOST_STEPS {
            if !self.oblige() {
                return;
            }
        }
        panic!("the delivery does not end\n\n{}", self.watched.conversation());
    }

    /// Starts another message.
    pub(super) fn next(&mut self, envelope: Envelope) {
        if self.watched.deliver_next(envelope).is_ok() {
            self.given = 0;
        }
    }

    /// The stage whose reply is due.
    pub(super) fn stage(&self) -> Stage {
        self.watched.delivery().report().attempts().last().map_or(Stage::Connect, |attempt| attempt.stage())
    }

    /// Makes a call that may be misuse.
    pub(super) fn misuse(&mut self, choice: u8) {
        match choice & 15 {
            0 => drop(self.watched.connected()),
            1 => drop(self.watched.connect_failed("no route")),
            2 => drop(self.watched.sent(usize::MAX)),
            3 => drop(self.watched.sent(0)),
            4 => drop(self.watched.content(&[b'x'; 300])),
            5 => drop(self.watched.end_content()),
            6 => drop(self.watched.quit()),
            7 => drop(self.watched.secured(Secured::verified(TlsVersion::Tls13))),
            8 => drop(self.watched.secure_failed("alert")),
            9 => drop(self.watched.auth_start(Some(&[b'x'; 512]))),
            10 => drop(self.watched.auth_start(Some(b""))),
            11 => drop(self.watched.auth_response(b"a response")),
            12 => drop(self.watched.auth_complete()),
            13 => drop(self.watched.know(KnownHost::UNKNOWN)),
            14 => drop(self.watched.cannot_rewind()),
            _ => drop(self.watched.received(b"")),
        }
    }

    /// Cancels the delivery.
    pub(super) fn cancel(&mut self, why: Cancel) {
        self.watched.cancel(why);
    }

    fn give_content(&mut self, room: usize) -> bool {
        let rest = &self.content[self.given.min(self.content.len())..];
        let given = if rest.is_empty() {
            self.watched.end_content()
        } else {
            let piece = &rest[..self.pieces.next(rest.len().min(room))];
            self.given += piece.len();
            self.watched.content(piece)
        };
        given.expect("the delivery accepts content that it asked for");
        true
    }
}

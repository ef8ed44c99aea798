//! A driver that is controlled by a fuzz input.

use std::sync::Arc;

use smtp_proto::{Cancel, Config, Disconnect, Envelope, Stage, Step};

use super::{
    server::{self, Offered},
    values::Pieces,
};
use crate::Watched;

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
        Self { watched: Watched::new(config, envelope), content, given: 0, pieces, offered }
    }

    /// What the delivery wants.
    pub(super) fn wanted(&mut self) -> Wanted {
        match self.watched.poll() {
            Step::Connect(_) => Wanted::Connect,
            Step::Transmit(transmit) => Wanted::Transmit(transmit.octets().len()),
            Step::Content(room) => Wanted::Content(room),
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
            Wanted::Connect => self.watched.connected(),
            Wanted::Transmit(most) => {
                let octets = self.pieces.next(most);
                self.watched.sent(octets)
            }
            Wanted::Content(room) => return self.give_content(room),
            Wanted::Wait => {
                let reply = server::obliging(self.stage(), self.offered);
                return self.hear(&reply);
            }
        };
        done.expect("the delivery accepts what it wants");
        true
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
        match choice & 7 {
            0 => drop(self.watched.connected()),
            1 => drop(self.watched.connect_failed("no route")),
            2 => drop(self.watched.sent(usize::MAX)),
            3 => drop(self.watched.sent(0)),
            4 => drop(self.watched.content(&[b'x'; 300])),
            5 => drop(self.watched.end_content()),
            6 => drop(self.watched.quit()),
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

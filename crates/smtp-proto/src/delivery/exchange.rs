//! The state of an authentication.

use crate::{
    kept::{KeptReply, KeptText},
    mechanisms::{Mechanism, Mechanisms},
    session::Session,
    transaction::Origin,
};

/// The state of an authentication.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Authenticating {
    /// What preceded it on this connection.
    pub(super) origin: Origin,
    pub(super) mechanism: Mechanism,
    /// All mechanisms that were tried on this connection.
    pub(super) tried: Mechanisms,
    /// The last refusal, and its mechanism.
    pub(super) refusal: Option<(Mechanism, KeptReply)>,
    /// The mechanism with which the credentials were refused.
    pub(super) refused: Option<Mechanism>,
    /// Whether an initial response is sent along with AUTH.
    pub(super) alone: bool,
    pub(super) challenges: u8,
    pub(super) phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Phase {
    /// The driver starts an exchange.
    Start,
    /// AUTH or a response was sent.
    Sent {
        /// Whether it was AUTH with an initial response.
        initial: bool,
    },
    /// The driver answers this challenge.
    Challenge(KeptText),
    /// The server reports success, and the driver checks whether it may.
    Success,
    /// `*` was sent, and every recipient has its status.
    Cancelled,
}

impl Authenticating {
    /// The most octets of an initial response; `None` if there must be none.
    pub(super) fn room(&self) -> Option<usize> {
        (!self.alone).then(|| Session::longest_initial_response(self.mechanism))
    }
}

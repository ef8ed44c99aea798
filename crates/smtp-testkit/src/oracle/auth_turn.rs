//! What is due in an authentication, and what was given for it.

use smtp_proto::{AuthRequest, Authenticate, Mechanism, Need};

use super::exchange::{Answer, Verb};

/// An AUTH command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Try {
    pub(super) mechanism: Mechanism,
    pub(super) has_initial: bool,
}

/// What was given to authenticate on a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Given {
    /// One for each AUTH command, in order.
    pub(super) tries: Vec<Try>,
    /// The line that must be shown next, without its CR LF.
    pub(super) owed: Option<(Verb, Vec<u8>)>,
    pub(super) abandoned: Option<Mechanism>,
    pub(super) is_complete: bool,
}

/// Where an authentication is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum AuthTurn {
    /// It is not wanted, or complete.
    Past,
    /// It cannot begin, for this need.
    Unmet(Need),
    /// The driver must be asked for this.
    Ask(Mechanism, Ask),
    /// The next line is due.
    Owed(Verb),
    /// A reply is due.
    Listen,
    NoMechanism,
    Refused(Mechanism, Answer),
    GivenUp(Mechanism),
}

/// What the driver is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Ask {
    /// To start, with an initial response of at most this many octets, or without one.
    Start(Option<usize>),
    Challenge(Vec<u8>),
    Success,
}

impl Ask {
    pub(super) fn is(&self, mechanism: Mechanism, step: &Authenticate<'_>) -> bool {
        let same = match (self, step.request) {
            (Self::Start(room), AuthRequest::Start { initial }) => *room == initial,
            (Self::Challenge(octets), AuthRequest::Challenge(asked)) => octets == asked,
            (Self::Success, AuthRequest::Success) => true,
            _ => false,
        };
        same && mechanism == step.mechanism
    }
}

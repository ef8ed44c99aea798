//! The states of a delivery.

use super::{exchange::Authenticating, plan::Plan, step::Place};
use crate::{
    outcome::{AttemptEnd, Hello},
    reply::Severity,
    transaction::{Origin, Transaction, Verdicts},
};

/// What the delivery waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
// Every call loads the discriminant, which takes fewer instructions if it is not stored in a niche.
#[repr(u8)]
pub(super) enum State {
    /// Waiting for a connection, which is then used like this.
    Connecting(Plan, Place),
    /// The TLS handshake is under way before the greeting (RFC 8314 section 3).
    SecuringFirst(Hello),
    Greeting(Plan),
    Ehlo(Plan),
    Lhlo(Plan),
    /// STARTTLS was sent. This hello follows the handshake.
    StartTls(Hello),
    /// STARTTLS was accepted, and the TLS handshake is under way.
    Securing(Hello),
    Authenticating(Authenticating),
    Helo(Refusal),
    /// RSET was sent to clear the state that a refused EHLO left on the server (RFC 1869 section 4.6).
    RsetBeforeHelo(Severity),
    Transaction(Transaction),
    /// Every recipient of the transaction has its status, and RSET was sent to prepare the connection for the next one
    /// or the next message.
    Rset(Origin),
    /// Every recipient has its status, or those that have none get a further transaction on a new connection. QUIT was
    /// sent.
    Quitting(Verdicts),
    /// The content is needed again, and then MAIL follows. These are the verdicts of the transaction before, if it was
    /// on this connection.
    Rewinding(Origin, Verdicts),
    /// No recipient of the transaction has a status: QUIT was sent, and the message will get a new connection. The
    /// report will give this as the end of the old one.
    Leaving(AttemptEnd),
    Done(LastConnection),
}

/// What was refused on this connection before HELO was sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Refusal {
    None,
    OfEhlo(Severity),
    /// EHLO, with this severity, and then HELO, with 503.
    OfHelo(Severity),
}

/// What happened to the connection of a delivery that is done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum LastConnection {
    Closed,
    /// It is open for another message. This is the hello that was sent on it.
    Kept(Hello),
}

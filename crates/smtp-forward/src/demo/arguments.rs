//! The arguments of `demo`.

use clap::{Args, ValueEnum};

#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// What the server does when it receives EHLO, or STARTTLS
    #[arg(long, default_value = "closed")]
    pub(super) fault: Fault,
}

/// How the demo's server misbehaves on its first connection.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    /// Closes the connection without a reply
    Closed,
    /// Resets the connection
    Reset,
    /// Closes the connection in the middle of the reply
    MidReply,
    /// Replies, then closes the connection
    AfterReply,
    /// Refuses with 500, then closes the connection
    Refused,
    /// Accepts EHLO, and closes the connection after STARTTLS
    Starttls,
    /// Closes the connection on EHLO inside TLS
    InTls,
    /// Accepts STARTTLS, and sends octets in clear before the handshake
    Injected,
}

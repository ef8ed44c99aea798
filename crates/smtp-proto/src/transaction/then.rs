//! What follows a reply within a transaction.

/// What the delivery does next.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Then {
    /// The transaction goes on.
    GoOn,
    /// Every recipient has its status.
    Settled(NextMail, Verdicts),
    /// No recipient has a status: the message starts over on a new connection.
    Afresh,
    /// The server reads the chunk that was sent as commands: the message may be sent with DATA on a new connection.
    Unchunked,
    /// The reply cannot answer the command, so later replies on this connection cannot be trusted either.
    OutOfStep,
}

/// What must be sent before the next MAIL on the same connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum NextMail {
    Nothing,
    Rset,
    /// The connection must not be used for another message.
    Never,
}

/// Which refusals may still turn out to have been meant for another command.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Verdicts {
    /// None of them.
    Final,
    /// All, if the next reply cannot answer its command.
    Provisional,
    /// All, unless a valid reply to QUIT arrives.
    Unproven,
    /// Only those of the content, if the next reply cannot answer its command. Earlier refusals are certain, because
    /// only DATA can have been answered with 354.
    OfContent,
}

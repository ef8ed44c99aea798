//! What follows a reply of the transaction.

/// What the delivery does next.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Then {
    /// Waits, writes or asks for content.
    GoOn,
    /// Every recipient is settled.
    Settled(NextMail, Verdicts),
    /// Nobody is: the message starts over on a new connection.
    Afresh,
    /// The reply does not answer what was asked: the connection cannot be trusted any more.
    OutOfStep,
}

/// What has to come before the next MAIL on the same connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum NextMail {
    Nothing,
    Rset,
    /// There is to be none.
    Never,
}

/// Which refusals can still turn out to be answers to other commands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Verdicts {
    /// None.
    Final,
    /// All, if the next command gets an improper answer.
    Provisional,
    /// All, unless QUIT gets a proper answer.
    Unproven,
    /// Those of the content, if the next command gets an improper answer. 354 came for DATA and for nothing
    /// else, so what was refused before it stands.
    OfContent,
}

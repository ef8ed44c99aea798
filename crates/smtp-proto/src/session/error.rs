//! Why a session does not do what it was asked to.

use core::fmt;

use crate::content::ContentError;

/// Why a [`Session`](super::Session) does not do what it was asked to.
///
/// All but [`Content`](Self::Content) are misuse: never caused by what the peer sent, and nothing was
/// changed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum SessionError {
    /// The session is over, or QUIT was given.
    Over,
    /// The greeting has not arrived.
    Greeting,
    /// The command is out of order (RFC 5321 section 4.1.4).
    Order,
    /// Earlier commands have to be answered first (RFC 2920), or too many octets of commands are in flight.
    Unanswered,
    /// MAIL has a parameter of this extension, which the server does not offer.
    NotOffered(&'static str),
    /// More octets were reported as sent than there were to send.
    NothingToSend,
    /// The content cannot be sent as it is. The session is over.
    Content(ContentError),
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Over => f.write_str("the session is over"),
            Self::Greeting => f.write_str("the greeting has not arrived"),
            Self::Order => f.write_str("the command is out of order"),
            Self::Unanswered => f.write_str("earlier commands have to be answered first"),
            Self::NotOffered(keyword) => write!(f, "the server does not offer {keyword}"),
            Self::NothingToSend => f.write_str("there are not that many octets to send"),
            Self::Content(error) => write!(f, "{error}"),
        }
    }
}

impl core::error::Error for SessionError {}

impl From<ContentError> for SessionError {
    fn from(error: ContentError) -> Self {
        Self::Content(error)
    }
}

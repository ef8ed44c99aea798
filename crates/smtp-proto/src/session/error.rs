//! Errors of a session.

use core::fmt;

use crate::content::ContentError;

/// Why a call to a [`Session`](super::Session) failed.
///
/// All but [`Content`](Self::Content) are misuse: the call changed nothing, and nothing that the peer sends can cause
/// them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum SessionError {
    /// The session has ended, or QUIT was sent.
    Over,
    /// The greeting has not arrived.
    Greeting,
    /// The command is out of order (RFC 5321 section 4.1.4).
    Order,
    /// Earlier commands must be answered first, because they cannot be pipelined (RFC 2920) or because too many octets
    /// are [in flight](crate::Limits::pipeline).
    Unanswered,
    /// MAIL has a parameter of an extension that the server does not offer. The keyword of the extension.
    NotOffered(&'static str),
    /// MAIL or RCPT has an additional parameter whose extension the server does not offer, or the keywords of its reply
    /// were not [kept](super::Session::keep_keywords).
    ParameterNotOffered,
    /// More octets were reported as sent than there were to send.
    NothingToSend,
    /// The content cannot be sent as it is. The session has ended.
    Content(ContentError),
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Over => f.write_str("the session is over"),
            Self::Greeting => f.write_str("the greeting has not arrived"),
            Self::Order => f.write_str("the command is out of order"),
            Self::Unanswered => f.write_str("earlier commands must be answered first"),
            Self::NotOffered(keyword) => write!(f, "the server does not offer {keyword}"),
            Self::ParameterNotOffered => f.write_str("the server does not offer the extension of a parameter"),
            Self::NothingToSend => f.write_str("more octets were reported as sent than there were to send"),
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

//! What settled the status of a recipient.

use core::fmt;

use crate::{
    content::ContentError, escape::Escaped, mechanisms::Mechanism, needs::Needs, outcome::Cancel, reply::Reply,
};

/// What settled the status of a recipient.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Cause<'a> {
    /// The server's reply.
    Reply(Reply<'a>),
    /// The connections failed. Each [attempt](crate::AttemptReport) says how.
    Connections,
    /// The message or the policy needs an extension that the server does not offer, that HELO cannot carry, or that
    /// this crate does not implement yet.
    Needs {
        /// The needs that were not met.
        needs: Needs,
        /// The reply that refused EHLO, if that is the reason.
        reply: Option<Reply<'a>>,
    },
    /// The server demands TLS or authentication (530), which the policy does not provide.
    Demanded {
        /// What the server demands, as far as can be told.
        needs: Needs,
        /// Its reply.
        reply: Reply<'a>,
    },
    /// The server refused the authentication.
    AuthRefused {
        /// The mechanism that was tried last.
        mechanism: Mechanism,
        /// The server's reply.
        reply: Reply<'a>,
    },
    /// The server offers none of the [mechanisms](crate::Authentication::mechanisms) that the client may use.
    NoMechanism,
    /// The client gave up the authentication.
    AuthAbandoned {
        /// The mechanism.
        mechanism: Mechanism,
        /// Why. It may be any text; display it [escaped](Escaped).
        why: &'a [u8],
    },
    /// The message is larger than the server's limit, which is this many octets.
    TooLarge(u64),
    /// The server does not offer the extension with this keyword: that of an additional parameter, or DSN for a recipient
    /// with [`Notify::NEVER`](crate::Notify::NEVER).
    NotOffered(&'a str),
    /// The content cannot be sent as it is.
    Content(ContentError),
    /// The caller [cancelled](crate::Delivery::cancel) the delivery.
    Cancelled(Cancel),
    /// The recipient needs a further transaction, and the content cannot be read again from its start. The recipients of
    /// the transactions before were not affected.
    CannotRewind,
}

impl<'a> Cause<'a> {
    /// The reply that settled the status, if there is one.
    pub const fn reply(&self) -> Option<Reply<'a>> {
        match self {
            Self::Reply(reply) | Self::Demanded { reply, .. } | Self::AuthRefused { reply, .. } => Some(*reply),
            Self::Needs { reply, .. } => *reply,
            Self::Connections
            | Self::NoMechanism
            | Self::AuthAbandoned { .. }
            | Self::TooLarge(_)
            | Self::NotOffered(_)
            | Self::Content(_)
            | Self::Cancelled(_)
            | Self::CannotRewind => None,
        }
    }
}

impl fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reply(reply) => write!(f, "{reply}"),
            Self::Connections => f.write_str("the connection failed"),
            Self::Needs { needs, .. } => {
                write!(f, "it needs {needs}, which the server does not offer or HELO cannot carry")
            }
            Self::Demanded { needs, .. } => write!(f, "the server demands {needs}"),
            Self::AuthRefused { mechanism, .. } => {
                write!(f, "the server refused the authentication with {}", mechanism.name())
            }
            Self::NoMechanism => f.write_str("the server offers no mechanism that may be used to authenticate"),
            Self::AuthAbandoned { mechanism, why } => {
                write!(f, "the authentication with {} was given up: {}", mechanism.name(), Escaped(why))
            }
            Self::TooLarge(limit) => write!(f, "it is larger than the server's limit of {limit} octets"),
            Self::NotOffered(keyword) => write!(f, "a parameter needs {keyword}, which the server does not offer"),
            Self::Content(error) => write!(f, "{error}"),
            Self::Cancelled(cancel) => write!(f, "{cancel}"),
            Self::CannotRewind => {
                f.write_str("it needs a further transaction, and the content cannot be read again from its start")
            }
        }
    }
}

//! What settled a recipient.

use crate::{
    content::ContentError,
    kept::{KeptReply, KeptText},
    mechanisms::Mechanism,
    needs::Needs,
    outcome::{Cancel, Status},
    requests::Missing,
};

/// A final status, and what settled it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Settlement {
    pub(crate) status: Status,
    pub(crate) by: SettledBy,
}

/// A [`Cause`](crate::Cause), with the place of its reply in the kept replies.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum SettledBy {
    /// A reply to a command, or to the content before its end.
    Reply(KeptReply),
    /// A reply to the end of the content.
    ContentReply(KeptReply),
    Connections,
    Needs(Needs, Option<KeptReply>),
    Demanded(Needs, KeptReply),
    AuthRefused(Mechanism, KeptReply),
    NoMechanism,
    AuthAbandoned(Mechanism, KeptText),
    TooLarge(u64),
    NotOffered(Missing),
    Content(ContentError),
    Cancelled(Cancel),
    CannotRewind,
}

impl SettledBy {
    /// The reply that settled the status, if there is one.
    pub(crate) const fn reply(self) -> Option<KeptReply> {
        match self {
            Self::Reply(reply) | Self::ContentReply(reply) | Self::Demanded(_, reply) | Self::AuthRefused(_, reply) => {
                Some(reply)
            }
            Self::Needs(_, reply) => reply,
            Self::Connections
            | Self::NoMechanism
            | Self::AuthAbandoned(..)
            | Self::TooLarge(_)
            | Self::NotOffered(_)
            | Self::Content(_)
            | Self::Cancelled(_)
            | Self::CannotRewind => None,
        }
    }
}

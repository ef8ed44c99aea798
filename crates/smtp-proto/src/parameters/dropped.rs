//! Requests for notifications that a server did not get.

use alloc::vec::Vec;
use core::fmt;

/// Why a request for notifications about a recipient was not passed on, although the message was.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum NotificationDropped {
    /// The server does not offer DSN or DELIVERBY.
    NotOffered,
    /// The server refused MAIL or RCPT with the parameters, so the command was sent again without them.
    Refused,
}

impl NotificationDropped {
    /// The reason in one or two lowercase words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotOffered => "not offered",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for NotificationDropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotOffered => "without the requested notifications, which the server does not offer",
            Self::Refused => "without the requested notifications, which the server refused",
        })
    }
}

/// What the current transaction lacks of the parameters that the envelope asks for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Dropped {
    pub(crate) is_dsn_offered: bool,
    pub(crate) is_deliver_by_offered: bool,
    /// MAIL was refused, and then sent without what the message can do without.
    pub(crate) is_mail_refused: bool,
    /// The places of recipients for which RCPT was refused with its parameters, in order.
    pub(crate) rcpts_refused: Vec<usize>,
    /// Recipients that lack an extension on this connection.
    pub(crate) unfit: Vec<usize>,
    /// What earlier transactions lacked, for each of their recipients, in order.
    pub(crate) earlier: Vec<(usize, Option<NotificationDropped>)>,
}

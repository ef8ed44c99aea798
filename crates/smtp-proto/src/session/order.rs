//! Which command may come when (RFC 5321 section 4.1.4, RFC 2920 section 3.1).

use core::fmt;

use crate::{command::Command, report::Stage};

/// A command that may not come now. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Refused {
    /// The session is over, or QUIT was given.
    Over,
    /// The greeting has not come.
    Greeting,
    /// The order of RFC 5321 section 4.1.4 forbids it.
    Order,
    /// Earlier commands have to be answered first (RFC 2920).
    Unanswered,
    /// More was reported as sent than there is.
    NothingToSend,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Over => "the session is over",
            Self::Greeting => "the greeting has not come",
            Self::Order => "the command is out of order",
            Self::Unanswered => "earlier commands have to be answered first",
            Self::NothingToSend => "there are not so many octets to send",
        })
    }
}

impl core::error::Error for Refused {}

/// How far the commands have gone that were given, whether or not they are answered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Transaction {
    BeforeHello,
    None,
    Mail,
    Rcpt,
    Data,
    StartMailInput,
}

impl Transaction {
    /// RFC 5321 section 4.1.4: what this becomes with one more command; `None` if it may not come.
    pub(super) const fn with(self, command: &Command<'_>) -> Option<Self> {
        match (command, self) {
            (Command::Ehlo(_) | Command::Helo(_) | Command::Lhlo(_), Self::BeforeHello | Self::None)
            | (Command::Rset, Self::None | Self::Mail | Self::Rcpt) => Some(Self::None),
            (Command::Rset, Self::BeforeHello) => Some(Self::BeforeHello),
            (Command::Mail(..), Self::None) => Some(Self::Mail),
            (Command::Rcpt(_), Self::Mail | Self::Rcpt) => Some(Self::Rcpt),
            (Command::Data, Self::Rcpt) => Some(Self::Data),
            (Command::Noop | Command::Quit, Self::BeforeHello | Self::None | Self::Mail | Self::Rcpt) => Some(self),
            (_, Self::Data | Self::StartMailInput)
            | (Command::Ehlo(_) | Command::Helo(_) | Command::Lhlo(_), Self::Mail | Self::Rcpt)
            | (Command::Mail(..), Self::BeforeHello | Self::Mail | Self::Rcpt)
            | (Command::Rcpt(_), Self::BeforeHello | Self::None)
            | (Command::Data, Self::BeforeHello | Self::None | Self::Mail) => None,
        }
    }
}

/// RFC 2920 section 3.1: all other commands end their group.
pub(super) const fn may_be_followed(stage: Stage) -> bool {
    matches!(stage, Stage::Mail | Stage::Rcpt | Stage::Rset)
}

//! Which commands are allowed when (RFC 5321 section 4.1.4, RFC 2920 section 3.1).

use crate::{command::Command, stage::Stage};

/// The phase of the session after the commands so far, whether or not they are answered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Phase {
    BeforeHello,
    None,
    Mail,
    Rcpt,
    Data,
    StartMailInput,
    StartTls,
    /// AUTH or a response was sent.
    Auth,
    /// A challenge arrived, and must be answered.
    AuthChallenge,
}

impl Phase {
    /// The phase after `command`; `None` if the command is out of order (RFC 5321 section 4.1.4).
    pub(super) const fn with(self, command: &Command<'_>) -> Option<Self> {
        match (command, self) {
            (Command::Ehlo(_) | Command::Helo(_) | Command::Lhlo(_), Self::BeforeHello | Self::None)
            | (Command::Rset, Self::None | Self::Mail | Self::Rcpt) => Some(Self::None),
            (Command::Rset, Self::BeforeHello) => Some(Self::BeforeHello),
            (Command::StartTls, Self::None) => Some(Self::StartTls),
            (Command::Mail(..), Self::None) => Some(Self::Mail),
            (Command::Rcpt(..), Self::Mail | Self::Rcpt) => Some(Self::Rcpt),
            (Command::Data, Self::Rcpt) => Some(Self::Data),
            (
                Command::Vrfy(_) | Command::Help(_) | Command::Noop | Command::Quit,
                Self::BeforeHello | Self::None | Self::Mail | Self::Rcpt,
            ) => Some(self),
            (_, Self::Data | Self::StartMailInput | Self::StartTls | Self::Auth | Self::AuthChallenge)
            | (Command::StartTls | Command::Mail(..), Self::BeforeHello | Self::Mail | Self::Rcpt)
            | (Command::Ehlo(_) | Command::Helo(_) | Command::Lhlo(_), Self::Mail | Self::Rcpt)
            | (Command::Rcpt(..), Self::BeforeHello | Self::None)
            | (Command::Data, Self::BeforeHello | Self::None | Self::Mail) => None,
        }
    }
}

/// Whether more commands may be pipelined after this one. All others must be the last of a group (RFC 2920 section
/// 3.1).
pub(super) const fn may_be_followed(stage: Stage) -> bool {
    matches!(stage, Stage::Mail | Stage::Rcpt | Stage::Rset)
}

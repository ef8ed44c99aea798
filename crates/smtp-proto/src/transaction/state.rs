//! The states of a transaction.

use super::chunk_progress::Chunks;
use crate::{kept::KeptReply, retry::Point};

/// What preceded MAIL on this connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Origin {
    Ehlo,
    Helo,
    Lhlo,
    /// An earlier message.
    Message,
}

impl Origin {
    /// How far a connection has come before MAIL is answered, for the retry decision.
    pub(crate) const fn before_mail(self) -> Point {
        match self {
            Self::Ehlo => Point::Mail,
            Self::Helo => Point::Helo,
            Self::Lhlo => Point::Lhlo,
            Self::Message => Point::MailAgain,
        }
    }
}

/// The state of MAIL.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Mail {
    /// RSET was sent, and MAIL follows.
    Reset,
    Due,
    Taken,
    Refused,
}

/// The replies to RCPT so far.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Rcpts {
    NoneAnswered,
    /// All were refused with the same code. This is the last of them.
    AllRefused(KeptReply),
    Mixed,
}

/// The state of DATA and the content.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Data {
    NotAsked,
    Asked,
    /// DATA was refused although recipients were accepted.
    Refused,
    /// 354 arrived: the content is being sent.
    Content,
    /// 354 arrived although no recipient was accepted: only the final dot is sent.
    DotAlone,
    /// The end of the content was written.
    End,
    /// The content is sent with BDAT.
    Chunks(Chunks),
}

impl Data {
    /// Whether no content is sent or will be sent.
    pub(super) const fn is_over(self) -> bool {
        match self {
            Self::NotAsked => true,
            Self::Chunks(chunks) => chunks.is_stopped(),
            Self::Asked | Self::Refused | Self::Content | Self::DotAlone | Self::End => false,
        }
    }

    /// Whether DATA was answered with 354, or a chunk by a server that knows BDAT.
    pub(super) const fn is_taken(self) -> bool {
        match self {
            Self::NotAsked | Self::Asked | Self::Refused => false,
            Self::Content | Self::DotAlone | Self::End => true,
            Self::Chunks(chunks) => chunks.is_known(),
        }
    }
}

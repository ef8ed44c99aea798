//! The stages of a session.

use core::fmt;

/// How far a session has come: which reply is due, or whether content is being sent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Stage {
    /// There is no connection yet.
    Connect,
    /// The greeting is due.
    Greeting,
    /// The reply to EHLO is due.
    Ehlo,
    /// The reply to HELO is due.
    Helo,
    /// The reply to LHLO is due.
    Lhlo,
    /// The reply to STARTTLS is due.
    StartTls,
    /// The TLS handshake is under way.
    Handshake,
    /// The reply to AUTH, or to a response, is due.
    Auth,
    /// The reply to MAIL is due.
    Mail,
    /// A reply to RCPT is due.
    Rcpt,
    /// The reply to DATA is due.
    Data,
    /// The content, with its end, or a chunk of it, is being sent.
    Content,
    /// A chunk of the content that is not the last was sent with BDAT; its reply is due.
    Chunk,
    /// The end of the content, or its last chunk, was sent; its reply is due.
    ContentEnd,
    /// The reply to RSET is due.
    Rset,
    /// The reply to VRFY is due.
    Vrfy,
    /// The reply to HELP is due.
    Help,
    /// The reply to NOOP is due.
    Noop,
    /// The reply to QUIT is due.
    Quit,
    /// No reply is due.
    Idle,
}

impl Stage {
    /// The stage as one lowercase word, for programs. EHLO, HELO and LHLO are all `hello`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Greeting => "greeting",
            Self::Ehlo | Self::Helo | Self::Lhlo => "hello",
            Self::StartTls => "starttls",
            Self::Handshake => "handshake",
            Self::Auth => "auth",
            Self::Mail => "mail",
            Self::Rcpt => "rcpt",
            Self::Data => "data",
            Self::Content => "content",
            Self::Chunk => "chunk",
            Self::ContentEnd => "content-end",
            Self::Rset => "rset",
            Self::Vrfy => "vrfy",
            Self::Help => "help",
            Self::Noop => "noop",
            Self::Quit => "quit",
            Self::Idle => "idle",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::Greeting => "the greeting",
            Self::Ehlo => "EHLO",
            Self::Helo => "HELO",
            Self::Lhlo => "LHLO",
            Self::StartTls => "STARTTLS",
            Self::Handshake => "the TLS handshake",
            Self::Auth => "AUTH",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Content => "the content",
            Self::Chunk => "BDAT",
            Self::ContentEnd => "the end of the content",
            Self::Rset => "RSET",
            Self::Vrfy => "VRFY",
            Self::Help => "HELP",
            Self::Noop => "NOOP",
            Self::Quit => "QUIT",
            Self::Idle => "nothing",
        })
    }
}

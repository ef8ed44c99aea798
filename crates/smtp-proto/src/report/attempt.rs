//! The report on one connection.

use alloc::string::String;
use core::{fmt, iter};

use crate::{
    escape::Escaped,
    kept::{Kept, KeptReply},
    ledger::{Attempt, Ledger, TlsUse},
    mechanisms::Mechanism,
    outcome::{AttemptEnd, Disconnect, Hello},
    reply::Reply,
    security::TlsVersion,
    stage::Stage,
};

/// The attempts of a delivery, each with the name of its server if that is known.
#[derive(Clone, Copy)]
pub(super) struct Attempts<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) servers: &'a [Option<String>],
}

impl<'a> Attempts<'a> {
    pub(super) fn iter(self) -> impl Iterator<Item = AttemptReport<'a>> + use<'a> {
        let servers = self.servers.iter().map(Option::as_deref).chain(iter::repeat(None));
        let attempts = self.ledger.attempts.iter().zip(servers);
        attempts.map(move |(attempt, server)| AttemptReport { kept: &self.ledger.kept, attempt, server })
    }
}

/// The report on one attempt: the use of one connection for this message.
#[derive(Clone, Copy)]
pub struct AttemptReport<'a> {
    kept: &'a Kept,
    attempt: &'a Attempt,
    server: Option<&'a str>,
}

impl<'a> AttemptReport<'a> {
    /// The name of the server, if the report [was given it](super::Report::with_servers).
    pub const fn server(&self) -> Option<&'a str> {
        self.server
    }

    /// The hello that was sent last; `None` if none was sent.
    pub const fn hello(&self) -> Option<Hello> {
        self.attempt.hello
    }

    /// How far the connection came, or has come so far.
    pub const fn stage(&self) -> Stage {
        self.attempt.stage
    }

    /// How the attempt ended; `None` if it has not ended.
    pub const fn end(&self) -> Option<AttemptEnd> {
        self.attempt.end
    }

    /// Whether the connection had carried an earlier message.
    pub const fn reused(&self) -> bool {
        self.attempt.reused
    }

    /// The greeting; `None` if it did not arrive, or if the connection [was reused](Self::reused).
    pub fn greeting(&self) -> Option<Reply<'a>> {
        self.attempt.greeting.map(|reply| self.reply_of(reply))
    }

    /// The reply that accepted the hello. After EHLO or LHLO, it lists what the server offers.
    pub fn hello_reply(&self) -> Option<Reply<'a>> {
        self.attempt.hello_reply.map(|reply| self.reply_of(reply))
    }

    /// The reply that accepted the hello before STARTTLS; `None` if the connection was not secured like that. It lists
    /// what the server offers in clear.
    pub fn clear_hello_reply(&self) -> Option<Reply<'a>> {
        self.attempt.clear_hello_reply.map(|reply| self.reply_of(reply))
    }

    /// The reply that refused EHLO, if the server did so and did not close the connection with 421.
    pub fn ehlo_refusal(&self) -> Option<Reply<'a>> {
        self.attempt.ehlo_refusal.map(|reply| self.reply_of(reply))
    }

    /// The reply that ended the attempt, such as a refusal of hello, a 421, or an unsolicited reply.
    pub fn reply(&self) -> Option<Reply<'a>> {
        self.attempt.reply.map(|reply| self.reply_of(reply))
    }

    /// What became of TLS on this connection.
    pub fn tls(&self) -> TlsReport<'a> {
        match self.attempt.tls {
            TlsUse::NotWanted => TlsReport::NotWanted,
            TlsUse::NotOffered => TlsReport::NotOffered,
            TlsUse::Refused(reply) => TlsReport::Refused(self.reply_of(reply)),
            TlsUse::Verified(version) => TlsReport::Secured { version, unverified: None },
            TlsUse::Unverified(version, why) => TlsReport::Secured { version, unverified: Some(self.kept.text(why)) },
        }
    }

    /// The mechanism with which the client has authenticated on this connection, also for an earlier message; `None` if
    /// it has not.
    pub const fn mechanism(&self) -> Option<Mechanism> {
        self.attempt.mechanism
    }

    /// The caller's reason why connecting or TLS failed, or up to 256 octets of an invalid or incomplete reply. It may be any
    /// octets; display them [escaped](Escaped).
    pub fn detail(&self) -> &'a [u8] {
        self.kept.text(self.attempt.detail)
    }

    /// Whether something went wrong: the attempt has ended, but neither with QUIT nor with a kept connection, or
    /// there is a [`reply`](Self::reply).
    pub fn is_in_trouble(&self) -> bool {
        self.reply().is_some() || !matches!(self.end(), None | Some(AttemptEnd::Quit | AttemptEnd::Kept))
    }

    fn reply_of(&self, reply: KeptReply) -> Reply<'a> {
        self.kept.reply(reply)
    }
}

/// What became of TLS on a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TlsReport<'a> {
    /// It was not tried, or the handshake did not complete.
    NotWanted,
    /// The server does not offer STARTTLS.
    NotOffered,
    /// The server refused STARTTLS with this reply.
    Refused(Reply<'a>),
    /// The connection was secured.
    Secured {
        /// The version of TLS.
        version: TlsVersion,
        /// Why the server's certificate could not be verified; `None` if it was. It may be any text; display it
        /// [escaped](Escaped).
        unverified: Option<&'a [u8]>,
    },
}

impl fmt::Debug for AttemptReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("hello", &self.hello())
            .field("stage", &self.stage())
            .field("end", &self.end())
            .field("reused", &self.reused())
            .field("ehlo_refusal", &self.ehlo_refusal())
            .field("reply", &self.reply())
            .field("detail", &Escaped(self.detail()))
            .field("tls", &self.tls())
            .field("mechanism", &self.mechanism())
            .finish()
    }
}

impl fmt::Display for AttemptReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = self.stage();
        if let Some(refusal) = self.ehlo_refusal() {
            write!(f, "EHLO was refused with {refusal}; ")?;
        }
        match self.end() {
            None => write!(f, "open, waiting for {stage}")?,
            Some(AttemptEnd::Quit) => f.write_str("ended with QUIT")?,
            Some(AttemptEnd::Kept) => f.write_str("kept for the next message")?,
            Some(AttemptEnd::ConnectFailed) => f.write_str("could not connect")?,
            Some(AttemptEnd::TlsFailed) => f.write_str("the TLS handshake failed")?,
            Some(AttemptEnd::Lost(Disconnect::Closed)) => write!(f, "the server closed the connection at {stage}")?,
            Some(AttemptEnd::Lost(Disconnect::Reset)) => write!(f, "the server reset the connection at {stage}")?,
            Some(AttemptEnd::Lost(Disconnect::WriteFailed)) => write!(f, "writing failed at {stage}")?,
            Some(AttemptEnd::Lost(Disconnect::ReadFailed)) => write!(f, "reading failed at {stage}")?,
            Some(AttemptEnd::TimedOut) => write!(f, "the server did not answer in time at {stage}")?,
            Some(AttemptEnd::ServiceClosing) => write!(f, "the server ended the session at {stage}")?,
            Some(AttemptEnd::InvalidReply(kind)) => write!(f, "the server sent {kind} at {stage}")?,
            Some(AttemptEnd::Unsolicited) => write!(f, "the server sent an unsolicited reply at {stage}")?,
            Some(AttemptEnd::Unexpected) => write!(f, "the server sent an unexpected reply at {stage}")?,
            Some(AttemptEnd::ContentRefused) => f.write_str("the server refused the content before it ended")?,
            Some(AttemptEnd::Abandoned) => write!(f, "closed by the client at {stage}")?,
            Some(AttemptEnd::SessionLimit) => f.write_str("the server may have reached a session limit")?,
        }
        if let Some(reply) = self.reply() {
            write!(f, ": {reply}")?;
        } else if !self.detail().is_empty() {
            write!(f, ": {}", Escaped(self.detail()))?;
        }
        Ok(())
    }
}

//! A view of what became of one connection.

use alloc::string::String;
use core::{fmt, iter};

use crate::{
    escape::Escaped,
    kept::{Kept, KeptReply},
    ledger::{Attempt, Ledger},
    outcome::{AttemptEnd, Disconnect, Hello},
    reply::Reply,
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

/// What became of one connection, as far as this message is concerned.
#[derive(Clone, Copy)]
pub struct AttemptReport<'a> {
    kept: &'a Kept,
    attempt: &'a Attempt,
    server: Option<&'a str>,
}

impl<'a> AttemptReport<'a> {
    /// The server, if the report [was given its name](super::Report::with_servers).
    pub const fn server(&self) -> Option<&'a str> {
        self.server
    }

    /// The hello that was sent last, if one was.
    pub const fn hello(&self) -> Option<Hello> {
        self.attempt.hello
    }

    /// How far the connection had come when it ended, or has come.
    pub const fn stage(&self) -> Stage {
        self.attempt.stage
    }

    /// How it ended; `None` while it goes on.
    pub const fn end(&self) -> Option<AttemptEnd> {
        self.attempt.end
    }

    /// Whether the connection had served an earlier message.
    pub const fn reused(&self) -> bool {
        self.attempt.reused
    }

    /// The greeting, if one came on this connection for this message.
    pub fn greeting(&self) -> Option<Reply<'a>> {
        self.attempt.greeting.map(|reply| self.reply_of(reply))
    }

    /// The reply that accepted the hello: EHLO's lists what the server offers.
    pub fn hello_reply(&self) -> Option<Reply<'a>> {
        self.attempt.hello_reply.map(|reply| self.reply_of(reply))
    }

    /// The reply that refused EHLO, if the server refused it and stayed connected.
    pub fn ehlo_refusal(&self) -> Option<Reply<'a>> {
        self.attempt.ehlo_refusal.map(|reply| self.reply_of(reply))
    }

    /// The reply that ended the attempt: a refused hello, a 421, a reply that was not due.
    pub fn reply(&self) -> Option<Reply<'a>> {
        self.attempt.reply.map(|reply| self.reply_of(reply))
    }

    /// Why connecting failed, in the caller's words, or the octets that are not a valid reply. Any octets:
    /// show them [escaped](Escaped).
    pub fn detail(&self) -> &'a [u8] {
        self.kept.text(self.attempt.detail)
    }

    /// Whether there is more to say of it than that it ended in order, is kept or goes on.
    pub fn is_in_trouble(&self) -> bool {
        self.reply().is_some() || !matches!(self.end(), None | Some(AttemptEnd::Quit | AttemptEnd::Kept))
    }

    fn reply_of(&self, reply: KeptReply) -> Reply<'a> {
        self.kept.reply(reply)
    }
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
            Some(AttemptEnd::Quit) => f.write_str("ended in order")?,
            Some(AttemptEnd::Kept) => f.write_str("kept for the next message")?,
            Some(AttemptEnd::ConnectFailed) => f.write_str("could not connect")?,
            Some(AttemptEnd::Lost(Disconnect::Closed)) => write!(f, "the server closed the connection at {stage}")?,
            Some(AttemptEnd::Lost(Disconnect::Reset)) => write!(f, "the server reset the connection at {stage}")?,
            Some(AttemptEnd::Lost(Disconnect::WriteFailed)) => write!(f, "writing failed at {stage}")?,
            Some(AttemptEnd::Lost(Disconnect::ReadFailed)) => write!(f, "reading failed at {stage}")?,
            Some(AttemptEnd::TimedOut) => write!(f, "the server did not answer in time at {stage}")?,
            Some(AttemptEnd::ServiceClosing) => write!(f, "the server ended the session at {stage}")?,
            Some(AttemptEnd::InvalidReply(kind)) => write!(f, "the server sent {kind} at {stage}")?,
            Some(AttemptEnd::Unsolicited) => write!(f, "the server sent a reply that was not due at {stage}")?,
            Some(AttemptEnd::Unexpected) => write!(f, "the server sent a reply that is no answer to {stage}")?,
            Some(AttemptEnd::ContentRefused) => f.write_str("the server refused the content before it ended")?,
            Some(AttemptEnd::Abandoned) => write!(f, "closed by the client at {stage}")?,
            Some(AttemptEnd::SessionLimit) => f.write_str("the server may have reached a limit of the session")?,
        }
        if let Some(reply) = self.reply() {
            write!(f, ": {reply}")?;
        } else if !self.detail().is_empty() {
            write!(f, ": {}", Escaped(self.detail()))?;
        }
        Ok(())
    }
}

//! Views of what became of each recipient, and of each connection.

use alloc::vec::Vec;
use core::fmt;

use crate::{
    address::ForwardPath,
    cause::Cause,
    envelope::Envelope,
    escape::Escaped,
    ledger::{Attempt, Ledger},
    outcome::{AttemptEnd, Disconnect, Hello, Outcome, Status},
    recipients::{Recipient, SettledBy},
    reply::Reply,
    stage::Stage,
};

/// What is known of a delivery. It [is complete](Self::is_complete) when the delivery is done.
///
/// A report borrows from its delivery.
#[derive(Clone, Copy)]
pub struct Report<'a> {
    envelope: &'a Envelope,
    ledger: &'a Ledger,
}

impl<'a> Report<'a> {
    pub(crate) const fn new(envelope: &'a Envelope, ledger: &'a Ledger) -> Self {
        Self { envelope, ledger }
    }

    /// Every recipient that has its final status, in the order of the envelope. Before the report
    /// [is complete](Self::is_complete), recipients are missing.
    pub fn recipients(&self) -> impl Iterator<Item = RecipientReport<'a>> + use<'a> {
        let ledger = self.ledger;
        let paths = self.envelope.forward_paths().iter();
        paths.zip(ledger.recipients.iter()).filter_map(|(path, recipient)| match recipient {
            Recipient::Pending | Recipient::Accepted => None,
            Recipient::Settled(settled) => {
                Some(RecipientReport { path, status: settled.status, cause: cause(settled.by, ledger) })
            }
        })
    }

    /// Whether every recipient has its final status. Never for a [probe](crate::Delivery::probe), which has
    /// no recipients.
    pub fn is_complete(&self) -> bool {
        !self.envelope.forward_paths().is_empty() && self.ledger.recipients.all_settled()
    }

    /// What became of the message as a whole; `None` until the report [is complete](Self::is_complete).
    pub fn outcome(&self) -> Option<Outcome> {
        if self.is_complete() { Outcome::of(self.recipients().map(|recipient| recipient.status)) } else { None }
    }

    /// Every connection that was used or tried, in order.
    pub fn attempts(&self) -> impl Iterator<Item = AttemptReport<'a>> + use<'a> {
        let ledger = self.ledger;
        ledger.attempts.iter().map(|attempt| AttemptReport { ledger, attempt })
    }

    /// The longest line of the content, in octets without its line end, if it is longer than
    /// [`LONGEST_LINE`](crate::LONGEST_LINE). Such a line is sent as it is, and some servers refuse it.
    pub const fn longest_line(&self) -> Option<u64> {
        self.ledger.longest_line
    }
}

impl fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report")
            .field("recipients", &self.recipients().collect::<Vec<_>>())
            .field("attempts", &self.attempts().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// For people: a line for each recipient, then one for each connection, and one for an overlong line.
impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for recipient in self.recipients() {
            writeln!(f, "{recipient}")?;
        }
        for (index, attempt) in self.attempts().enumerate() {
            writeln!(f, "connection {}: {attempt}", index.saturating_add(1))?;
        }
        match self.longest_line() {
            Some(longest) => writeln!(f, "the content has a line of {longest} octets, which some servers refuse"),
            None => Ok(()),
        }
    }
}

/// What became of one recipient.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RecipientReport<'a> {
    /// The recipient, as the envelope names it.
    pub path: &'a ForwardPath,
    /// Its final status.
    pub status: Status,
    /// What settled the status.
    pub cause: Cause<'a>,
}

impl<'a> RecipientReport<'a> {
    /// The reply that settled the status, if one did.
    pub const fn reply(&self) -> Option<Reply<'a>> {
        self.cause.reply()
    }
}

impl fmt::Display for RecipientReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}> {}: {}", self.path, self.status, self.cause)
    }
}

fn cause(by: SettledBy, ledger: &Ledger) -> Cause<'_> {
    match by {
        SettledBy::Reply(reply) | SettledBy::ContentReply(reply) => Cause::Reply(ledger.kept.reply(reply)),
        SettledBy::Connections => Cause::Connections,
        SettledBy::Needs(needs, reply) => Cause::Needs { needs, reply: reply.map(|reply| ledger.kept.reply(reply)) },
        SettledBy::TooLarge(limit) => Cause::TooLarge(limit),
        SettledBy::Content(error) => Cause::Content(error),
        SettledBy::Cancelled(why) => Cause::Cancelled(why),
    }
}

/// What became of one connection, as far as this message is concerned.
#[derive(Clone, Copy)]
pub struct AttemptReport<'a> {
    ledger: &'a Ledger,
    attempt: &'a Attempt,
}

impl<'a> AttemptReport<'a> {
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
        self.attempt.greeting.map(|reply| self.ledger.kept.reply(reply))
    }

    /// The reply that accepted the hello: EHLO's lists what the server offers.
    pub fn hello_reply(&self) -> Option<Reply<'a>> {
        self.attempt.hello_reply.map(|reply| self.ledger.kept.reply(reply))
    }

    /// The reply that refused EHLO, if the server refused it and stayed connected.
    pub fn ehlo_refusal(&self) -> Option<Reply<'a>> {
        self.attempt.ehlo_refusal.map(|reply| self.ledger.kept.reply(reply))
    }

    /// The reply that ended the attempt: a refused hello, a 421, a reply that was not due.
    pub fn reply(&self) -> Option<Reply<'a>> {
        self.attempt.reply.map(|reply| self.ledger.kept.reply(reply))
    }

    /// Why connecting failed, in the caller's words, or the octets that are not a valid reply. Any octets:
    /// show them [escaped](Escaped).
    pub fn detail(&self) -> &'a [u8] {
        self.ledger.kept.text(self.attempt.detail)
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

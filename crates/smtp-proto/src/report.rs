//! What became of each recipient, and of each connection.

use alloc::vec::Vec;
use core::fmt;

use crate::{
    address::ForwardPath,
    content::ContentFault,
    envelope::{Envelope, Needs},
    escape::Escaped,
    ledger::{Attempt, Ledger},
    recipients::{Recipient, Settlement},
    reply::{Reply, ReplyFaultKind},
};

/// How far a session is: what it does, or whose reply is due.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
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
    /// The reply to MAIL is due.
    Mail,
    /// A reply to RCPT is due.
    Rcpt,
    /// The reply to DATA is due.
    Data,
    /// Content is being sent, its end included.
    Content,
    /// The end of the content was sent; its reply is due.
    ContentEnd,
    /// The reply to RSET is due.
    Rset,
    /// The reply to NOOP is due.
    Noop,
    /// The reply to QUIT is due.
    Quit,
    /// Nothing is due.
    Idle,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::Greeting => "the greeting",
            Self::Ehlo => "EHLO",
            Self::Helo => "HELO",
            Self::Lhlo => "LHLO",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Content => "the content",
            Self::ContentEnd => "the end of the content",
            Self::Rset => "RSET",
            Self::Noop => "NOOP",
            Self::Quit => "QUIT",
            Self::Idle => "nothing",
        })
    }
}

/// How the client said hello.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Hello {
    /// EHLO: with extensions.
    Ehlo,
    /// HELO: without.
    Helo,
    /// LHLO: LMTP.
    Lhlo,
}

/// What became of one recipient, for good.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Status {
    /// The server took the responsibility.
    Delivered,
    /// Not now; the same delivery can be tried again later.
    Deferred,
    /// Not at all; trying again unchanged does not help.
    Failed,
    /// The whole message was sent and the answer is not known. Sending again may make a duplicate.
    Unconfirmed,
}

/// What settled a status.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Cause {
    /// The reply that stands beside it.
    Reply,
    /// The way the connections ended: each attempt says why.
    Connections,
    /// What the message or the policy needs, and the server does not offer, HELO cannot carry, or this
    /// crate does not do yet.
    Needs(Needs),
    /// The server takes messages of so many octets, and this one is larger.
    TooLarge(u64),
    /// The message cannot be sent as it is.
    Content(ContentFault),
    /// The caller gave up.
    Cancelled(Cancel),
}

/// Why a caller gives a delivery up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Cancel {
    /// Somebody asked to stop.
    Interrupted,
    /// The bound on the whole delivery has passed.
    Deadline,
    /// The peer takes the content slower than the least rate allowed.
    TooSlow,
    /// The content cannot be read to its end.
    ContentUnreadable,
    /// The content is no longer what it was when the delivery began: it has fewer, more or other octets.
    ContentChanged,
}

impl fmt::Display for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interrupted => "the delivery was interrupted",
            Self::Deadline => "the delivery took longer than it may",
            Self::TooSlow => "the server takes the content too slowly",
            Self::ContentUnreadable => "the content could not be read to its end",
            Self::ContentChanged => "the content changed before it was sent",
        })
    }
}

/// How a connection was lost.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Disconnect {
    /// The peer closed it.
    Closed,
    /// The peer reset it.
    Reset,
    /// Writing to it failed.
    WriteFailed,
    /// Reading from it failed.
    ReadFailed,
}

/// How an attempt ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Ended {
    /// In order, with QUIT.
    Quit,
    /// It did not: the connection is kept for the next message.
    Kept,
    /// There was no connection.
    ConnectFailed,
    /// The connection was lost.
    Lost(Disconnect),
    /// Nothing came until the deadline.
    TimedOut,
    /// The server said 421, or 221 when it was not asked to.
    ServiceClosing,
    /// The server sent what is no reply.
    NotAReply(ReplyFaultKind),
    /// The server sent a reply that answers nothing.
    Unsolicited,
    /// The server sent a reply that is no answer to what it was asked.
    Unexpected,
    /// The server refused the content before it ended.
    ContentRefused,
    /// The client closed the connection, so that half a message is not taken for a whole one.
    Abandoned,
    /// The connection had served an earlier message, and the server refused MAIL or DATA as it would at a
    /// limit of the session: the client said QUIT, and the message got a new connection.
    SessionLimit,
}

/// What is known of a delivery: complete when the delivery is done.
#[derive(Clone, Copy)]
pub struct Report<'a> {
    envelope: &'a Envelope,
    ledger: &'a Ledger,
}

impl<'a> Report<'a> {
    pub(crate) const fn new(envelope: &'a Envelope, ledger: &'a Ledger) -> Self {
        Self { envelope, ledger }
    }

    /// Every recipient that has its final status, in the order of the envelope: all of them when
    /// the delivery is done.
    pub fn recipients(&self) -> impl Iterator<Item = RecipientReport<'a>> + use<'a> {
        let ledger = self.ledger;
        self.envelope.forward_paths().iter().zip(ledger.recipients.iter()).filter_map(|(path, recipient)| {
            match recipient {
                Recipient::Pending | Recipient::Accepted => None,
                Recipient::Settled(Settlement { status, cause, reply }) => {
                    Some(RecipientReport { path, status: *status, cause: *cause, reply: ledger.reply(*reply) })
                }
            }
        })
    }

    /// Every connection that was tried, in order.
    pub fn attempts(&self) -> impl Iterator<Item = AttemptReport<'a>> + use<'a> {
        let ledger = self.ledger;
        ledger.attempts.iter().map(|attempt| AttemptReport { ledger, attempt })
    }

    /// The longest line of the content that was sent, in octets without its line end, if it is above
    /// [`LONGEST_LINE`](crate::LONGEST_LINE): not every server takes it.
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

/// For people: a line for each recipient, then one for each connection, and one for what not every
/// server takes.
impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for recipient in self.recipients() {
            writeln!(f, "{recipient}")?;
        }
        for (index, attempt) in self.attempts().enumerate() {
            writeln!(f, "connection {}: {attempt}", index.saturating_add(1))?;
        }
        match self.longest_line() {
            Some(longest) => writeln!(f, "a line of the content has {longest} octets: not every server takes it"),
            None => Ok(()),
        }
    }
}

/// What became of one recipient.
#[derive(Clone, Copy, Debug)]
pub struct RecipientReport<'a> {
    /// Who.
    pub path: &'a ForwardPath,
    /// What became of the message for them.
    pub status: Status,
    /// What settled that.
    pub cause: Cause,
    /// The reply that settled it, if one did.
    pub reply: Option<Reply<'a>>,
}

impl fmt::Display for RecipientReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = match self.status {
            Status::Delivered => "delivered",
            Status::Deferred => "deferred",
            Status::Failed => "failed",
            Status::Unconfirmed => "unconfirmed",
        };
        write!(f, "<{}> {status}: ", self.path)?;
        match (self.cause, self.reply) {
            (Cause::Reply, Some(reply)) => write!(f, "{reply}"),
            (cause, _) => write!(f, "{cause}"),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reply => f.write_str("the server's reply"),
            Self::Connections => f.write_str("the connection failed"),
            Self::Needs(needs) => {
                let why = match needs.not_spoken() {
                    Needs::NONE => "the server does not offer or HELO cannot carry",
                    not_spoken if not_spoken == *needs => "this client does not do yet",
                    _ => "the server does not offer, HELO cannot carry or this client does not do yet",
                };
                write!(f, "it needs {needs}, which {why}")
            }
            Self::TooLarge(limit) => write!(f, "it is larger than the {limit} octets the server takes"),
            Self::Content(fault) => write!(f, "{fault}"),
            Self::Cancelled(cancel) => write!(f, "{cancel}"),
        }
    }
}

/// What became of one connection.
#[derive(Clone, Copy)]
pub struct AttemptReport<'a> {
    ledger: &'a Ledger,
    attempt: &'a Attempt,
}

impl<'a> AttemptReport<'a> {
    /// The hello that was said last, if one was.
    pub const fn hello(&self) -> Option<Hello> {
        self.attempt.hello
    }

    /// How far it had come when it ended, or has come.
    pub const fn stage(&self) -> Stage {
        self.attempt.stage
    }

    /// How it ended; `None` while it goes on.
    pub const fn ended(&self) -> Option<Ended> {
        self.attempt.ended
    }

    /// Whether the connection had served an earlier message.
    pub const fn reused(&self) -> bool {
        self.attempt.reused
    }

    /// The greeting, once it has come.
    pub fn greeting(&self) -> Option<Reply<'a>> {
        self.ledger.reply(self.attempt.greeting)
    }

    /// The reply that took the hello: what EHLO's offers.
    pub fn hello_reply(&self) -> Option<Reply<'a>> {
        self.ledger.reply(self.attempt.hello_reply)
    }

    /// The reply that refused EHLO, if the server did and the client went on with HELO.
    pub fn ehlo_refusal(&self) -> Option<Reply<'a>> {
        self.ledger.reply(self.attempt.ehlo_refusal)
    }

    /// The reply that decided how the attempt went: a refused hello, a 421.
    pub fn reply(&self) -> Option<Reply<'a>> {
        self.ledger.reply(self.attempt.reply)
    }

    /// What was said of it in words: why connecting failed, or the octets that are no reply.
    pub fn detail(&self) -> &'a [u8] {
        self.ledger.text(self.attempt.detail)
    }
}

impl fmt::Debug for AttemptReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("hello", &self.hello())
            .field("stage", &self.stage())
            .field("ended", &self.ended())
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
        match self.ended() {
            None => write!(f, "open, waiting for {stage}")?,
            Some(Ended::Quit) => f.write_str("ended in order")?,
            Some(Ended::Kept) => f.write_str("kept for the next message")?,
            Some(Ended::ConnectFailed) => f.write_str("could not connect")?,
            Some(Ended::Lost(Disconnect::Closed)) => write!(f, "the server closed the connection at {stage}")?,
            Some(Ended::Lost(Disconnect::Reset)) => write!(f, "the server reset the connection at {stage}")?,
            Some(Ended::Lost(Disconnect::WriteFailed)) => write!(f, "writing failed at {stage}")?,
            Some(Ended::Lost(Disconnect::ReadFailed)) => write!(f, "reading failed at {stage}")?,
            Some(Ended::TimedOut) => write!(f, "the server was silent at {stage}")?,
            Some(Ended::ServiceClosing) => write!(f, "the server ended the session at {stage}")?,
            Some(Ended::NotAReply(kind)) => write!(f, "the server sent {kind} at {stage}")?,
            Some(Ended::Unsolicited) => write!(f, "the server sent a reply to nothing at {stage}")?,
            Some(Ended::Unexpected) => write!(f, "the server sent a reply that does not fit at {stage}")?,
            Some(Ended::ContentRefused) => f.write_str("the server refused the content before it ended")?,
            Some(Ended::Abandoned) => write!(f, "closed by the client at {stage}")?,
            Some(Ended::SessionLimit) => f.write_str("the server may have reached a limit of the session")?,
        }
        if let Some(reply) = self.reply() {
            write!(f, ": {reply}")?;
        } else if !self.detail().is_empty() {
            write!(f, ": {}", Escaped(self.detail()))?;
        }
        Ok(())
    }
}

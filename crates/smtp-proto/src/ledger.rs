//! The records of a delivery, from which its report is made.

use alloc::{boxed::Box, vec::Vec};
use core::num::NonZeroU64;

use crate::{
    given::Given,
    kept::{Kept, KeptReply, KeptText},
    known_refusals::KnownRefusals,
    mechanisms::Mechanism,
    one_or_many::OneOrMany,
    outcome::{AttemptEnd, Hello, Status},
    parameters::Dropped,
    recipients::{Recipients, SettledBy, Settlement},
    reply::Severity,
    rounds::Rounds,
    security::TlsVersion,
    stage::Stage,
};

/// The records of a delivery.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) recipients: Recipients,
    pub(crate) attempts: OneOrMany<Attempt>,
    /// Not cleared between messages: what one message learned helps the next.
    pub(crate) known_refusals: KnownRefusals,
    pub(crate) longest_line: Option<NonZeroU64>,
    pub(crate) rounds: Option<Rounds>,
    /// What was given on an earlier connection of this delivery.
    pub(crate) given: Option<Box<Given>>,
    pub(crate) kept: Kept,
    /// `None` for most messages.
    pub(crate) dropped: Option<Box<Dropped>>,
}

/// The use of one connection for one message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Attempt {
    pub(crate) hello: Option<Hello>,
    pub(crate) stage: Stage,
    pub(crate) end: Option<AttemptEnd>,
    pub(crate) reused: bool,
    pub(crate) greeting: Option<KeptReply>,
    pub(crate) hello_reply: Option<KeptReply>,
    /// The reply to the hello that preceded STARTTLS.
    pub(crate) clear_hello_reply: Option<KeptReply>,
    pub(crate) ehlo_refusal: Option<KeptReply>,
    pub(crate) reply: Option<KeptReply>,
    pub(crate) detail: KeptText,
    pub(crate) tls: TlsUse,
    /// The mechanism with which the client has authenticated.
    pub(crate) mechanism: Option<Mechanism>,
}

/// What became of TLS on a connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum TlsUse {
    NotWanted,
    NotOffered,
    Refused(KeptReply),
    Verified(TlsVersion),
    /// The text says why.
    Unverified(TlsVersion, KeptText),
}

impl Attempt {
    pub(crate) const fn new(reused: bool) -> Self {
        Self {
            hello: None,
            stage: Stage::Connect,
            end: None,
            reused,
            greeting: None,
            hello_reply: None,
            clear_hello_reply: None,
            ehlo_refusal: None,
            reply: None,
            detail: KeptText::EMPTY,
            tls: TlsUse::NotWanted,
            mechanism: None,
        }
    }
}

impl Ledger {
    /// The records of the first message, with this many recipients.
    pub(crate) fn of(recipients: usize) -> Self {
        Self { recipients: Recipients::of(recipients), ..Self::default() }
    }

    /// Starts the records of a message with this many recipients.
    pub(crate) fn open(&mut self, recipients: usize) {
        self.recipients.reset(recipients);
        self.attempts.clear();
        self.kept.clear();
        self.longest_line = None;
        self.dropped = None;
        self.rounds = None;
        self.given = None;
    }

    /// Starts the records of a message that uses the connection of the one before, which was opened with `hello`.
    pub(crate) fn reopen(&mut self, recipients: usize, hello: Hello) {
        let last = self.attempts.last_mut();
        let (tls, mechanism) = last.map_or((TlsUse::NotWanted, None), |last| (last.tls, last.mechanism));
        // What the report says about TLS must survive.
        let text = match tls {
            TlsUse::Refused(reply) => self.kept.reply(reply).octets().to_vec(),
            TlsUse::Unverified(_, why) => self.kept.text(why).to_vec(),
            TlsUse::NotWanted | TlsUse::NotOffered | TlsUse::Verified(_) => Vec::new(),
        };
        self.open(recipients);
        let tls = match tls {
            TlsUse::Refused(reply) => TlsUse::Refused(reply.moved_to(self.kept.keep(&text))),
            TlsUse::Unverified(version, _) => TlsUse::Unverified(version, self.kept.keep(&text)),
            TlsUse::NotWanted | TlsUse::NotOffered | TlsUse::Verified(_) => tls,
        };
        self.attempts.push(Attempt { hello: Some(hello), tls, mechanism, ..Attempt::new(true) });
    }

    /// The current attempt, or the last one.
    pub(crate) fn attempt(&mut self) -> Option<&mut Attempt> {
        self.attempts.last_mut()
    }

    /// Gives every recipient that has no final status this one.
    pub(crate) fn settle(&mut self, status: Status, by: SettledBy) {
        self.recipients.settle_open(Settlement { status, by });
    }

    /// Makes the recipients of the transaction pending again: it starts over on another connection, where extensions
    /// may be offered that were missing on this one.
    pub(crate) fn reopen_recipients(&mut self) {
        self.recipients.reopen();
        self.reopen_unfit();
    }

    /// Makes the recipients that lack an extension on this connection pending again, for another connection.
    pub(crate) fn reopen_unfit(&mut self) {
        if let Some(dropped) = &mut self.dropped {
            dropped.unfit.drain(..).for_each(|recipient| self.recipients.reopen_at(recipient));
        }
    }

    /// The recipients that lack an extension keep their statuses: another transaction follows.
    pub(crate) fn keep_unfit(&mut self) {
        self.dropped.iter_mut().for_each(|dropped| dropped.unfit.clear());
    }

    /// DATA or the content was refused. A further transaction would not change that, so the recipients that are left
    /// for one are deferred.
    pub(crate) fn refuse_content(&mut self, severity: Severity, by: SettledBy) {
        self.recipients.settle_accepted(Settlement { status: severity.into(), by });
        self.settle(Status::Deferred, by);
    }

    /// Gives every recipient that has no final status that of a refusal.
    pub(crate) fn refuse_all(&mut self, severity: Severity, reply: KeptReply) {
        self.settle(severity.into(), SettledBy::Reply(reply));
    }
}

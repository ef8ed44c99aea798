//! Several transactions for one message: what each contains, and what follows it.

use core::num::NonZeroU32;

use super::{
    Delivery, MisuseError,
    plan::{Plan, Tls},
    state::State,
};
use crate::{
    choice::{Bounds, choose},
    command::Command,
    config::TlsPolicy,
    ledger::TlsUse,
    limits_offered::LimitsOffered,
    outcome::{Hello, Status},
    recipients::SettledBy,
    retry::{Achieved, Carrier, Further, after_transaction},
    rounds::Rounds,
    security::Security,
    stage::Stage,
    transaction::{NextMail, Origin, ReplyFacts, Transaction, Verdicts},
};

impl Delivery {
    /// Reports that the source of the content is at its start again. Answers [`Step::Rewind`](super::Step::Rewind).
    pub fn rewound(&mut self) -> Result<(), MisuseError> {
        let State::Rewinding(origin, _) = self.state else { return Err(MisuseError::NotRewinding) };
        self.ledger.rounds.get_or_insert_default().must_rewind = false;
        self.send_mail(origin);
        Ok(())
    }

    /// Reports that the content cannot be read again. Answers [`Step::Rewind`](super::Step::Rewind). The recipients
    /// that are left are deferred; those of the transactions before keep their statuses.
    pub fn cannot_rewind(&mut self) -> Result<(), MisuseError> {
        let State::Rewinding(origin, verdicts) = self.state else { return Err(MisuseError::NotRewinding) };
        self.ledger.settle(Status::Deferred, SettledBy::CannotRewind);
        self.finish(NextMail::Nothing, verdicts, origin);
        Ok(())
    }

    /// The recipients of a transaction are settled, but others are left.
    pub(super) fn finish_transaction(
        &mut self,
        transaction: Transaction,
        next_mail: NextMail,
        verdicts: Verdicts,
        reply: &ReplyFacts,
    ) {
        self.note_bound(transaction);
        self.ledger.keep_unfit();
        let is_spent = next_mail == NextMail::Never || self.is_spent();
        let carrier = if is_spent { Carrier::Spent } else { Carrier::Usable };
        let achieved = transaction.achieved();
        let further = after_transaction(achieved, carrier);
        match achieved {
            Achieved::Delivered => self.ledger.rounds.get_or_insert_default().must_rewind = true,
            // The server has not taken the content that was given.
            Achieved::AllRefused => self.keep_given(),
            Achieved::ContentRefused => {}
        }
        match (further, next_mail, achieved) {
            (Further::Defer, _, _) => {
                self.ledger.settle(Status::Deferred, SettledBy::Reply(reply.kept));
                self.finish(next_mail, verdicts, transaction.origin());
            }
            (Further::Elsewhere, _, _) => self.say_quit(verdicts),
            (Further::Here, NextMail::Rset, _) => self.say(&Command::Rset, State::Rset(Origin::Message)),
            (Further::Here, NextMail::Nothing | NextMail::Never, Achieved::Delivered) => {
                self.rewind(Origin::Message, verdicts);
            }
            (Further::Here, NextMail::Nothing | NextMail::Never, Achieved::AllRefused | Achieved::ContentRefused) => {
                self.begin_transaction(Origin::Message);
            }
        }
    }

    /// Asks for the content again. MAIL follows.
    pub(super) fn rewind(&mut self, origin: Origin, verdicts: Verdicts) {
        self.state = State::Rewinding(origin, verdicts);
        self.ledger.attempt().into_iter().for_each(|attempt| attempt.stage = Stage::Mail);
    }

    /// The transaction was full, or recipients are left for other reasons: remembers how many the server accepts.
    pub(super) fn note_bound(&mut self, transaction: Transaction) {
        let accepted = NonZeroU32::new(self.session.accepted());
        let rounds = self.ledger.rounds.get_or_insert_default();
        if transaction.is_full() {
            rounds.most = [rounds.most, accepted].into_iter().flatten().min();
        }
    }

    /// A transaction within this bound was accepted after a larger one was refused, so the bound is the server's.
    #[cold]
    pub(super) fn learn_bound(&mut self, rounds: Rounds, achieved: Achieved) {
        if let (Some(most), Achieved::Delivered) = (rounds.most, achieved) {
            self.host.learned = self.host.learned.with_recipients(Some(most.get()));
        }
    }

    /// Chooses the recipients of the next transaction on this connection. Returns `false` if there are none.
    pub(super) fn choose_recipients(&mut self) -> bool {
        let limits = self.limits_offered();
        let known = self.host.known.recipients();
        let rounds = self.ledger.rounds;
        let announced = limits.recipients.map(NonZeroU32::get);
        let bounds = [
            self.config.max_recipients(),
            known,
            announced,
            rounds.and_then(|rounds| rounds.most).map(NonZeroU32::get),
        ];
        let most = bounds.into_iter().flatten().fold(u32::MAX, u32::min).max(1) as usize;
        let is_divided = rounds.is_some() || self.ledger.recipients.are_divided();
        if is_divided || limits.recipient_domains.is_some() || most < self.ledger.recipients.len() {
            let domains = limits.recipient_domains.map(|domains| domains.get() as usize);
            return self.choose_within(Bounds { recipients: most, domains });
        }
        true
    }

    #[cold]
    fn choose_within(&mut self, bounds: Bounds) -> bool {
        let Self { ledger, envelope, used, .. } = self;
        let chosen = choose(ledger.recipients.left(), envelope.forward_paths(), bounds, &mut used.domains);
        if chosen.is_empty() {
            return false;
        }
        ledger.recipients.choose(chosen);
        true
    }

    /// Whether the server accepts no more transactions on this connection.
    pub(super) fn is_spent(&self) -> bool {
        self.limits_offered().transactions.is_some_and(|most| self.used.transactions >= most.get())
    }

    /// What the server limits on this connection, unless the policy ignores that.
    fn limits_offered(&self) -> LimitsOffered {
        if self.config.ignore_limits() { LimitsOffered::default() } else { self.session.capabilities().limits }
    }

    /// How the connection for a further transaction is used: like the current one.
    pub(super) fn further_plan(&mut self) -> Plan {
        let (hello, tls) = self.ledger.attempt().map_or((None, TlsUse::NotWanted), |last| (last.hello, last.tls));
        let is_clear = self.session.security() == Security::Clear;
        let first = self.first_plan();
        // Whatever is known about the host, this server has accepted EHLO.
        let hello = match hello {
            Some(Hello::Helo) => return self.helo_plan(),
            Some(hello) => hello,
            None => first.hello,
        };
        let tls = match (self.config.tls(), tls) {
            // TLS had failed.
            (TlsPolicy::Opportunistic, TlsUse::NotWanted) if is_clear => Tls::No,
            _ => first.tls,
        };
        Plan { hello, tls }
    }
}

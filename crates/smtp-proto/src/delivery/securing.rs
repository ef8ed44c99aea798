//! TLS: when a connection is secured, and what the delivery remembers of it.

use super::{
    Delivery, MisuseError, Place,
    host::Host,
    plan::{self, Plan, Tls},
    state::State,
    step::{Secure, Step},
};
use crate::{
    command::Command,
    config::TlsPolicy,
    known_host::KnownHost,
    ledger::TlsUse,
    needs::{Need, Needs},
    outcome::{AttemptEnd, Hello, Status},
    recipients::SettledBy,
    reply::{Class, Code, ReplyError, ReplyErrorKind},
    retry::{Interruption, Point},
    security::{Secured, Security},
    stage::Stage,
    timeouts::Timeout,
    transaction::{Origin, ReplyFacts, Verdicts},
};

impl Delivery {
    /// Tells the delivery what [earlier ones](KnownHost) learned about the server that it will connect to. Call it
    /// before each connection, because another address may be another server.
    pub fn know(&mut self, host: KnownHost) -> Result<(), MisuseError> {
        let State::Connecting(plan, place) = self.state else { return Err(MisuseError::AlreadyConnected) };
        self.host = Host { known: host, learned: KnownHost::UNKNOWN, ..self.host };
        let plan = match place {
            Place::Any => self.first_plan(),
            Place::Same => plan,
        };
        self.state = State::Connecting(plan, place);
        Ok(())
    }

    /// What this delivery has learned about the server of the last connection. Unless it is nothing, store it with the
    /// server's address and the time, for [`know`](Self::know).
    pub const fn known_host(&self) -> KnownHost {
        self.host.worth_knowing()
    }

    /// Reports that the TLS handshake has completed. Answers [`Step::Secure`](super::Step::Secure). If the policy
    /// requires a verified server, an unverified one counts as a failed handshake.
    pub fn secured(&mut self, facts: Secured<'_>) -> Result<(), MisuseError> {
        let (State::SecuringFirst(hello) | State::Securing(hello)) = self.state else {
            return Err(MisuseError::NotSecuring);
        };
        if self.must_verify() && facts.security() != Security::Verified {
            return self.secure_failed(facts.why_unverified());
        }
        if self.session.secured(facts.security()).is_err() {
            self.end(AttemptEnd::Abandoned, Interruption::ProtocolError, Point::Handshake, None);
            return Ok(());
        }
        let why = self.ledger.kept.keep(facts.why_unverified().as_bytes());
        if let Some(attempt) = self.ledger.attempt() {
            attempt.tls = match facts.security() {
                Security::Verified => TlsUse::Verified(facts.version()),
                Security::Unverified | Security::Clear => TlsUse::Unverified(facts.version(), why),
            };
        }
        let learned = self.host.learned.with_secured(true);
        self.host = Host { learned, has_secured: true, can_bind: facts.can_bind(), ..self.host };
        let plan = Plan { hello, tls: Tls::No };
        match self.state {
            State::SecuringFirst(_) => self.enter(State::Greeting(plan)),
            _ => self.greeted(plan),
        }
        Ok(())
    }

    /// Reports that the TLS handshake failed. `why` goes into the report. Answers
    /// [`Step::Secure`](super::Step::Secure). Drop the connection: no QUIT follows.
    pub fn secure_failed(&mut self, why: &str) -> Result<(), MisuseError> {
        let (State::SecuringFirst(_) | State::Securing(_)) = self.state else { return Err(MisuseError::NotSecuring) };
        let detail = self.ledger.kept.keep(why.as_bytes());
        self.note_detail(detail);
        self.end(AttemptEnd::TlsFailed, Interruption::HangUp, Point::Handshake, None);
        Ok(())
    }

    /// Octets in clear although TLS starts before the greeting.
    #[cold]
    pub(super) fn received_before_handshake(&mut self, octets: &[u8]) {
        if !octets.is_empty() {
            let error = ReplyError::new(ReplyErrorKind::BeforeHandshake, &[]);
            self.on_invalid_reply(&error);
        }
    }

    pub(super) fn poll_handshake(&self) -> Step<'_> {
        let timeout = Timeout::new(self.config.timeouts().tls(), self.session.progress());
        Step::Secure(Secure::new(self.must_verify(), timeout))
    }

    /// What the delivery needs, including what is known about the server.
    pub(super) fn needs(&self) -> Needs {
        plan::needs(&self.config, &self.envelope, &self.host)
    }

    /// The needs that HELO does not meet, on this connection or on one that is secured like it.
    pub(super) fn needs_beyond_helo(&self) -> Needs {
        match self.session.security() {
            Security::Clear => self.needs(),
            Security::Unverified => self.needs().without(Need::Tls).with_what_require_tls_lacks(Security::Unverified),
            Security::Verified => self.needs().without(Need::Tls).without(Need::VerifiedTls),
        }
    }

    /// How the first connection is used, and each one with which the delivery starts over.
    pub(super) fn first_plan(&self) -> Plan {
        Plan::first(&self.config, &self.envelope, &self.host)
    }

    /// How the connection for the retry with HELO is used.
    pub(super) fn helo_plan(&self) -> Plan {
        Plan::helo(self.config.tls(), self.session.security())
    }

    /// EHLO or LHLO was accepted: STARTTLS follows if the connection is to be secured and is not yet.
    pub(super) fn on_hello_accepted(&mut self, plan: Plan, reply: &ReplyFacts, origin: Origin) {
        let is_offered = self.session.capabilities().starttls;
        if let Some(attempt) = self.ledger.attempt() {
            match plan.tls {
                Tls::No | Tls::Implicit => attempt.hello_reply = Some(reply.kept),
                Tls::IfOffered | Tls::Required if is_offered => attempt.clear_hello_reply = Some(reply.kept),
                Tls::IfOffered | Tls::Required => {
                    attempt.hello_reply = Some(reply.kept);
                    attempt.tls = TlsUse::NotOffered;
                }
            }
        }
        match plan.tls {
            Tls::IfOffered | Tls::Required if is_offered => self.say(&Command::StartTls, State::StartTls(plan.hello)),
            Tls::Required => self.without_tls(None),
            Tls::No | Tls::Implicit | Tls::IfOffered => self.begin_transaction(origin),
        }
    }

    pub(super) fn on_starttls_reply(&mut self, hello: Hello, reply: &ReplyFacts) {
        match reply.code.meaning() {
            _ if reply.code == Code::SERVICE_READY => self.enter(State::Securing(hello)),
            Class::Success | Class::Intermediate => self.on_out_of_step(Stage::StartTls, reply),
            Class::Refusal(_) => {
                if let Some(attempt) = self.ledger.attempt() {
                    attempt.tls = TlsUse::Refused(reply.kept);
                    attempt.hello_reply = attempt.clear_hello_reply.take();
                }
                let needs = self.needs();
                // Credentials need TLS once it is offered, even if the caller allows them in clear.
                if needs.forbid_clear() || needs.contains(Need::Auth) {
                    return self.without_tls(Some(reply));
                }
                self.begin_transaction(match hello {
                    Hello::Lhlo => Origin::Lhlo,
                    Hello::Ehlo | Hello::Helo => Origin::Ehlo,
                });
            }
        }
    }

    /// The message needs TLS, which the server does not offer, or refused.
    fn without_tls(&mut self, reply: Option<&ReplyFacts>) {
        let needs = Needs::NONE.with(Need::Tls);
        self.ledger.settle(Status::Deferred, SettledBy::Needs(needs, reply.map(|reply| reply.kept)));
        self.say_quit(Verdicts::Final);
    }

    fn must_verify(&self) -> bool {
        match self.config.tls() {
            TlsPolicy::Required | TlsPolicy::Implicit => true,
            TlsPolicy::Never | TlsPolicy::Opportunistic => false,
        }
    }
}

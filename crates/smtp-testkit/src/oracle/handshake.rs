//! Inputs and outputs of TLS and authentication.

use smtp_proto::{
    AuthPolicy, AuthRequest, Authenticate, Delivery, Escaped, KnownHost, Place, Secure, TlsPolicy, TlsVersion,
};

use super::{
    Clock, Oracle, Phase, Promise, Violation,
    auth_turn::{Ask, AuthTurn, Try},
    base64,
    channel::Channel,
    exchange::Verb,
    plan::Plan,
    table::End,
    turn::Turn,
};

impl Oracle {
    /// This must not be shown from now on: neither as it is nor in base64.
    pub fn hide(&mut self, secret: &[u8]) {
        self.secrets.hide(secret);
    }

    /// Whether connections may be secured, or the client authenticates.
    pub(crate) fn is_secure(&self) -> bool {
        self.task.config.tls() != TlsPolicy::Never || *self.task.config.auth() != AuthPolicy::Never
    }

    /// Whether there is anything that must not be shown.
    pub fn has_secrets(&self) -> bool {
        !self.secrets.is_empty()
    }

    /// Checks that a text has no secret. `what` is its name.
    pub fn check_shown(&self, what: &str, octets: &[u8]) -> Result<(), Violation> {
        match self.secrets.find_shown(octets) {
            None => Ok(()),
            Some(secret) => Err(Violation::new(
                Promise::NoSecrets,
                format!("{what} shows the secret {secret:?}: {:?}", Escaped(octets)),
            )),
        }
    }

    /// Checks what is known about the server now.
    pub fn check_known(&self, delivery: &Delivery) -> Result<(), Violation> {
        let known = delivery.known_host();
        let right = match (self.learned, self.known) {
            (KnownHost::UNKNOWN, _) => KnownHost::UNKNOWN,
            (learned, known) => learned
                .with_recipients(learned.recipients().or(known.recipients()))
                .with_lockstep(learned.lockstep() || known.lockstep()),
        };
        if known == right {
            return Ok(());
        }
        Err(Violation::new(Promise::RetryTable, format!("{known:?} is known about the server; expected {right:?}")))
    }

    pub(super) fn know(&mut self, host: KnownHost) {
        self.known = host;
        self.task.parts.known = host.recipients().map(|most| most as usize);
        self.task.learn(self.has_secured || host.secured());
        self.learned = KnownHost::UNKNOWN;
        if self.phase == Phase::Connecting(Place::Any) {
            self.plan = Plan::first(&self.task, host);
        }
    }

    pub(super) fn secured(&mut self, version: TlsVersion, is_verified: bool, can_bind: bool) {
        if self.task.must_verify() && !is_verified {
            return self.end(End::SecureFailed);
        }
        self.has_secured = true;
        self.learned = self.learned.with_secured(true);
        self.task.learn(true);
        self.connection.secured(version, is_verified, can_bind);
        self.progressed();
    }

    pub(super) fn auth_start(&mut self, initial: Option<&[u8]>) {
        let Some((mechanism, Ask::Start(_))) = self.asked() else { return };
        let mut line = format!("AUTH {}", mechanism.name()).into_bytes();
        match initial {
            None => {}
            Some([]) => line.extend_from_slice(b" ="),
            Some(initial) => {
                line.push(b' ');
                line.extend(base64(initial));
                self.secrets.send(initial, self.connection.replies.all());
            }
        }
        self.connection.given.owed = Some((Verb::Auth, line));
        self.connection.given.tries.push(Try { mechanism, has_initial: initial.is_some() });
        self.progressed();
    }

    pub(super) fn auth_response(&mut self, response: &[u8]) {
        self.secrets.send(response, self.connection.replies.all());
        self.connection.given.owed = Some((Verb::Response, base64(response)));
        self.progressed();
    }

    pub(super) fn auth_abandon(&mut self) {
        let Some((mechanism, _)) = self.asked() else { return };
        self.connection.given.abandoned = Some(mechanism);
    }

    /// The timeout starts again.
    fn progressed(&mut self) {
        self.clock.changes_left += 1;
        self.clock.must_change = true;
    }

    /// Learns from the reply to HELO whether it is needed.
    pub(super) fn learn_hello(&mut self, verb: Verb, code: u16) {
        let hung_up = !self.connection.said(Verb::Ehlo) && self.connection.channel == Channel::Clear;
        if verb == Verb::Helo && code < 300 && code != 220 && hung_up {
            self.learned = self.learned.with_helo_only(!self.known.helo_only());
        }
    }

    pub(super) fn handshake_wanted(&mut self, secure: Secure) -> Result<(), Violation> {
        if self.connection.turn(&self.task) != Turn::Secure {
            return Err(Violation::new(Promise::RetryTable, "it asks for a handshake that was not agreed on"));
        }
        if secure.must_verify != self.task.must_verify() {
            return Err(Violation::new(Promise::NothingInClear, format!("must_verify is {}", secure.must_verify)));
        }
        self.check_wait(secure.timeout, self.task.config.timeouts().tls())
    }

    pub(super) fn auth_wanted(&self, step: &Authenticate<'_>) -> Result<(), Violation> {
        if self.connection.turn(&self.task) == Turn::Authenticate {
            if let Some((mechanism, ask)) = self.asked() {
                if ask.is(mechanism, step) {
                    return Ok(());
                }
                let promise = match (step.request, &ask) {
                    (AuthRequest::Start { .. }, Ask::Start(_)) if mechanism == step.mechanism => Promise::WholeLines,
                    _ => Promise::RetryTable,
                };
                return Err(Violation::new(promise, format!("it asks for {step:?}; expected {mechanism:?}, {ask:?}")));
            }
        }
        let promise = match self.connection.auth_turn(&self.task) {
            AuthTurn::Unmet(_) => Promise::NothingInClear,
            _ if self.may_not_login() => Promise::NothingInClear,
            _ => Promise::RetryTable,
        };
        Err(Violation::new(promise, format!("it asks for {step:?} out of turn")))
    }

    /// Whether policy forbids to send credentials over this connection.
    pub(super) fn may_not_login(&self) -> bool {
        self.connection.channel != Channel::Verified && !self.task.allows_auth_in_clear()
    }

    /// Whether nothing of the message may be sent over this connection.
    pub(super) fn may_not_send(&self) -> bool {
        let needs = self.task.needs;
        match self.connection.channel {
            Channel::Clear => super::plan::forbids_clear(needs),
            Channel::Unverified => {
                self.task.must_verify()
                    || needs.contains(smtp_proto::Need::RequireTls)
                    || needs.contains(smtp_proto::Need::VerifiedTls)
            }
            Channel::Verified => false,
        }
    }

    /// The promise that a wrong line breaks: what was offered in clear does not count once the connection is secured.
    pub(super) fn broken_by(&mut self, text: &[u8], otherwise: Promise) -> Promise {
        let Some(offers) = self.connection.in_clear.clone() else { return otherwise };
        let mut connection = self.connection.clone();
        connection.offers = offers;
        let is_hello = |text: &[u8]| text.get(1..4) == Some(b"HLO") || text.starts_with(b"HELO");
        match (self.connection.turn(&self.task), connection.turn(&self.task)) {
            // No hello was said since the handshake.
            (Turn::Say(Verb::Ehlo | Verb::Helo | Verb::Lhlo), _) if !is_hello(text) => Promise::NothingFromBeforeTls,
            (_, Turn::Say(verb)) => {
                connection.write_line(verb, &self.task, &mut self.right);
                if self.right.as_bytes() == text { Promise::NothingFromBeforeTls } else { otherwise }
            }
            _ => otherwise,
        }
    }
}

impl Clock {
    /// There is a new connection.
    pub(super) fn restart(&mut self) {
        *self = Self::default();
    }
}

//! Authentication (RFC 4954). The driver computes the responses; see [`Step::Authenticate`].

use super::{
    Delivery, MisuseError,
    exchange::{Authenticating, Phase},
    state::State,
    step::{AuthRequest, Authenticate, Step},
};
use crate::{
    auth::{AfterAuthRefusal, AuthPolicy, AuthRefusal, after_auth_refusal, decode},
    kept::{KeptReply, KeptText},
    ledger::Ledger,
    mechanisms::{Mechanism, Mechanisms},
    needs::{Need, Needs},
    outcome::{AttemptEnd, Status},
    recipients::SettledBy,
    reply::{Code, Reply},
    retry::Interruption,
    security::Security,
    stage::Stage,
    transaction::{Origin, ReplyFacts, Verdicts},
};

/// The most challenges in one exchange. No mechanism needs more than three.
const MOST_CHALLENGES: u8 = 10;

impl Delivery {
    /// Starts the exchange, with an initial response if there is one. Answers [`AuthRequest::Start`].
    pub fn auth_start(&mut self, initial: Option<&[u8]>) -> Result<(), MisuseError> {
        let State::Authenticating(auth @ Authenticating { phase: Phase::Start, .. }) = self.state else {
            return Err(MisuseError::NotAuthenticating);
        };
        match (initial, auth.room()) {
            (None, _) => {}
            (Some(initial), Some(room)) if initial.len() <= room => {}
            (Some(_), _) => return Err(MisuseError::InitialResponseTooLong),
        }
        let given = self.session.authenticate(auth.mechanism, initial);
        self.after_giving(given.is_ok(), Authenticating { phase: Phase::Sent { initial: initial.is_some() }, ..auth });
        Ok(())
    }

    /// Gives the response to a challenge, which may be empty. Answers [`AuthRequest::Challenge`]. The octets are wiped
    /// once they are sent.
    pub fn auth_response(&mut self, response: &[u8]) -> Result<(), MisuseError> {
        let State::Authenticating(auth @ Authenticating { phase: Phase::Challenge(challenge), .. }) = self.state else {
            return Err(MisuseError::NotAuthenticating);
        };
        self.ledger.kept.forget_text(challenge);
        let given = self.session.auth_response(response);
        self.after_giving(given.is_ok(), Authenticating { phase: Phase::Sent { initial: false }, ..auth });
        Ok(())
    }

    /// Confirms that the exchange is complete, and that the server has proved who it is if the mechanism asks for that.
    /// Answers [`AuthRequest::Success`].
    pub fn auth_complete(&mut self) -> Result<(), MisuseError> {
        let State::Authenticating(Authenticating { phase: Phase::Success, origin, mechanism, .. }) = self.state else {
            return Err(MisuseError::NotAuthenticating);
        };
        if let Some(attempt) = self.ledger.attempt() {
            attempt.mechanism = Some(mechanism);
        }
        self.begin_transaction(origin);
        Ok(())
    }

    /// Gives up the authentication, such as after a challenge that is not valid, or if the server did not prove who it
    /// is. Answers any [`AuthRequest`]. Recipients are deferred, and `why` goes into the report.
    pub fn auth_abandon(&mut self, why: &str) -> Result<(), MisuseError> {
        let State::Authenticating(auth) = self.state else { return Err(MisuseError::NotAuthenticating) };
        if let Phase::Sent { .. } | Phase::Cancelled = auth.phase {
            return Err(MisuseError::NotAuthenticating);
        }
        self.give_up(auth, why);
        Ok(())
    }

    /// Replies that contain this secret, such as a password, as it is or in base64, are cut off after their codes in
    /// reports and in Debug output. What is sent to authenticate is hidden like this anyway, in base64. Only
    /// fingerprints of the secret are kept. See [`shows_secret`](Self::shows_secret) for traces.
    pub fn hide(&mut self, secret: &[u8]) {
        self.session.hide(secret);
    }

    /// Whether these octets contain a secret that was sent to authenticate or [hidden](Self::hide). Do not trace lines
    /// that the server sent if they do.
    pub fn shows_secret(&self, octets: &[u8]) -> bool {
        self.session.is_hidden(octets)
    }

    /// Whether there are secrets that a server might echo.
    pub fn has_secrets(&self) -> bool {
        self.session.hides()
    }

    pub(super) fn poll_authentication(&self, auth: &Authenticating) -> Step<'_> {
        let request = match auth.phase {
            Phase::Start => AuthRequest::Start { initial: auth.room() },
            Phase::Challenge(challenge) => AuthRequest::Challenge(self.ledger.kept.text(challenge)),
            Phase::Success => AuthRequest::Success,
            Phase::Sent { .. } | Phase::Cancelled => return self.poll_session(),
        };
        Step::Authenticate(Authenticate::new(auth.mechanism, request))
    }

    /// Whether the client must authenticate on this connection before the message is sent.
    pub(super) fn must_authenticate(&self) -> bool {
        matches!(self.config.auth(), AuthPolicy::Required(_)) && !self.session.is_authenticated()
    }

    /// Starts to authenticate, if that is allowed on this connection.
    pub(super) fn authenticate(&mut self, origin: Origin) {
        let AuthPolicy::Required(how) = self.config.auth() else { return };
        let security = self.session.security();
        let missing = match (how.is_allowed_over(security), security, self.session.capabilities().auth) {
            (false, Security::Clear, _) => Need::Tls,
            (false, Security::Unverified | Security::Verified, _) => Need::VerifiedTls,
            (true, _, None) => Need::Auth,
            (true, _, Some(_)) => {
                return self.try_next(Authenticating {
                    origin,
                    // Replaced by the first that can be used.
                    mechanism: Mechanism::Anonymous,
                    tried: Mechanisms::NONE,
                    refusal: None,
                    refused: None,
                    alone: false,
                    challenges: 0,
                    phase: Phase::Start,
                });
            }
        };
        self.ledger.settle(Status::Deferred, SettledBy::Needs(Needs::NONE.with(missing), None));
        self.say_quit(Verdicts::Final);
    }

    /// What a reply to AUTH means.
    #[cold]
    /// Keeps a challenge until it is answered; `None` if it is not base64.
    pub(super) fn keep_challenge(ledger: &mut Ledger, reply: &Reply<'_>) -> Option<KeptText> {
        let is_one_line = reply.after_first_line().is_empty();
        is_one_line.then(|| decode(reply.first_line())).flatten().map(|challenge| ledger.kept.keep(&challenge))
    }

    pub(super) fn on_challenge(&mut self, challenge: Option<KeptText>) {
        let State::Authenticating(auth) = self.state else { return };
        let challenges = auth.challenges.saturating_add(1);
        match (challenge, auth.phase) {
            // RFC 4954 section 4: the reply to `*` is 501.
            (_, Phase::Cancelled) => self.done(AttemptEnd::Unexpected),
            (None, _) => self.give_up(auth, "the server sent a challenge that is not base64"),
            (Some(_), _) if challenges > MOST_CHALLENGES => self.give_up(auth, "the server sent too many challenges"),
            (Some(challenge), _) => {
                let phase = Phase::Challenge(challenge);
                self.state = State::Authenticating(Authenticating { challenges, phase, ..auth });
            }
        }
    }

    pub(super) fn on_auth_reply(&mut self, auth: Authenticating, reply: &ReplyFacts) {
        let Phase::Sent { initial } = auth.phase else {
            // The reply to `*`: a refusal, or success that came too late.
            return match reply.code.severity() {
                None if reply.code != Code::AUTHENTICATED => self.done(AttemptEnd::Unexpected),
                _ => self.say_quit(Verdicts::Final),
            };
        };
        let Some(refusal) = AuthRefusal::of(reply.code, initial) else {
            if reply.code == Code::AUTHENTICATED {
                self.ledger.kept.forget(reply.kept);
                self.state = State::Authenticating(Authenticating { phase: Phase::Success, ..auth });
                return;
            }
            return self.on_out_of_step(Stage::Auth, reply);
        };
        let auth = Authenticating { refusal: Some((auth.mechanism, reply.kept)), ..auth };
        match after_auth_refusal(refusal, self.session.security(), auth.refused.is_some()) {
            AfterAuthRefusal::Alone => {
                self.state =
                    State::Authenticating(Authenticating { alone: true, challenges: 0, phase: Phase::Start, ..auth });
            }
            AfterAuthRefusal::NextMechanism => self.try_next(auth),
            AfterAuthRefusal::OneMore => {
                self.try_next(Authenticating { refused: Some(auth.mechanism), ..auth });
            }
            AfterAuthRefusal::Defer => self.auth_refused(auth.refusal),
        }
    }

    /// Tries the next mechanism, if there is one.
    fn try_next(&mut self, auth: Authenticating) {
        let AuthPolicy::Required(how) = self.config.auth() else { return };
        let offered = self.session.capabilities().auth.unwrap_or_default();
        let Some(mechanism) = how.choose(offered, auth.tried, auth.refused, self.host.can_bind) else {
            return self.auth_refused(auth.refusal);
        };
        let tried = auth.tried.with(mechanism);
        let phase = Phase::Start;
        self.enter(State::Authenticating(Authenticating {
            mechanism,
            tried,
            phase,
            alone: false,
            challenges: 0,
            ..auth
        }));
    }

    fn auth_refused(&mut self, refusal: Option<(Mechanism, KeptReply)>) {
        let by = match refusal {
            Some((mechanism, reply)) => SettledBy::AuthRefused(mechanism, reply),
            None => SettledBy::NoMechanism,
        };
        self.ledger.settle(Status::Deferred, by);
        self.say_quit(Verdicts::Final);
    }

    fn give_up(&mut self, auth: Authenticating, why: &str) {
        let why = self.ledger.kept.keep(why.as_bytes());
        self.ledger.settle(Status::Deferred, SettledBy::AuthAbandoned(auth.mechanism, why));
        match auth.phase {
            Phase::Start | Phase::Success => self.say_quit(Verdicts::Final),
            Phase::Sent { .. } | Phase::Challenge(_) | Phase::Cancelled => {
                let given = self.session.cancel_auth();
                self.after_giving(given.is_ok(), Authenticating { phase: Phase::Cancelled, ..auth });
            }
        }
    }

    /// Waits for the reply. If the session did not take what was given, ends it; every recipient still gets a status.
    fn after_giving(&mut self, is_taken: bool, auth: Authenticating) {
        if is_taken {
            self.enter(State::Authenticating(auth));
        } else {
            self.end_unheard(AttemptEnd::Abandoned, Interruption::ProtocolError);
        }
    }
}

//! Authentication as its server sees it (RFC 4954): what is due is derived from all commands and replies.

use smtp_proto::{AuthPolicy, Authentication, Mechanism, Need};

use super::{
    auth_turn::{Ask, AuthTurn, Try},
    base64::from_base64,
    channel::Channel,
    connection::Connection,
    exchange::{Answer, Exchange, Verb},
    task::Task,
};

/// More challenges than this are not answered.
const MOST_CHALLENGES: usize = 10;

/// The longest command line (RFC 4954 section 4).
const LONGEST_LINE: usize = 512;

impl Connection {
    /// Where the authentication is, once the hello was accepted and TLS is settled.
    pub(super) fn auth_turn(&self, task: &Task) -> AuthTurn {
        let AuthPolicy::Required(how) = task.config.auth() else { return AuthTurn::Past };
        if self.given.is_complete {
            return AuthTurn::Past;
        }
        match self.channel {
            Channel::Clear if !how.in_clear() => return AuthTurn::Unmet(Need::Tls),
            Channel::Unverified if !how.in_clear() => return AuthTurn::Unmet(Need::VerifiedTls),
            _ => {}
        }
        if self.offers.auth.is_none() {
            return AuthTurn::Unmet(Need::Auth);
        }
        if let Some(mechanism) = self.given.abandoned {
            return AuthTurn::GivenUp(mechanism);
        }
        if let Some((verb, _)) = self.given.owed {
            return AuthTurn::Owed(verb);
        }
        let Some(tried) = self.given.tries.last().copied() else {
            return self.next_mechanism(how, None).map_or(AuthTurn::NoMechanism, start);
        };
        let said = self.lines_of(self.given.tries.len() - 1);
        if said.iter().any(|line| self.is_invalid_challenge(line)) {
            return AuthTurn::GivenUp(tried.mechanism);
        }
        let challenges = said.iter().filter(|line| line.code() == Some(334)).count();
        let Some(answer) = said.last().and_then(|line| line.answer) else { return AuthTurn::Listen };
        match answer.code {
            334 if challenges > MOST_CHALLENGES => AuthTurn::GivenUp(tried.mechanism),
            334 => AuthTurn::Ask(tried.mechanism, Ask::Challenge(self.challenge(answer).unwrap_or_default())),
            235 => AuthTurn::Ask(tried.mechanism, Ask::Success),
            // Some servers do not understand an initial response.
            500 | 501 if tried.has_initial && said.len() == 1 => AuthTurn::Ask(tried.mechanism, Ask::Start(None)),
            code => {
                let next = if self.may_try_another(code) {
                    self.next_mechanism(how, (code == 535).then_some(tried.mechanism))
                } else {
                    None
                };
                next.map_or(AuthTurn::Refused(tried.mechanism, answer), start)
            }
        }
    }

    /// Whether another mechanism may follow this refusal of the last one.
    fn may_try_another(&self, code: u16) -> bool {
        let before = 0..self.given.tries.len() - 1;
        let refused_before = before.into_iter().any(|index| self.last_code_of(index) == Some(535));
        let by_mechanism = matches!(code, 500..=502 | 504 | 534 | 538);
        !refused_before && (by_mechanism || (code == 535 && self.channel == Channel::Verified))
    }

    /// Whether an authentication is under way.
    pub(super) fn is_authenticating(&self, task: &Task) -> bool {
        let is_next = || matches!(self.auth_turn(task), AuthTurn::Ask(..) | AuthTurn::Owed(_) | AuthTurn::Listen);
        self.greeted() && !self.lacks_tls(task) && is_next()
    }

    /// The first mechanism of the policy that can be used and was not tried. `refused`: the one with which the
    /// credentials were refused.
    fn next_mechanism(&self, how: &Authentication, refused: Option<Mechanism>) -> Option<Mechanism> {
        let wanted = how.mechanisms().iter().copied();
        let untried = wanted.filter(|mechanism| self.given.tries.iter().all(|tried| tried.mechanism != *mechanism));
        let mut usable = untried.filter(|mechanism| {
            let offered = self.offers.auth.as_ref().is_some_and(|names| names.contains(&mechanism.name().to_owned()));
            offered && (self.can_bind || !is_bound(*mechanism))
        });
        usable.find(|next| {
            refused.is_none_or(|refused| {
                let shows_password = refused.name().starts_with("SCRAM-") && gives_secret_away(*next);
                let gives_up_binding = is_bound(refused) && !is_bound(*next);
                how.any_order() || (!shows_password && !gives_up_binding)
            })
        })
    }

    /// The lines that the AUTH command with this index and its exchange consist of, without `*`.
    fn lines_of(&self, index: usize) -> Vec<&Exchange> {
        let mut lines = self.exchanges.iter().filter(|line| line.is_of_auth()).peekable();
        for _ in 0..index {
            lines.next();
            while lines.next_if(|line| line.verb != Verb::Auth).is_some() {}
        }
        let first = lines.next();
        first.into_iter().chain(lines.take_while(|line| line.verb == Verb::Response)).collect()
    }

    fn last_code_of(&self, index: usize) -> Option<u16> {
        self.lines_of(index).last().and_then(|line| line.code())
    }

    fn is_invalid_challenge(&self, line: &Exchange) -> bool {
        line.answer.is_some_and(|answer| answer.code == 334 && self.challenge(answer).is_none())
    }

    /// The octets of a challenge.
    fn challenge(&self, answer: Answer) -> Option<Vec<u8>> {
        let reply = self.replies.octets(answer.start, answer.end);
        let line = reply.strip_suffix(b"\n")?;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.contains(&b'\n') {
            return None;
        }
        from_base64(line.get(4..).unwrap_or_default())
    }

    /// The refusal that a later hang-up does not undo, and its mechanism.
    pub(super) fn auth_refusal(&self) -> Option<(Mechanism, Answer)> {
        if self.given.is_complete {
            return None;
        }
        let tries = self.given.tries.iter().enumerate().rev();
        let refusal = |(index, tried): (usize, &Try)| {
            let answer = self.lines_of(index).last()?.answer?;
            (answer.code >= 400).then_some((tried.mechanism, answer))
        };
        tries.into_iter().find_map(refusal)
    }

    /// Whether `*` must be sent, because the last reply was a challenge.
    pub(super) fn star_is_due(&self) -> bool {
        self.exchanges.iter().rfind(|line| line.is_of_auth()).is_some_and(|line| line.code() == Some(334))
    }

    /// The mechanism with which the client has authenticated, also for an earlier message.
    pub(super) fn mechanism(&self) -> Option<Mechanism> {
        let last = self.given.tries.last().map(|tried| tried.mechanism);
        last.filter(|_| self.given.is_complete)
    }
}

fn start(mechanism: Mechanism) -> AuthTurn {
    AuthTurn::Ask(mechanism, Ask::Start(Some(room(mechanism))))
}

/// The longest initial response, in octets before base64.
pub(super) fn room(mechanism: Mechanism) -> usize {
    let rest = format!("AUTH {} \r\n", mechanism.name()).len();
    (0..LONGEST_LINE).rev().find(|octets| octets.div_ceil(3) * 4 + rest <= LONGEST_LINE).unwrap_or_default()
}

fn is_bound(mechanism: Mechanism) -> bool {
    mechanism.name().ends_with("-PLUS")
}

fn gives_secret_away(mechanism: Mechanism) -> bool {
    ["PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"].contains(&mechanism.name())
}

//! How a connection is secured, and what a report must say about that.

use smtp_proto::{Config, KnownHost, Need, Needs, Protocol, TlsPolicy, TlsReport, TlsVersion};

use super::{connection::Connection, exchange::Verb, task::Task};

/// How a connection is secured so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Channel {
    #[default]
    Clear,
    Unverified,
    Verified,
}

/// How a connection is to be secured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wish {
    Clear,
    /// With STARTTLS, if it is offered.
    IfOffered,
    /// With STARTTLS, before the message.
    StartTls,
    /// Before the greeting.
    Implicit,
}

/// What a new connection is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Plan {
    /// The hello that precedes MAIL.
    pub(super) hello: Verb,
    pub(super) wish: Wish,
}

impl Plan {
    /// How a delivery starts.
    pub(super) fn first(task: &Task, known: KnownHost) -> Self {
        let wish = match task.config.tls() {
            TlsPolicy::Required => Wish::StartTls,
            TlsPolicy::Implicit => Wish::Implicit,
            TlsPolicy::Opportunistic if forbids_clear(task.needs) => Wish::StartTls,
            TlsPolicy::Opportunistic => Wish::IfOffered,
            _ => Wish::Clear,
        };
        let helo_is_enough = task.needs.is_empty() && task.allows_helo_retry() && task.config.tls() == TlsPolicy::Never;
        let hello = match task.config.protocol() {
            Protocol::Lmtp => Verb::Lhlo,
            Protocol::Smtp if known.helo_only() && helo_is_enough => Verb::Helo,
            Protocol::Smtp => Verb::Ehlo,
        };
        Self { hello, wish }
    }

    /// After TLS failed.
    pub(super) fn in_clear(task: &Task) -> Self {
        Self { hello: first_hello(&task.config), wish: Wish::Clear }
    }

    /// After a hang-up on EHLO: secured like the connection before.
    pub(super) fn with_helo(task: &Task, before: Channel) -> Self {
        let wish = match (task.config.tls(), before) {
            (TlsPolicy::Implicit, _) => Wish::Implicit,
            (_, Channel::Clear) => Wish::Clear,
            (_, Channel::Unverified | Channel::Verified) => Wish::StartTls,
        };
        Self { hello: Verb::Helo, wish }
    }

    /// The hello that is said first: STARTTLS needs EHLO.
    pub(super) fn says_first(self, channel: Channel) -> Verb {
        match (self.wish, self.hello, channel) {
            (Wish::StartTls, Verb::Helo, Channel::Clear) => Verb::Ehlo,
            (_, hello, _) => hello,
        }
    }
}

fn first_hello(config: &Config) -> Verb {
    match config.protocol() {
        Protocol::Smtp => Verb::Ehlo,
        Protocol::Lmtp => Verb::Lhlo,
    }
}

/// Whether a message with these needs must never be sent in clear.
pub(super) fn forbids_clear(needs: Needs) -> bool {
    [Need::Tls, Need::VerifiedTls, Need::RequireTls].into_iter().any(|need| needs.contains(need))
}

/// Whether TLS that is offered and fails must not be given up: credentials need it even if policy allows them in clear.
pub(super) fn forbids_giving_up_tls(needs: Needs) -> bool {
    forbids_clear(needs) || needs.contains(Need::Auth)
}

/// What a report must say about TLS on a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TlsFact {
    None,
    NotOffered,
    Refused(u16),
    Secured {
        version: TlsVersion,
        is_verified: bool,
    },
    /// Something that this oracle does not know.
    Other,
}

impl From<TlsReport<'_>> for TlsFact {
    fn from(report: TlsReport<'_>) -> Self {
        match report {
            TlsReport::NotWanted => Self::None,
            TlsReport::NotOffered => Self::NotOffered,
            TlsReport::Refused(reply) => Self::Refused(reply.code().get()),
            TlsReport::Secured { version, unverified } => Self::Secured { version, is_verified: unverified.is_none() },
            _ => Self::Other,
        }
    }
}

impl Connection {
    /// Whether a handshake must be under way: nothing may be sent or received.
    pub(super) fn is_handshaking(&self) -> bool {
        let accepted = || self.find(Verb::StartTls).is_some_and(|starttls| starttls.code() == Some(220));
        self.is_open && self.channel == Channel::Clear && (self.plan.wish == Wish::Implicit || accepted())
    }

    /// Whether STARTTLS is due or unanswered, or the handshake is under way.
    pub(super) fn is_securing(&self) -> bool {
        let unanswered = || self.find(Verb::StartTls).is_some_and(|starttls| starttls.answer.is_none());
        self.is_handshaking() || unanswered() || self.starttls_is_due()
    }

    /// Whether STARTTLS follows.
    pub(super) fn starttls_is_due(&self) -> bool {
        let wished = matches!(self.plan.wish, Wish::IfOffered | Wish::StartTls) && self.is_clear_after_hello();
        wished && self.offers.starttls && !self.said(Verb::StartTls)
    }

    /// Whether the connection remains in clear although it must not: STARTTLS is not offered or was refused.
    pub(super) fn lacks_tls(&self, task: &Task) -> bool {
        if !self.is_clear_after_hello() {
            return false;
        }
        match self.find(Verb::StartTls) {
            None => self.plan.wish == Wish::StartTls && !self.offers.starttls,
            Some(starttls) => starttls.refused() && forbids_giving_up_tls(task.needs),
        }
    }

    /// Whether EHLO or LHLO was accepted in clear, on this connection and for this message.
    fn is_clear_after_hello(&self) -> bool {
        let extended = matches!(self.last_hello(), Some(Verb::Ehlo | Verb::Lhlo));
        !self.reused && extended && self.channel == Channel::Clear && self.greeted()
    }

    /// The needs that HELO does not meet, on this connection or on one that is secured like it.
    pub(super) fn needs_beyond_helo(&self, task: &Task) -> Needs {
        let is_met = |need: &Need| match need {
            Need::Tls => self.channel != Channel::Clear,
            Need::VerifiedTls => self.channel == Channel::Verified,
            _ => false,
        };
        let needs = task.needs.iter().filter(|need| !is_met(need)).fold(Needs::NONE, Needs::with);
        match self.channel {
            // A server that was not verified does not count.
            Channel::Unverified if needs.contains(Need::RequireTls) => needs.with(Need::VerifiedTls),
            _ => needs,
        }
    }

    /// A handshake has completed: what was said before it does not count.
    pub(super) fn secured(&mut self, version: TlsVersion, is_verified: bool, can_bind: bool) {
        let after_starttls = self.said(Verb::StartTls);
        self.channel = if is_verified { Channel::Verified } else { Channel::Unverified };
        (self.version, self.can_bind) = (Some(version), can_bind);
        self.in_clear = after_starttls.then_some(self.offers.clone());
        self.offers = super::Offers::default();
        self.replies.clear();
        if after_starttls {
            // As if the server had just greeted the client.
            self.exchanges.clear();
            self.push_greeting(Some(220));
        }
    }

    /// What a report must say about TLS.
    pub(super) fn tls_fact(&self) -> TlsFact {
        if let (Some(carried), true) = (self.carried, self.reused) {
            return carried;
        }
        let refused = self.find(Verb::StartTls).filter(|starttls| starttls.refused());
        match (self.version, refused.and_then(super::exchange::Exchange::code)) {
            (Some(version), _) => TlsFact::Secured { version, is_verified: self.channel == Channel::Verified },
            (None, Some(code)) => TlsFact::Refused(code),
            (None, None) => {
                let wished = matches!(self.plan.wish, Wish::IfOffered | Wish::StartTls);
                let missing = wished && self.is_clear_after_hello() && !self.offers.starttls;
                if missing { TlsFact::NotOffered } else { TlsFact::None }
            }
        }
    }
}

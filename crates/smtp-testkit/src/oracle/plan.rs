//! What a new connection is for, and how it is to be secured.

use smtp_proto::{Config, KnownHost, Need, Needs, Protocol, TlsPolicy};

use super::{channel::Channel, exchange::Verb, task::Task};

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
        let helo_is_enough = task.needs.is_empty()
            && !task.prefers_ehlo()
            && task.allows_helo_retry()
            && task.config.tls() == TlsPolicy::Never;
        let hello = match task.config.protocol() {
            Protocol::Lmtp => Verb::Lhlo,
            Protocol::Smtp if known.helo_only() && helo_is_enough => Verb::Helo,
            Protocol::Smtp => Verb::Ehlo,
        };
        Self { hello, wish }
    }

    /// The same, with the hello that the server has accepted, if it has one.
    pub(super) fn with_hello(self, accepted: Option<Verb>) -> Self {
        Self { hello: accepted.unwrap_or(self.hello), ..self }
    }

    /// After BDAT was answered as an unknown command: secured like the connection before.
    pub(super) fn with_data(task: &Task, before: Channel) -> Self {
        Self { hello: first_hello(&task.config), ..Self::with_helo(task, before) }
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

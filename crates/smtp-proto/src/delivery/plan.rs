//! How a connection is used.

use super::host::Host;
use crate::{
    config::{Config, HeloRetry, Protocol, TlsPolicy},
    envelope::Envelope,
    needs::{Need, Needs},
    outcome::Hello,
    requests::Requests,
    security::Security,
};

/// How a connection is used.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Plan {
    /// The hello that precedes MAIL.
    pub(super) hello: Hello,
    pub(super) tls: Tls,
}

/// How a connection is secured.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Tls {
    /// Not at all, or it is secured already.
    No,
    /// With STARTTLS if it is offered.
    IfOffered,
    /// With STARTTLS, or the message is not sent.
    Required,
    /// Before the greeting.
    Implicit,
}

impl Plan {
    /// For the first connection of a delivery, and for each one with which it starts over.
    pub(super) fn first(config: &Config, envelope: &Envelope, host: &Host) -> Self {
        let needs = needs(config, envelope, host);
        let tls = match config.tls() {
            TlsPolicy::Never => Tls::No,
            TlsPolicy::Opportunistic if needs.forbid_clear() => Tls::Required,
            TlsPolicy::Opportunistic => Tls::IfOffered,
            TlsPolicy::Required => Tls::Required,
            TlsPolicy::Implicit => Tls::Implicit,
        };
        let skips_ehlo = host.known.helo_only()
            && tls == Tls::No
            && needs.is_empty()
            && !envelope.requests().is_some_and(Requests::prefer_ehlo)
            && config.helo_retry() != HeloRetry::Never;
        let hello = match config.protocol() {
            Protocol::Lmtp => Hello::Lhlo,
            Protocol::Smtp if skips_ehlo => Hello::Helo,
            Protocol::Smtp => Hello::Ehlo,
        };
        Self { hello, tls }
    }

    /// For the retry with HELO: the connection is secured like the one before, which had this security.
    pub(super) fn helo(policy: TlsPolicy, before: Security) -> Self {
        let tls = match (policy, before) {
            (TlsPolicy::Implicit, _) => Tls::Implicit,
            (TlsPolicy::Never | TlsPolicy::Opportunistic | TlsPolicy::Required, Security::Clear) => Tls::No,
            (_, Security::Unverified | Security::Verified) => Tls::Required,
        };
        Self { hello: Hello::Helo, tls }
    }
}

/// What a delivery needs, including what is known about the server.
pub(super) fn needs(config: &Config, envelope: &Envelope, host: &Host) -> Needs {
    let needs = config.needs(envelope);
    match config.tls() {
        TlsPolicy::Opportunistic if host.has_secured || host.known.secured() => needs.with(Need::Tls),
        TlsPolicy::Opportunistic | TlsPolicy::Never | TlsPolicy::Required | TlsPolicy::Implicit => needs,
    }
}

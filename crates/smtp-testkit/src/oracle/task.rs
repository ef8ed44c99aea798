//! What to deliver, and how.

use std::sync::Arc;

use smtp_proto::{AuthPolicy, Chunking, Config, Envelope, HeloRetry, Need, Needs, TlsPolicy};

use super::{offers, parts::Parts};

/// What to deliver, and how.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) config: Arc<Config>,
    pub(super) envelope: Arc<Envelope>,
    pub(super) needs: Needs,
    pub(super) parts: Parts,
    /// Whether BDAT may be used: policy allows it, and the server has not answered it as an unknown command.
    pub(super) has_bdat: bool,
    /// Whether the envelope asks for anything beyond its addresses.
    pub(super) has_parameters: bool,
}

impl Task {
    /// `is_secure_host`: whether the server is known to support TLS.
    pub(super) fn new(config: Arc<Config>, envelope: Arc<Envelope>, is_secure_host: bool) -> Self {
        let parts = Parts::all(envelope.forward_paths().len());
        let has_bdat = config.chunking() == Chunking::Auto;
        let mut task = Self { needs: Needs::NONE, has_bdat, has_parameters: false, config, envelope, parts };
        task.has_parameters = task.prefers_ehlo();
        task.learn(is_secure_host);
        task
    }

    /// Opportunistic TLS becomes required at a server that is known to support it.
    pub(super) fn learn(&mut self, is_secure_host: bool) {
        self.needs = offers::needs(&self.config, &self.envelope);
        if is_secure_host && self.config.tls() == TlsPolicy::Opportunistic {
            self.needs = self.needs.with(Need::Tls);
        }
    }

    /// Whether the server's certificate must be verified for the handshake to count.
    pub(super) fn must_verify(&self) -> bool {
        matches!(self.config.tls(), TlsPolicy::Required | TlsPolicy::Implicit)
    }

    pub(super) fn allows_helo_retry(&self) -> bool {
        self.config.helo_retry() != HeloRetry::Never
    }

    /// Whether credentials may be sent in clear.
    pub(super) fn allows_auth_in_clear(&self) -> bool {
        matches!(self.config.auth(), AuthPolicy::Required(how) if how.in_clear())
    }
}

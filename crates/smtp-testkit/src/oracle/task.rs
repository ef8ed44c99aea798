//! What to deliver, and how.

use std::sync::Arc;

use smtp_proto::{AuthPolicy, Config, Envelope, Needs, TlsPolicy};

use super::offers;

/// What to deliver, and how. The same on every connection.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) config: Arc<Config>,
    pub(super) envelope: Arc<Envelope>,
    pub(super) needs: Needs,
}

impl Task {
    pub(super) fn new(config: Arc<Config>, envelope: Arc<Envelope>) -> Self {
        let needs = offers::needs(&config, &envelope);
        Self { config, envelope, needs }
    }

    /// Whether nothing of the message may be sent in clear.
    pub(super) fn must_be_secured(&self) -> bool {
        self.config.tls() == TlsPolicy::Required || self.config.auth() == AuthPolicy::Required
    }
}

//! What a delivery knows about its server.

use crate::known_host::KnownHost;

/// What is known about the server.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Host {
    /// What the caller knows.
    pub(super) known: KnownHost,
    /// What this delivery has learned.
    pub(super) learned: KnownHost,
    /// Whether a handshake has completed since the delivery began. Then no later connection of it may be in clear.
    pub(super) has_secured: bool,
    /// Whether the server has answered BDAT as an unknown command since the delivery began. Then BDAT is not used again.
    pub(super) has_refused_bdat: bool,
    /// Whether an authentication can be bound to the current connection.
    pub(super) can_bind: bool,
}

impl Host {
    /// A server hung up on EHLO, and has now accepted HELO. If HELO was sent because that was known, this is not new.
    pub(super) const fn learn_helo_only(&mut self) {
        self.learned = self.learned.with_helo_only(!self.known.helo_only());
    }

    /// What to remember about the server. A bound on recipients that was known and used stays known with the rest.
    pub(super) const fn worth_knowing(&self) -> KnownHost {
        let Self { known, learned, .. } = self;
        match (learned.recipients(), learned.secured() || learned.helo_only()) {
            (None, true) => learned.with_recipients(known.recipients()),
            (None, false) | (Some(_), _) => *learned,
        }
    }

    /// For a new delivery, which starts with a new connection.
    pub(super) const fn for_new_delivery(self) -> Self {
        Self { learned: KnownHost::UNKNOWN, has_secured: false, has_refused_bdat: false, ..self }
    }
}

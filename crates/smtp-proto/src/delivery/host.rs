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

    /// What to remember about the server. What was known and used stays known with what is new.
    pub(super) const fn worth_knowing(&self) -> KnownHost {
        let Self { known, learned, .. } = *self;
        let is_new = learned.secured() || learned.helo_only() || learned.lockstep();
        let recipients = match (learned.recipients(), is_new) {
            (None, false) => return KnownHost::UNKNOWN,
            (None, true) => known.recipients(),
            (Some(most), _) => Some(most),
        };
        learned.with_recipients(recipients).with_lockstep(learned.lockstep() || known.lockstep())
    }

    /// A connection has ended like this, after commands that were sent together.
    pub(super) const fn learn_lockstep(&mut self) {
        self.learned = self.learned.with_lockstep(true);
    }

    /// For a new delivery, which starts with a new connection.
    pub(super) const fn for_new_delivery(self) -> Self {
        Self { learned: KnownHost::UNKNOWN, has_secured: false, has_refused_bdat: false, ..self }
    }
}

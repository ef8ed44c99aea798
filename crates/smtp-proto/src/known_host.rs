//! What earlier deliveries learned about a server.

use core::time::Duration;

/// What earlier deliveries to one address learned about the server there.
///
/// Take it from [`Delivery::known_host`](crate::Delivery::known_host) when a delivery is done or asks for another
/// connection. Unless it is [unknown](Self::UNKNOWN), store it with the address and the time, and pass it to
/// [`Delivery::know`](crate::Delivery::know) before the next delivery to that address connects.
///
/// Nobody on the path can use it to make a delivery less secure. [`secured`](Self::secured) only forbids what would
/// otherwise be sent in clear, and it is learned from a handshake that completed, not from an offer, which can be
/// forged. [`helo_only`](Self::helo_only) is used only where nothing needs EHLO and TLS is
/// [never](crate::TlsPolicy::Never) used. [`recipients`](Self::recipients) only divides a message into more
/// transactions, and [`lockstep`](Self::lockstep) only takes more round trips.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct KnownHost {
    secured: bool,
    helo_only: bool,
    recipients: Option<u32>,
    lockstep: bool,
}

impl KnownHost {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self { secured: false, helo_only: false, recipients: None, lockstep: false };

    /// How long the knowledge is used: one day.
    pub const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

    /// This knowledge after some time: nothing once it is older than [`LIFETIME`](Self::LIFETIME).
    #[must_use]
    pub const fn at_age(self, age: Duration) -> Self {
        if age.as_secs() < Self::LIFETIME.as_secs() { self } else { Self::UNKNOWN }
    }

    settings! {
        /// Whether a TLS handshake with the server has completed. Messages are then not sent to it in clear.
        secured, with_secured: bool;
        /// Whether the server hung up on EHLO and accepted HELO on a new connection. HELO is then sent at once.
        helo_only, with_helo_only: bool;
        /// The most recipients that the server accepts in one transaction, as its refusals have shown. Further ones are
        /// then not asked for in the same transaction.
        recipients, with_recipients: Option<u32>;
        /// Whether the server offered PIPELINING and then lost step with commands that were sent together: replies did
        /// not fit, or one was missing. Each command is then sent only once the one before is answered.
        lockstep, with_lockstep: bool;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knowledge_expires_after_a_day() {
        let known = KnownHost::UNKNOWN.with_secured(true).with_helo_only(true);
        let almost = Duration::from_secs(KnownHost::LIFETIME.as_secs() - 1);
        assert_eq!(known.at_age(Duration::ZERO), known);
        assert_eq!(known.at_age(almost), known);
        assert_eq!(known.at_age(KnownHost::LIFETIME), KnownHost::UNKNOWN);
        assert_eq!(known.at_age(Duration::MAX), KnownHost::UNKNOWN);
    }
}

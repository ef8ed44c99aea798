//! What earlier deliveries learned about servers, by address.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use smtp_proto::KnownHost;

use crate::endpoint::Endpoint;

/// What earlier deliveries learned about servers, by address. Each entry is used for
/// [one day](KnownHost::LIFETIME).
///
/// Clones share their entries, so that several clients can use the same. They are kept in memory only.
#[derive(Clone, Default, Debug)]
pub struct KnownHosts(Arc<Mutex<HashMap<Endpoint, (KnownHost, Instant)>>>);

impl KnownHosts {
    /// No entries.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn of(&self, server: &Endpoint, now: Instant) -> KnownHost {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(server).map_or(KnownHost::UNKNOWN, |(known, since)| known.at_age(now.duration_since(*since)))
    }

    pub(crate) fn learn(&self, server: &Endpoint, learned: KnownHost, now: Instant) {
        if learned != KnownHost::UNKNOWN {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(server.clone(), (learned, now));
        }
    }
}

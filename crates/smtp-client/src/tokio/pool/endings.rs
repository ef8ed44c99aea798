//! Connections that are being ended with QUIT.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    sync::{Notify, futures::Notified},
    task::JoinSet,
};

use super::idle::Kept;
use crate::NextHop;

/// How many connections are being ended. They count until they are closed.
#[derive(Default, Debug)]
pub(super) struct Endings {
    to_hosts: Mutex<HashMap<NextHop, usize>>,
    closed: Notify,
}

/// A connection that is being ended. It is closed when this is dropped.
#[derive(Debug)]
pub(super) struct Ending {
    host: NextHop,
    kept: Option<Box<Kept>>,
    all: Arc<Endings>,
}

impl Endings {
    /// Starts to count a connection, until the [`Ending`] is dropped.
    pub(super) fn start(self: &Arc<Self>, host: NextHop, kept: Box<Kept>) -> Ending {
        *self.to_hosts().entry(host.clone()).or_default() += 1;
        Ending { host, kept: Some(kept), all: Arc::clone(self) }
    }

    pub(super) fn count(&self) -> usize {
        self.to_hosts().values().sum()
    }

    pub(super) fn count_to(&self, host: &NextHop) -> usize {
        self.to_hosts().get(host).copied().unwrap_or_default()
    }

    /// Ready once one of them is closed after this call, even if that was before the first poll.
    pub(super) fn closed(&self) -> Notified<'_> {
        self.closed.notified()
    }

    fn to_hosts(&self) -> MutexGuard<'_, HashMap<NextHop, usize>> {
        self.to_hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ending {
    /// Ends it with QUIT, for a second at most.
    pub(super) async fn quit(mut self) {
        if let Some(kept) = self.kept.take() {
            kept.quit().await;
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        // Closed first: until then, it counts.
        drop(self.kept.take());
        let mut to_hosts = self.all.to_hosts();
        if let Some(count) = to_hosts.get_mut(&self.host) {
            *count = count.saturating_sub(1);
        }
        to_hosts.retain(|_, count| *count > 0);
        drop(to_hosts);
        self.all.closed.notify_waiters();
    }
}

/// Ends them all at the same time.
pub(super) async fn quit_all(all: Vec<Ending>) {
    let mut ending: JoinSet<()> = all.into_iter().map(Ending::quit).collect();
    while ending.join_next().await.is_some() {}
}

//! Connections that are kept and carry no message.

use std::{collections::HashMap, time::Duration};

use smtp_proto::Delivery;
use tokio::time::Instant;

use super::destination::Destination;
use crate::{NextHop, tokio::Client};

/// How long ending a connection with QUIT may take.
const QUIT: Duration = Duration::from_secs(1);

/// A kept connection. It is boxed, because a future has room for each value that it may move.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) client: Client,
    pub(super) delivery: Delivery,
    /// How many messages it has carried.
    pub(super) messages: u32,
    pub(super) since: Instant,
}

impl Kept {
    /// Ends it with QUIT, for a second at most.
    pub(super) async fn quit(mut self: Box<Self>) {
        self.client.bound_delivery(QUIT);
        // Only the time matters: all its messages are reported.
        let _ = self.client.quit(&mut self.delivery, &mut ()).await;
    }
}

/// All kept connections, those of a destination with the newest last.
#[derive(Default, Debug)]
#[allow(clippy::vec_box, reason = "they come from futures and go to them in their boxes")]
pub(super) struct Idle(HashMap<Destination, Vec<Box<Kept>>>);

impl Idle {
    pub(super) fn push(&mut self, to: Destination, kept: Box<Kept>) {
        self.0.entry(to).or_default().push(kept);
    }

    /// The newest one to this destination that is not stale. Stale ones stay until [`take_stale`](Self::take_stale).
    pub(super) fn pop(&mut self, to: &Destination) -> Option<Box<Kept>> {
        let all = self.0.get_mut(to)?;
        let newest = all.remove(all.iter().rposition(|kept| !kept.client.is_stale())?);
        if all.is_empty() {
            self.0.remove(to);
        }
        Some(newest)
    }

    pub(super) fn count(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    pub(super) fn count_to(&self, host: &NextHop) -> usize {
        self.0.iter().filter(|(to, _)| to.next_hop() == host).map(|(_, all)| all.len()).sum()
    }

    /// The one that has been idle for the longest time, of those to this host if it is given; and its host.
    pub(super) fn pop_oldest(&mut self, host: Option<&NextHop>) -> Option<(NextHop, Box<Kept>)> {
        let of_host = |to: &Destination| host.is_none_or(|host| to.next_hop() == host);
        let oldest =
            self.0.iter().filter(|(to, _)| of_host(to)).min_by_key(|(_, all)| all.first().map(|kept| kept.since));
        let to = oldest.map(|(to, _)| to.clone())?;
        let all = self.0.get_mut(&to)?;
        let oldest = (!all.is_empty()).then(|| (to.next_hop().clone(), all.remove(0)));
        if all.is_empty() {
            self.0.remove(&to);
        }
        oldest
    }

    /// Those that are too old, or were idle for too long, with their hosts.
    pub(super) fn take_stale(&mut self) -> Vec<(NextHop, Box<Kept>)> {
        let mut stale = Vec::new();
        self.0.retain(|to, all| {
            let (old, fresh): (Vec<_>, Vec<_>) =
                std::mem::take(all).into_iter().partition(|kept| kept.client.is_stale());
            stale.extend(old.into_iter().map(|kept| (to.next_hop().clone(), kept)));
            *all = fresh;
            !all.is_empty()
        });
        stale
    }

    pub(super) fn take_all(&mut self) -> Vec<(NextHop, Box<Kept>)> {
        let all = std::mem::take(&mut self.0).into_iter();
        all.flat_map(|(to, all)| all.into_iter().map(move |kept| (to.next_hop().clone(), kept))).collect()
    }
}

//! Many deliveries at once, over connections that are kept.

mod destination;
mod endings;
mod health;
mod idle;
mod limits;

use std::{
    collections::HashMap,
    error::Error,
    fmt,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use smtp_proto::{Envelope, MisuseError, Report};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::AbortHandle,
    time::Instant,
};

pub use destination::Destination;
pub use limits::PoolLimits;

use super::{
    Content,
    trace::{self, Span},
};
use crate::{KnownHosts, NextHop, Observer};
use endings::{Ending, Endings, quit_all};
use health::Health;
use idle::{Idle, Kept};

/// The most deliveries that are under way or wait for their turn.
const MOST_PRESENT: u32 = u32::MAX >> 4;
/// How often idle connections are checked for their age.
const SWEEP: Duration = Duration::from_secs(5);

/// Delivers messages over connections that are kept for the next message to the same [`Destination`].
///
/// Clones share everything. A delivery waits for its turn if its host, or the pool, has as many connections as the
/// [limits](PoolLimits) allow: first come, first served. It takes the connection that was used last, if that is neither
/// [too old](crate::Bounds::with_age) nor was [idle](crate::Bounds::with_idle) for too long, and has not been ended by the server.
///
/// After three deliveries in a row that could not connect to a host, the next ones are deferred without trying, for half
/// a minute at first and for a quarter of an hour at most. After refused credentials, nobody logs in with them again,
/// until [`forgive`](Self::forgive) is called: too many attempts may lock the account.
///
/// A pool that is dropped without [`close`](Self::close) ends its connections without QUIT.
#[derive(Clone, Debug)]
pub struct Pool(Arc<Shared>);

/// Why a message was not delivered, if not for a reason in its report.
#[derive(Debug)]
#[non_exhaustive]
pub enum PoolError {
    /// The pool was [closed](Pool::close).
    Closed,
    /// A bug in this crate.
    Misuse(MisuseError),
}

#[derive(Debug)]
struct Shared {
    limits: PoolLimits,
    hosts: KnownHosts,
    /// A place for each delivery, whatever its host.
    overall: Arc<Semaphore>,
    /// A permit for each delivery that is under way or waits for its turn.
    present: Arc<Semaphore>,
    endings: Arc<Endings>,
    state: Mutex<State>,
}

#[derive(Default, Debug)]
struct State {
    /// A place for each delivery to a host.
    hosts: HashMap<NextHop, Arc<Semaphore>>,
    idle: Idle,
    health: Health,
    is_closed: bool,
    /// Ends idle connections when their time has come.
    sweep: Option<AbortHandle>,
}

/// The places of a delivery. They are free again when it is dropped.
#[derive(Debug)]
struct Turn {
    at_host: OwnedSemaphorePermit,
    _overall: OwnedSemaphorePermit,
    _present: OwnedSemaphorePermit,
}

impl Pool {
    /// A pool without connections.
    pub fn new(limits: PoolLimits) -> Self {
        let overall = Arc::new(Semaphore::new(limits.overall()));
        let present = Arc::new(Semaphore::new(MOST_PRESENT as usize));
        let (hosts, endings, state) = (KnownHosts::new(), Arc::default(), Mutex::default());
        Self(Arc::new(Shared { limits, hosts, overall, present, endings, state }))
    }

    /// Delivers one message. Returns what `read` takes from its report.
    ///
    /// `content` and a dropped future are treated like those of [`Client::deliver`](super::Client::deliver).
    ///
    /// # Panics
    ///
    /// If it is polled outside of a tokio runtime, or in one without I/O or time.
    pub async fn deliver<T>(
        &self,
        to: &Destination,
        envelope: Envelope,
        content: &mut dyn Content,
        observer: &mut (dyn Observer + Send),
        read: impl FnOnce(&Report<'_>) -> T,
    ) -> Result<T, PoolError> {
        let recipients = envelope.forward_paths().len();
        let span = Span::of_delivery(to.next_hop(), to.protocol(), recipients);
        span.instrument(self.drive(to, envelope, content, observer, read)).await
    }

    /// Lets the credentials of this destination be tried again.
    pub fn forgive(&self, to: &Destination) {
        self.0.state().health.forgive(to);
    }

    /// How many connections are kept and idle.
    pub fn idle(&self) -> usize {
        self.0.state().idle.count()
    }

    /// Waits for the deliveries under way, and ends all kept connections with QUIT, for a second at most. Deliveries that
    /// wait for their turn, and later ones, get [`PoolError::Closed`].
    pub async fn close(&self) {
        let hosts = {
            let mut state = self.0.state();
            state.is_closed = true;
            std::mem::take(&mut state.hosts)
        };
        self.0.overall.close();
        for host in hosts.values() {
            host.close();
        }
        // All permits are free once no delivery is left.
        drop(self.0.present.acquire_many(MOST_PRESENT).await);
        let idle = {
            let mut state = self.0.state();
            self.0.end(state.idle.take_all(), "the pool is closed")
        };
        quit_all(idle).await;
        // Those that were being ended already.
        loop {
            let closed = self.0.endings.closed();
            if self.0.endings.count() == 0 {
                return;
            }
            closed.await;
        }
    }

    async fn drive<T>(
        &self,
        to: &Destination,
        envelope: Envelope,
        content: &mut dyn Content,
        observer: &mut (dyn Observer + Send),
        read: impl FnOnce(&Report<'_>) -> T,
    ) -> Result<T, PoolError> {
        let since = Instant::now();
        let turn = self.turn(to.next_hop()).await?;
        trace::turn(since);
        let kept = self.0.state().idle.pop(to);
        let (mut kept, is_tried) = match kept {
            Some(mut kept) => {
                trace::reused(kept.messages);
                kept.delivery.deliver_next(envelope).map_err(PoolError::Misuse)?;
                (kept, false)
            }
            None => self.begin(to, envelope, &turn).await?,
        };
        let Kept { client, delivery, messages, since } = &mut *kept;
        client.drive(delivery, content, observer).await.map_err(PoolError::Misuse)?;
        (*messages, *since) = (*messages + 1, Instant::now());
        let report = client.report(delivery);
        if is_tried || report.attempts().count() > 1 {
            self.0.state().health.learn(to, &report);
        }
        let taken = read(&report);
        self.0.keep(to, kept, turn);
        Ok(taken)
    }

    /// Waits for a turn.
    async fn turn(&self, host: &NextHop) -> Result<Turn, PoolError> {
        let shared = &self.0;
        let present = Arc::clone(&shared.present).try_acquire_owned().map_err(|_| PoolError::Closed)?;
        let places = {
            let mut state = shared.state();
            if state.is_closed {
                return Err(PoolError::Closed);
            }
            state.places_at(host, shared.limits.per_host())
        };
        // The host's place first: who waits for a slow host must not take a place from the others.
        let at_host = places.acquire_owned().await.map_err(|_| PoolError::Closed)?;
        let overall = Arc::clone(&shared.overall).acquire_owned().await.map_err(|_| PoolError::Closed)?;
        Ok(Turn { at_host, _overall: overall, _present: present })
    }

    /// Starts a delivery over a new connection. Returns whether the connection may be opened; if not, the delivery is
    /// done.
    async fn begin(&self, to: &Destination, envelope: Envelope, turn: &Turn) -> Result<(Box<Kept>, bool), PoolError> {
        let obstacle = self.0.state().health.obstacle(to);
        let (client, delivery) = to.start(envelope, self.0.limits.bounds(), &self.0.hosts);
        let mut kept = Box::new(Kept { client, delivery, messages: 0, since: Instant::now() });
        match &obstacle {
            Some(obstacle) => {
                trace::not_tried(obstacle.kind());
                kept.delivery.connect_failed(&obstacle.to_string()).map_err(PoolError::Misuse)?;
            }
            None => self.make_room(to.next_hop(), turn).await,
        }
        Ok((kept, obstacle.is_none()))
    }

    /// Ends idle connections until there is room for one more.
    async fn make_room(&self, host: &NextHop, turn: &Turn) {
        let Shared { limits, overall, endings, .. } = &*self.0;
        loop {
            let closed = endings.closed();
            let oldest = {
                let mut state = self.0.state();
                // Each delivery under way counts, as it has or will have a connection. So does this one.
                let at_host = limits.per_host().saturating_sub(turn.at_host.semaphore().available_permits())
                    + state.idle.count_to(host)
                    + endings.count_to(host);
                let in_all =
                    limits.overall().saturating_sub(overall.available_permits()) + state.idle.count() + endings.count();
                let oldest = if at_host > limits.per_host() {
                    state.idle.pop_oldest(Some(host))
                } else if in_all > limits.overall() {
                    state.idle.pop_oldest(None)
                } else {
                    return;
                };
                self.0.end(oldest, "another one needs its place").pop()
            };
            match oldest {
                Some(oldest) => oldest.quit().await,
                // Too many are being ended.
                None => closed.await,
            }
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the connection of a delivery for the next message, or ends it and keeps its places until then.
    fn keep(self: &Arc<Self>, to: &Destination, kept: Box<Kept>, turn: Turn) {
        if !kept.delivery.is_kept() {
            return;
        }
        let is_used_up = self.limits.messages().is_some_and(|most| kept.messages >= most) || kept.client.is_stale();
        let mut state = self.state();
        if state.is_closed || is_used_up {
            drop(state);
            spawn(async move {
                kept.quit().await;
                drop(turn);
            });
            return;
        }
        state.idle.push(to.clone(), kept);
        // The runtime that ran the last sweep may be gone.
        if state.sweep.as_ref().is_none_or(AbortHandle::is_finished) {
            state.sweep = spawn(sweep(Arc::downgrade(self)));
        }
    }

    /// Call it with the state locked, so that each connection counts at any time.
    fn end(&self, all: impl IntoIterator<Item = (NextHop, Box<Kept>)>, why: &'static str) -> Vec<Ending> {
        let end = |(host, kept)| {
            trace::ended(&host, why);
            self.endings.start(host, kept)
        };
        all.into_iter().map(end).collect()
    }
}

impl State {
    /// The places at a host. Adding a host also drops the entries of hosts without a delivery.
    fn places_at(&mut self, host: &NextHop, most: usize) -> Arc<Semaphore> {
        if let Some(places) = self.hosts.get(host) {
            return Arc::clone(places);
        }
        self.hosts.retain(|_, places| Arc::strong_count(places) > 1);
        let places = Arc::new(Semaphore::new(most));
        self.hosts.insert(host.clone(), Arc::clone(&places));
        places
    }
}

/// Ends idle connections when their time has come, until there are none.
async fn sweep(shared: Weak<Shared>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(shared) = shared.upgrade() else { return };
        let (ended, is_over) = {
            let mut state = shared.state();
            let ended = state.idle.take_stale();
            let is_over = state.idle.count() == 0;
            if is_over {
                state.sweep = None;
            }
            (shared.end(ended, "it is stale"), is_over)
        };
        quit_all(ended).await;
        if is_over {
            return;
        }
    }
}

/// Runs this on the side, if there is a runtime.
fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Option<AbortHandle> {
    let runtime = tokio::runtime::Handle::try_current().ok()?;
    Some(runtime.spawn(task).abort_handle())
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the pool is closed"),
            Self::Misuse(_) => f.write_str("the client has a bug"),
        }
    }
}

impl Error for PoolError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Closed => None,
            Self::Misuse(error) => Some(error),
        }
    }
}

//! What a driver takes from its surroundings: the clock, the resolver, and a place for work that blocks.

#[cfg(feature = "blocking")]
use std::thread;
use std::{io, net::SocketAddr, sync::Arc, task::Waker, time::Instant};

use socket2::Socket;

use crate::{endpoint::Endpoint, next_hop::NextHop, stream::Stream};

/// Work that blocks.
pub(crate) type Work = Arc<dyn Fn() + Send + Sync>;

/// Finds the addresses of a host. Blocks.
pub(crate) type LookUp = fn(&NextHop) -> io::Result<Vec<SocketAddr>>;

/// Makes a stream of a socket that does not block and connects to this endpoint.
pub(crate) type Watch = fn(Socket, &Endpoint, &Waker) -> io::Result<Stream>;

/// What a driver takes from its surroundings.
#[derive(Clone, Debug)]
pub(crate) struct Runtime {
    pub(crate) now: fn() -> Instant,
    pub(crate) look_up: LookUp,
    pub(crate) watch: Watch,
    /// Runs blocking work on another thread.
    pub(crate) run: fn(&Work),
    /// Whom to wake when such work is done.
    pub(crate) waker: Waker,
}

#[cfg(feature = "blocking")]
impl Runtime {
    /// The clock and the resolver of the system, and a thread for each piece of work. Nobody is woken.
    pub(crate) fn threads() -> Self {
        Self {
            now: Instant::now,
            look_up: NextHop::addresses,
            watch: Stream::polled,
            run: on_a_thread,
            waker: Waker::noop().clone(),
        }
    }
}

#[cfg(feature = "blocking")]
fn on_a_thread(work: &Work) {
    let on_thread = Arc::clone(work);
    if thread::Builder::new().name("smtp-look-up".into()).spawn(move || on_thread()).is_err() {
        // There are too many threads on this system. Without another one, the work cannot be interrupted.
        work();
    }
}

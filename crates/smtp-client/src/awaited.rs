//! What a client waits for.

use std::time::{Duration, Instant};

/// How long a client waits for room before it measures the peer again.
pub(crate) const TICK: Duration = Duration::from_millis(100);

/// What a client waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Awaited {
    /// Nothing: other tasks on the thread get their turn.
    Turn,
    /// The addresses of its next hop, since this time.
    Addresses(Instant),
    /// Its connection to open, or to fail.
    Opening,
    /// Its source of content, or octets to read.
    Content,
    /// Room to write more octets, or octets to read.
    Room,
    /// Octets to read.
    Arrival,
}

/// A wait, and how long it takes at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Wait {
    pub(crate) awaited: Awaited,
    pub(crate) most: Duration,
}

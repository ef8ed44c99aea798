//! What clients wait for, and waiting for it.

use std::{
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

/// How long a client waits before it looks at the clock and at the interrupt flag again.
pub(crate) const TICK: Duration = Duration::from_millis(100);
/// No wait is shorter.
const SHORTEST: Duration = Duration::from_micros(100);

/// What a client waits for that is not done yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Awaited {
    /// Nothing: others on its thread have their turn.
    Turn,
    /// The addresses of its next hop, since then.
    Addresses(Instant),
    /// That its connection opens, or fails to.
    Opening,
    /// Room in its connection for more octets. Octets that arrive are looked for, too.
    Room,
    /// Octets.
    Arrival,
}

/// Whether a client waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Waiting {
    /// Nothing is under way.
    Idle,
    /// It does, and no longer than until then.
    For(Awaited, Instant),
    /// Not any more: something has come, or time has passed. It looks.
    Over,
}

impl Waiting {
    /// `most`: how long the client waits for this before it gives up.
    pub(crate) fn start(awaited: Awaited, most: Duration, now: Instant) -> Self {
        let before_looking = match awaited {
            Awaited::Turn => Duration::ZERO,
            // Nobody says that they are there: an answer is seen at most a quarter later than it came.
            Awaited::Addresses(since) => (now.duration_since(since) / 4).clamp(SHORTEST, TICK),
            Awaited::Opening | Awaited::Room | Awaited::Arrival => TICK,
        };
        Self::For(awaited, now + before_looking.min(most))
    }

    /// What to ask a connection for.
    const fn flags(self) -> PollFlags {
        match self {
            Self::For(Awaited::Arrival, _) => PollFlags::IN,
            Self::For(Awaited::Room, _) => PollFlags::IN.union(PollFlags::OUT),
            Self::For(Awaited::Opening, _) => PollFlags::OUT,
            Self::For(Awaited::Turn | Awaited::Addresses(_), _) | Self::Idle | Self::Over => PollFlags::empty(),
        }
    }

    /// When it is over at the latest.
    const fn until(self, now: Instant) -> Option<Instant> {
        match self {
            Self::Idle => None,
            Self::For(_, until) => Some(until),
            Self::Over => Some(now),
        }
    }
}

/// Waits until one of these is over, for a tick at most. Returns at once if there are none.
pub(crate) fn wait<'a>(all: impl IntoIterator<Item = (&'a mut Waiting, Option<&'a TcpStream>)>) {
    let mut all: Vec<_> = all.into_iter().collect();
    if all.is_empty() {
        return;
    }
    let now = Instant::now();
    let first = all.iter().filter_map(|(waiting, _)| waiting.until(now)).min();
    let limit = first.map_or(TICK, |first| first.saturating_duration_since(now));
    let connections = all.iter().enumerate().filter_map(|(at, (waiting, stream))| {
        let flags = waiting.flags();
        (!flags.is_empty()).then_some(())?;
        Some((at, PollFd::new((*stream)?, flags)))
    });
    let (places, mut asked): (Vec<_>, Vec<_>) = connections.unzip();
    let answered = ask(&mut asked, limit);
    let is_ready: Vec<_> = asked.iter().map(|connection| !connection.revents().is_empty()).collect();
    for (at, _) in places.into_iter().zip(is_ready).filter(|(_, is_ready)| *is_ready) {
        if let Some((waiting, _)) = all.get_mut(at) {
            **waiting = Waiting::Over;
        }
    }
    let now = Instant::now();
    for (waiting, _) in all {
        // Where nothing came for anybody, all look at the clock at once.
        let is_over = |until| !answered && !limit.is_zero() || until <= now;
        if waiting.until(now).is_some_and(is_over) {
            *waiting = Waiting::Over;
        }
    }
}

/// Whether any of the connections is ready for what it is asked, or has failed, within `limit`.
fn ask(connections: &mut [PollFd<'_>], limit: Duration) -> bool {
    if connections.is_empty() {
        thread::sleep(limit);
        return false;
    }
    // Never more than a tick, which there is room for.
    let timeout = Timespec::try_from(limit).unwrap_or_default();
    match poll(connections, Some(&timeout)) {
        Ok(ready) => ready > 0,
        // The interrupt flag is looked at in time: many a reply arrives before that.
        Err(Errno::INTR) => true,
        // There was no memory for it: nobody knows, and time passes.
        Err(_) => {
            thread::sleep(limit);
            false
        }
    }
}

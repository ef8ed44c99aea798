//! What clients wait for, and how to wait for several at once.

use std::{
    thread,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use crate::{
    awaited::{Awaited, TICK, Wait},
    link::Link,
};

/// The shortest interval between checks for a look-up's answer.
const SHORTEST: Duration = Duration::from_micros(100);

/// Whether a client is waiting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Waiting {
    /// Nothing is under way.
    Idle,
    /// It waits for this, until this time at the latest.
    For(Awaited, Instant),
    /// The wait is over: something arrived, or time has passed. The client can advance.
    Over,
}

impl Waiting {
    /// Starts a wait. It also ends after a tick, because nothing else shows the interrupt flag.
    pub(crate) fn start(Wait { awaited, most }: Wait, now: Instant) -> Self {
        let before_looking = match awaited {
            Awaited::Turn => Duration::ZERO,
            // The look-up thread gives no signal, so poll it. An answer is noticed at most 25% late.
            Awaited::Addresses(since) => (now.duration_since(since) / 4).clamp(SHORTEST, TICK),
            Awaited::Opening | Awaited::Content | Awaited::Room | Awaited::Arrival => TICK,
        };
        Self::For(awaited, now + before_looking.min(most))
    }

    /// The events to poll a connection for.
    const fn flags(self) -> PollFlags {
        match self {
            Self::For(Awaited::Arrival | Awaited::Content, _) => PollFlags::IN,
            Self::For(Awaited::Room, _) => PollFlags::IN.union(PollFlags::OUT),
            Self::For(Awaited::Opening, _) => PollFlags::OUT,
            Self::For(Awaited::Turn | Awaited::Addresses(_), _) | Self::Idle | Self::Over => PollFlags::empty(),
        }
    }

    /// When the wait ends at the latest.
    const fn until(self, now: Instant) -> Option<Instant> {
        match self {
            Self::Idle => None,
            Self::For(_, until) => Some(until),
            Self::Over => Some(now),
        }
    }
}

/// Waits until one of these waits is over, for at most one tick. Returns at once if there are none.
pub(crate) fn wait<'a>(all: impl IntoIterator<Item = (&'a mut Waiting, &'a Link)>) {
    let mut all: Vec<_> = all.into_iter().collect();
    if all.is_empty() {
        return;
    }
    let now = Instant::now();
    let first = all.iter().filter_map(|(waiting, _)| waiting.until(now)).min();
    let limit = first.map_or(TICK, |first| first.saturating_duration_since(now));
    let connections = all.iter().enumerate().flat_map(|(at, (waiting, link))| {
        let flags = waiting.flags();
        let streams = link.streams().take(if flags.is_empty() { 0 } else { usize::MAX });
        streams.map(move |stream| (at, PollFd::new(stream, flags)))
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
        // If nothing is ready for any client, all of them check the clock at the same time.
        let is_over = |until| !answered && !limit.is_zero() || until <= now;
        if waiting.until(now).is_some_and(is_over) {
            *waiting = Waiting::Over;
        }
    }
}

/// Polls the connections for at most `limit`. Returns whether any is ready or has failed.
fn ask(connections: &mut [PollFd<'_>], limit: Duration) -> bool {
    if connections.is_empty() {
        thread::sleep(limit);
        return false;
    }
    // At most one tick, which always fits.
    let timeout = Timespec::try_from(limit).unwrap_or_default();
    match poll(connections, Some(&timeout)) {
        Ok(ready) => ready > 0,
        // A signal does not end the other waits: a reply often arrives before the next check of the interrupt flag.
        Err(Errno::INTR) => true,
        // Out of memory: the state of the connections is unknown, so let the time pass.
        Err(_) => {
            thread::sleep(limit);
            false
        }
    }
}

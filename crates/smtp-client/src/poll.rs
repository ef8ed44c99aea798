//! Waiting for a connection with `poll`.

use std::{thread, time::Duration};

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

/// Waits until the connection is ready, or for a tick at most: nothing else shows the interrupt flag.
pub(crate) fn wait(link: &Link, Wait { awaited, most }: Wait) {
    let (flags, tick) = match awaited {
        Awaited::Turn => return,
        // The look-up thread gives no signal, so poll it. An answer is noticed at most 25% late.
        Awaited::Addresses(since) => (PollFlags::empty(), (link.now().duration_since(since) / 4).clamp(SHORTEST, TICK)),
        Awaited::Opening => (PollFlags::OUT, TICK),
        Awaited::Content | Awaited::Arrival => (PollFlags::IN, TICK),
        Awaited::Room => (PollFlags::IN.union(PollFlags::OUT), TICK),
    };
    let limit = tick.min(most);
    let mut streams: Vec<_> = link.streams().map(|stream| PollFd::new(stream, flags)).collect();
    if streams.is_empty() {
        return thread::sleep(limit);
    }
    // At most one tick, which always fits.
    let timeout = Timespec::try_from(limit).unwrap_or_default();
    match poll(&mut streams, Some(&timeout)) {
        // A signal ends the wait early: it may have set the interrupt flag.
        Ok(_) | Err(Errno::INTR) => {}
        // Out of memory: the state of the connection is unknown, so let the time pass.
        Err(_) => thread::sleep(limit),
    }
}

//! Waiting: for the connections of several clients at once, on one thread.

use std::{
    thread,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use crate::client::Client;

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
    /// An open connection, or room in it for more octets.
    Room,
    /// Octets. They are looked for while room is waited for, too.
    Arrival,
}

/// Whether a client waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Waiting {
    /// It does, and no longer than until then.
    For(Awaited, Instant),
    /// What it waited for is there.
    Met,
    /// Not any more, and all that is known is that time has passed.
    Over,
}

impl Waiting {
    pub(crate) fn start(awaited: Awaited, now: Instant) -> Self {
        Self::For(
            awaited,
            match awaited {
                Awaited::Turn => now,
                // Nobody says that they are there: an answer is seen at most a quarter later than it came.
                Awaited::Addresses(since) => now + (now.duration_since(since) / 4).clamp(SHORTEST, TICK),
                Awaited::Room | Awaited::Arrival => now + TICK,
            },
        )
    }

    /// What to ask a connection for.
    const fn flags(self) -> PollFlags {
        match self {
            Self::For(Awaited::Arrival, _) => PollFlags::IN,
            Self::For(Awaited::Room, _) => PollFlags::IN.union(PollFlags::OUT),
            Self::For(Awaited::Turn | Awaited::Addresses(_), _) | Self::Met | Self::Over => PollFlags::empty(),
        }
    }

    const fn until(self) -> Option<Instant> {
        match self {
            Self::For(_, until) => Some(until),
            Self::Met | Self::Over => None,
        }
    }
}

/// Waits until one of these clients can [`advance`](Client::advance), and for no longer than a tenth of
/// a second. Whichever can, goes on with the next call; for any other that call does nothing.
///
/// ```no_run
/// use smtp_client::{Client, wait};
/// use smtp_proto::Delivery;
///
/// # fn main() -> Result<(), smtp_proto::Misuse> {
/// # let mut under_way: Vec<(Client, Delivery, &[u8])> = Vec::new();
/// for (client, ..) in &mut under_way {
///     client.start();
/// }
/// while !under_way.is_empty() {
///     let mut waiting = Vec::new();
///     for (mut client, mut delivery, mut content) in under_way {
///         match client.advance(&mut delivery, &mut content, &mut ())? {
///             std::task::Poll::Pending => waiting.push((client, delivery, content)),
///             std::task::Poll::Ready(()) => print!("{}", delivery.report()),
///         }
///     }
///     wait(waiting.iter_mut().map(|(client, ..)| client));
///     under_way = waiting;
/// }
/// # Ok(())
/// # }
/// ```
pub fn wait<'a>(clients: impl IntoIterator<Item = &'a mut Client>) {
    let mut clients: Vec<_> = clients.into_iter().collect();
    let now = Instant::now();
    let first = clients.iter().map(|client| client.waiting.until().unwrap_or(now)).min().unwrap_or(now);
    let limit = first.saturating_duration_since(now);
    let connections = clients.iter().enumerate().filter_map(|(at, client)| {
        let flags = client.waiting.flags();
        (!flags.is_empty()).then_some(())?;
        Some((at, PollFd::new(client.link.stream()?, flags)))
    });
    let (places, mut asked): (Vec<_>, Vec<_>) = connections.unzip();
    let answered = ask(&mut asked, limit);
    let is_met: Vec<_> = asked.iter().map(|connection| !connection.revents().is_empty()).collect();
    for (at, _) in places.into_iter().zip(is_met).filter(|(_, is_met)| *is_met) {
        if let Some(client) = clients.get_mut(at) {
            client.waiting = Waiting::Met;
        }
    }
    let now = Instant::now();
    for client in clients {
        // Where nothing came for anybody, all look at the clock at once.
        let is_over = |until| !answered && !limit.is_zero() || until <= now;
        if client.waiting.until().is_some_and(is_over) {
            client.waiting = Waiting::Over;
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
        Err(Errno::INTR) => true,
        // There was no memory for it: nobody knows, and time passes.
        Err(_) => {
            thread::sleep(limit);
            false
        }
    }
}

//! Opening a connection: the addresses of the next hop are looked up, and race for it.

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::{
        Arc,
        mpsc::{Receiver, TryRecvError, sync_channel},
    },
    time::{Duration, Instant},
};

use crate::{
    awaited::{Awaited, Wait},
    connection::Connection,
    endpoint::Endpoint,
    next_hop::NextHop,
    observer::Observer,
    race::{Race, Raced},
    route::Route,
    runtime::{Runtime, Work},
    stream::Stream,
};

/// A connection that is being opened.
#[derive(Debug)]
pub(crate) struct Opening {
    stage: Stage,
    failures: Failures,
}

/// The addresses that failed.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    /// The one that failed last.
    pub(crate) last: Option<Endpoint>,
    /// Each address, or the name that was looked up, with its error.
    pub(crate) texts: Vec<String>,
}

/// The state of an opening.
#[derive(Debug)]
pub(crate) enum Opened {
    /// Not open yet.
    Not(Wait),
    Open(Connection),
    Failed(Failures),
}

/// What an opening depends on.
#[derive(Debug)]
pub(crate) struct Means<'a> {
    pub(crate) next_hop: &'a NextHop,
    pub(crate) route: Route,
    pub(crate) runtime: &'a Runtime,
    /// For the look-up, and for each address.
    pub(crate) limit: Duration,
}

#[derive(Debug)]
enum Stage {
    LookUp(Receiver<io::Result<Vec<SocketAddr>>>, Instant),
    Race(Race),
}

impl Opening {
    /// Opens a connection to this and nothing else.
    pub(crate) fn to(server: Endpoint, means: &Means<'_>, now: Instant) -> Self {
        let race = Race::between(vec![server], means.limit, now);
        Self { stage: Stage::Race(race), failures: Failures::default() }
    }

    /// Starts looking up the addresses of the next hop on another thread, because a look-up blocks and cannot be
    /// interrupted. To abandon it, drop the `Opening`.
    pub(crate) fn look_up(means: &Means<'_>, now: Instant) -> Self {
        let (sender, receiver) = sync_channel(1);
        let (next_hop, look_up, waker) = (means.next_hop.clone(), means.runtime.look_up, means.runtime.waker.clone());
        let work: Work = Arc::new(move || {
            // Sending fails if the look-up was abandoned.
            let _ = sender.send(look_up(&next_hop));
            waker.wake_by_ref();
        });
        (means.runtime.run)(&work);
        Self { stage: Stage::LookUp(receiver, now), failures: Failures::default() }
    }

    /// Goes as far as it can without waiting.
    pub(crate) fn advance(&mut self, now: Instant, means: &Means<'_>, observer: &mut dyn Observer) -> Opened {
        loop {
            let (server, error) = match &mut self.stage {
                Stage::LookUp(answer, since) => {
                    let left = means.limit.saturating_sub(now.duration_since(*since));
                    let addresses = match answer.try_recv() {
                        Ok(addresses) => addresses.and_then(|addresses| means.route.of(addresses)),
                        Err(TryRecvError::Empty) if !left.is_zero() => {
                            return Opened::Not(Wait { awaited: Awaited::Addresses(*since), most: left });
                        }
                        Err(TryRecvError::Empty) => {
                            Err(io::Error::new(ErrorKind::TimedOut, "looking up the name took too long"))
                        }
                        Err(TryRecvError::Disconnected) => Err(io::Error::other("looking up the name failed")),
                    };
                    let (addresses, error) = match addresses {
                        Ok(addresses) => (addresses, None),
                        Err(error) => (Vec::new(), Some(error)),
                    };
                    self.stage = Stage::Race(Race::between_addresses(addresses, means.limit, now));
                    match error {
                        None => continue,
                        Some(error) => (None, error),
                    }
                }
                Stage::Race(race) => match race.advance(now, means.route, means.runtime) {
                    Raced::Open(server, stream) => return Opened::Open(Connection::new(stream, server, now)),
                    Raced::Failed(server, error) => (Some(server), error),
                    Raced::Nothing(most) => return Opened::Not(Wait { awaited: Awaited::Opening, most }),
                    Raced::Over => return Opened::Failed(std::mem::take(&mut self.failures)),
                },
            };
            observer.connect_failed(server.as_ref(), &error);
            let place = server.as_ref().map_or_else(|| means.next_hop.to_string(), ToString::to_string);
            self.failures.texts.push(format!("{place}: {error}"));
            self.failures.last = server.or(self.failures.last.take());
        }
    }

    /// The sockets that are being connected.
    pub(crate) fn streams(&self) -> impl Iterator<Item = &Stream> {
        let race = match &self.stage {
            Stage::LookUp(..) => None,
            Stage::Race(race) => Some(race),
        };
        race.into_iter().flat_map(Race::streams)
    }
}

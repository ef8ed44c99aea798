//! Opening a connection, to the first address of the next hop that accepts one.

use std::{
    io::{self, ErrorKind},
    mem::MaybeUninit,
    net::SocketAddr,
    sync::{
        Arc,
        mpsc::{Receiver, TryRecvError, sync_channel},
    },
    time::{Duration, Instant},
    vec,
};

use socket2::{Socket, Type};

use crate::{
    awaited::Awaited, connection::Connection, endpoint::Endpoint, next_hop::NextHop, observer::Observer, route::Route,
    runtime::Runtime,
};

/// How long an address is tried alone, before the next one is tried as well (RFC 8305 section 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// A connection that is being opened.
#[derive(Debug)]
pub(crate) struct Opening {
    stage: Stage,
    failures: Failures,
    route: Route,
}

/// The addresses that failed.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    /// The last one tried.
    pub(crate) last: Option<Endpoint>,
    /// Each address, or the name that was looked up, with its error.
    pub(crate) texts: Vec<String>,
}

/// The state of an opening.
#[derive(Debug)]
pub(crate) enum Opened {
    /// Not open yet: it waits for this, at most this long.
    Not(Awaited, Duration),
    Open(Connection),
    Failed(Failures),
}

#[derive(Debug)]
enum Stage {
    LookUp(Receiver<io::Result<Vec<SocketAddr>>>, Instant),
    Addresses(Race),
}

/// Addresses that are tried in order, each with a head start.
#[derive(Debug)]
struct Race {
    /// What was not tried yet.
    untried: vec::IntoIter<Endpoint>,
    /// When the next one is tried, whatever became of those before it.
    next: Instant,
    tried: Vec<Attempt>,
}

/// An address that is being connected to.
#[derive(Debug)]
struct Attempt {
    server: Endpoint,
    since: Instant,
    /// `None` while the queue of a Unix socket is full.
    stream: Option<Arc<Socket>>,
}

impl Opening {
    /// Opens a connection to this and nothing else.
    pub(crate) fn to(server: Endpoint, route: Route, now: Instant) -> Self {
        Self { stage: Stage::Addresses(Race::between(vec![server], now)), failures: Failures::default(), route }
    }

    /// Starts to look up the addresses of `next_hop`, where that delays nobody, because a look-up cannot be
    /// interrupted. To abandon it, drop the `Opening`.
    pub(crate) fn look_up(next_hop: &NextHop, route: Route, runtime: &Runtime) -> Self {
        let (sender, receiver) = sync_channel(1);
        let (next_hop, waker) = (next_hop.clone(), runtime.waker.clone());
        (runtime.run)(Arc::new(move || {
            // Sending fails if the look-up was abandoned.
            let _ = sender.send(next_hop.addresses());
            waker.wake_by_ref();
        }));
        let stage = Stage::LookUp(receiver, (runtime.now)());
        Self { stage, failures: Failures::default(), route }
    }

    /// Goes as far as it can without waiting. `limit` applies to the look-up, and to each address.
    pub(crate) fn advance(
        &mut self,
        now: Instant,
        limit: Duration,
        next_hop: &NextHop,
        observer: &mut dyn Observer,
    ) -> Opened {
        if let Stage::LookUp(answer, since) = &self.stage {
            let left = limit.saturating_sub(now.duration_since(*since));
            let addresses = match answer.try_recv() {
                Ok(addresses) => addresses.and_then(|addresses| self.route.of(addresses)),
                Err(TryRecvError::Empty) if !left.is_zero() => return Opened::Not(Awaited::Addresses(*since), left),
                Err(TryRecvError::Empty) => {
                    Err(io::Error::new(ErrorKind::TimedOut, "looking up the name took too long"))
                }
                Err(TryRecvError::Disconnected) => Err(io::Error::other("looking up the name failed")),
            };
            let addresses = addresses.unwrap_or_else(|error| {
                self.failures.note(None, &error, next_hop, observer);
                Vec::new()
            });
            let endpoints = alternate(addresses).into_iter().map(Endpoint::Ip).collect();
            self.stage = Stage::Addresses(Race::between(endpoints, now));
        }
        match &mut self.stage {
            Stage::LookUp(..) => Opened::Not(Awaited::Opening, Duration::ZERO),
            Stage::Addresses(race) => race.advance(now, limit, self.route, &mut self.failures, next_hop, observer),
        }
    }

    /// The sockets that are being connected.
    pub(crate) fn streams(&self) -> impl Iterator<Item = &Arc<Socket>> {
        let tried = match &self.stage {
            Stage::LookUp(..) => &[][..],
            Stage::Addresses(race) => &race.tried,
        };
        tried.iter().filter_map(|attempt| attempt.stream.as_ref())
    }
}

impl Race {
    fn between(endpoints: Vec<Endpoint>, now: Instant) -> Self {
        Self { untried: endpoints.into_iter(), next: now, tried: Vec::new() }
    }

    fn advance(
        &mut self,
        now: Instant,
        limit: Duration,
        route: Route,
        failures: &mut Failures,
        next_hop: &NextHop,
        observer: &mut dyn Observer,
    ) -> Opened {
        loop {
            let mut at = 0;
            while let Some(attempt) = self.tried.get_mut(at) {
                let left = limit.saturating_sub(now.duration_since(attempt.since));
                match attempt.is_open(route) {
                    Ok(true) => {
                        let Attempt { server, stream, .. } = self.tried.swap_remove(at);
                        if let Some(stream) = stream {
                            return Opened::Open(Connection::new(stream, server, now));
                        }
                    }
                    Ok(false) if !left.is_zero() => at += 1,
                    Ok(false) => {
                        let error = io::Error::new(ErrorKind::TimedOut, "connecting took too long");
                        failures.note(Some(&self.tried.remove(at).server), &error, next_hop, observer);
                    }
                    Err(error) => failures.note(Some(&self.tried.remove(at).server), &error, next_hop, observer),
                }
            }
            let is_due = self.tried.is_empty() || now >= self.next;
            match if is_due { self.untried.next() } else { None } {
                Some(server) => {
                    failures.last = Some(server.clone());
                    self.tried.push(Attempt { server, since: now, stream: None });
                    self.next = now + HEAD_START;
                }
                None if self.tried.is_empty() => return Opened::Failed(std::mem::take(failures)),
                None => return Opened::Not(Awaited::Opening, self.time_left(now, limit)),
            }
        }
    }

    /// The time until an address has had its limit, or the next one is due.
    fn time_left(&self, now: Instant, limit: Duration) -> Duration {
        let lefts = self.tried.iter().map(|attempt| limit.saturating_sub(now.duration_since(attempt.since)));
        let next = (self.untried.len() > 0).then(|| self.next.saturating_duration_since(now));
        lefts.chain(next).min().unwrap_or_default()
    }
}

impl Attempt {
    /// Goes on with it. An error means that connecting failed.
    fn is_open(&mut self, route: Route) -> io::Result<bool> {
        match &self.stream {
            Some(stream) => is_open(stream),
            None => {
                self.stream = connect(&self.server, route)?.map(Arc::new);
                Ok(false)
            }
        }
    }
}

impl Failures {
    fn note(&mut self, server: Option<&Endpoint>, error: &io::Error, next_hop: &NextHop, observer: &mut dyn Observer) {
        observer.connect_failed(server, error);
        let place = server.map_or_else(|| next_hop.to_string(), ToString::to_string);
        self.texts.push(format!("{place}: {error}"));
    }
}

/// The addresses with their families in turn, beginning with that of the first (RFC 8305 section 4).
fn alternate(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv6() == is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut all = Vec::new();
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] {
            return all;
        }
        all.extend(pair.into_iter().flatten());
    }
}

/// Starts a non-blocking connect. `None` if the queue of a Unix socket is full.
fn connect(server: &Endpoint, route: Route) -> io::Result<Option<Socket>> {
    let address = server.to_sockaddr()?;
    let stream = Socket::new(server.domain(), Type::STREAM, None)?;
    stream.set_nonblocking(true)?;
    if let Endpoint::Ip(_) = server {
        // Commands must not wait for the acknowledgement of earlier writes. This is set before connecting because some
        // systems refuse it once the peer has reset the connection.
        stream.set_tcp_nodelay(true)?;
        if let Some(local) = route.local_address() {
            stream.bind(&SocketAddr::new(local, 0).into())?;
        }
    }
    match (stream.connect(&address), server) {
        (Err(error), Endpoint::Unix(_)) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        (Err(error), _) if !is_under_way(&error) => Err(error),
        _ => Ok(Some(stream)),
    }
}

/// Whether the connect is still in progress. The standard library has no `ErrorKind` for `EINPROGRESS`.
fn is_under_way(error: &io::Error) -> bool {
    let in_progress = rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::INPROGRESS);
    in_progress || matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// Whether the connection is open, or was until the peer ended it. An error means that connecting failed.
fn is_open(stream: &Socket) -> io::Result<bool> {
    let Err(no_peer) = stream.peer_addr() else { return Ok(true) };
    // A peer that has reset the connection may have sent the reason first. Taking the socket's error before reading
    // would lose that input.
    match stream.peek(&mut [MaybeUninit::uninit()]) {
        Ok(_) => Ok(true),
        Err(error) if is_under_way(&error) || error.kind() == ErrorKind::NotConnected => match stream.take_error()? {
            Some(error) => Err(error),
            None if no_peer.kind() == ErrorKind::NotConnected => Ok(false),
            None => Err(no_peer),
        },
        Err(error) => Err(error),
    }
}

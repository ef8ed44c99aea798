//! Addresses of one host that are tried in turn, each with a head start (RFC 8305).

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    time::{Duration, Instant},
    vec,
};

use socket2::{Domain, Socket, Type};

use crate::{
    awaited::TICK,
    endpoint::Endpoint,
    route::Route,
    runtime::Runtime,
    stream::{Stream, is_under_way},
};

/// How long an address is tried alone, before the next one is tried as well (RFC 8305 section 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// Addresses that are tried in turn, each with a head start.
#[derive(Debug)]
pub(crate) struct Race {
    /// What was not tried yet.
    untried: vec::IntoIter<Endpoint>,
    /// When the next one is tried, whatever became of those before it.
    next: Instant,
    tried: Vec<Attempt>,
    limit: Duration,
}

/// What becomes of a race.
#[derive(Debug)]
pub(crate) enum Raced {
    /// This one is open, and the others are given up.
    Open(Endpoint, Stream),
    /// This one has failed. There may be others.
    Failed(Endpoint, io::Error),
    /// Nothing for this long.
    Nothing(Duration),
    /// All have failed.
    Over,
}

/// An address that is being connected to.
#[derive(Debug)]
struct Attempt {
    server: Endpoint,
    since: Instant,
    /// `None` while the queue of a Unix socket is full.
    stream: Option<Stream>,
}

impl Race {
    /// `limit` applies to each of them.
    pub(crate) fn between(endpoints: Vec<Endpoint>, limit: Duration, now: Instant) -> Self {
        Self { untried: endpoints.into_iter(), next: now, tried: Vec::new(), limit }
    }

    /// The race between addresses of one host.
    pub(crate) fn between_addresses(addresses: Vec<SocketAddr>, limit: Duration, now: Instant) -> Self {
        Self::between(alternate(addresses).into_iter().map(Endpoint::Ip).collect(), limit, now)
    }

    /// Goes as far as it can without waiting, or until one has failed.
    pub(crate) fn advance(&mut self, now: Instant, route: Route, runtime: &Runtime) -> Raced {
        loop {
            for at in 0..self.tried.len() {
                match self.try_on(at, now, route, runtime) {
                    Raced::Nothing(_) => {}
                    raced => return raced,
                }
            }
            let is_due = self.tried.is_empty() || now >= self.next;
            match if is_due { self.untried.next() } else { None } {
                Some(server) => {
                    self.tried.push(Attempt { server, since: now, stream: None });
                    self.next = now + HEAD_START;
                }
                None if self.tried.is_empty() => return Raced::Over,
                None => return Raced::Nothing(self.time_left(now)),
            }
        }
    }

    /// The sockets that are being connected.
    pub(crate) fn streams(&self) -> impl Iterator<Item = &Stream> {
        self.tried.iter().filter_map(|attempt| attempt.stream.as_ref())
    }

    fn try_on(&mut self, at: usize, now: Instant, route: Route, runtime: &Runtime) -> Raced {
        let Some(attempt) = self.tried.get_mut(at) else { return Raced::Over };
        let is_late = now.duration_since(attempt.since) >= self.limit;
        let error = match attempt.is_open(route, runtime) {
            Ok(true) => {
                let Attempt { server, stream, .. } = self.tried.remove(at);
                match stream {
                    Some(stream) => return Raced::Open(server, stream),
                    None => return Raced::Failed(server, ErrorKind::NotConnected.into()),
                }
            }
            Ok(false) if !is_late => return Raced::Nothing(self.limit),
            Ok(false) => io::Error::new(ErrorKind::TimedOut, "connecting took too long"),
            Err(error) => error,
        };
        Raced::Failed(self.tried.remove(at).server, error)
    }

    /// The time until an address has had its limit, the next one is due, or one is tried again.
    fn time_left(&self, now: Instant) -> Duration {
        let lefts = self.tried.iter().map(|attempt| {
            let left = self.limit.saturating_sub(now.duration_since(attempt.since));
            if attempt.stream.is_some() { left } else { left.min(TICK) }
        });
        let next = (self.untried.len() > 0).then(|| self.next.saturating_duration_since(now));
        lefts.chain(next).min().unwrap_or_default()
    }
}

impl Attempt {
    /// Goes on with it. An error means that connecting failed.
    fn is_open(&mut self, route: Route, runtime: &Runtime) -> io::Result<bool> {
        if let Some(stream) = &self.stream {
            return stream.is_open();
        }
        if let Some(socket) = connect(&self.server, route)? {
            let stream = self.stream.insert((runtime.watch)(socket, &self.server, &runtime.waker)?);
            return stream.is_open();
        }
        Ok(false)
    }
}

/// Starts a non-blocking connect. `None` if the queue of a Unix socket is full.
fn connect(server: &Endpoint, route: Route) -> io::Result<Option<Socket>> {
    let address = server.to_sockaddr()?;
    let stream = new_socket(server.domain())?;
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

/// A socket that does not block.
#[cfg(any(target_os = "android", target_os = "linux"))]
fn new_socket(domain: Domain) -> io::Result<Socket> {
    Socket::new(domain, Type::STREAM.nonblocking(), None)
}

/// The same. Not every system can do that in one call.
#[cfg(not(any(target_os = "android", target_os = "linux")))]
fn new_socket(domain: Domain) -> io::Result<Socket> {
    let socket = Socket::new(domain, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Advances until something has happened, at the time `now`.
    fn next(race: &mut Race, now: Instant) -> Raced {
        loop {
            match race.advance(now, Route::default(), &Runtime::threads()) {
                Raced::Nothing(_) => std::thread::sleep(Duration::from_millis(1)),
                raced => return raced,
            }
        }
    }

    #[test]
    fn one_address_of_many_is_enough() {
        let open = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = open.local_addr().unwrap().port();
        let mut addresses: Vec<_> = (2..41).map(|last| SocketAddr::from(([127, 0, 0, last], port))).collect();
        addresses.insert(30, open.local_addr().unwrap());
        let now = Instant::now();
        let mut race = Race::between_addresses(addresses, Duration::from_secs(60), now);
        // Whoever fails gives up its head start: no time has to pass.
        for _ in 0..30 {
            assert!(matches!(next(&mut race, now), Raced::Failed(..)));
        }
        assert!(matches!(next(&mut race, now), Raced::Open(..)));
    }

    #[test]
    fn an_address_that_does_not_answer_holds_up_the_next_for_a_moment_only() {
        // The queue of this one is full.
        let full = Socket::new(socket2::Domain::IPV4, Type::STREAM, None).unwrap();
        full.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        full.listen(0).unwrap();
        let address = full.local_addr().unwrap().as_socket().unwrap();
        let _waiting: Vec<_> = (0..8)
            .map(|_| {
                let stream = Socket::new(socket2::Domain::IPV4, Type::STREAM, None).unwrap();
                stream.set_nonblocking(true).unwrap();
                let _ = stream.connect(&address.into());
                stream
            })
            .collect();
        let open = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let now = Instant::now();
        let addresses = vec![address, open.local_addr().unwrap()];
        let mut race = Race::between_addresses(addresses, Duration::from_secs(60), now);
        match race.advance(now, Route::default(), &Runtime::threads()) {
            Raced::Nothing(left) => assert_eq!(left, HEAD_START),
            other => panic!("{other:?}"),
        }
        match next(&mut race, now + HEAD_START) {
            Raced::Open(server, _) => assert_eq!(server, open.local_addr().unwrap().into()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn families_take_turns() {
        let all = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let (a, b, c) = ("[2001:db8::1]:25", "192.0.2.1:25", "192.0.2.2:25");
        for (given, expected) in
            [(&[][..], &[][..]), (&[b, c], &[b, c]), (&[a, b, c], &[a, b, c]), (&[b, c, a], &[b, a, c])]
        {
            assert_eq!(alternate(all(given)), all(expected), "{given:?}");
        }
    }
}

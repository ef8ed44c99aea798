//! Opening a connection, to the first address of the next hop that accepts one.

use std::{
    io::{self, ErrorKind},
    mem::MaybeUninit,
    net::SocketAddr,
    sync::mpsc::{Receiver, TryRecvError, sync_channel},
    thread,
    time::{Duration, Instant},
    vec,
};

use socket2::{Socket, Type};

use crate::{
    connection::Connection, endpoint::Endpoint, next_hop::NextHop, observer::Observer, route::Route, waiting::Awaited,
};

/// A connection that is being opened.
#[derive(Debug)]
pub(crate) struct Opening {
    stage: Stage,
    /// What was not tried yet.
    untried: vec::IntoIter<Endpoint>,
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
    NextAddress,
    Connect(Socket, Endpoint, Instant),
    /// The queue of the Unix socket is full, so it is tried again.
    Queue(Endpoint, Instant),
}

impl Opening {
    /// Opens a connection to this and nothing else.
    pub(crate) fn to(server: Endpoint, route: Route) -> Self {
        Self { stage: Stage::NextAddress, untried: vec![server].into_iter(), failures: Failures::default(), route }
    }

    /// Starts to look up the addresses of `next_hop`. This runs on a separate thread, because a look-up cannot be
    /// interrupted. To abandon it, drop the `Opening`.
    pub(crate) fn look_up(next_hop: &NextHop, route: Route, now: Instant) -> Self {
        let (sender, receiver) = sync_channel(1);
        let look_up = {
            let (sender, next_hop) = (sender.clone(), next_hop.clone());
            // Sending fails if the look-up was abandoned.
            move || drop(sender.send(next_hop.addresses()))
        };
        if thread::Builder::new().name("smtp-look-up".into()).spawn(look_up).is_err() {
            // There are too many threads on this system. Without another one, the look-up cannot be interrupted.
            let _ = sender.send(next_hop.addresses());
        }
        let stage = Stage::LookUp(receiver, now);
        Self { stage, untried: Vec::new().into_iter(), failures: Failures::default(), route }
    }

    /// Goes as far as it can without waiting. `limit` applies to the look-up, and to each address.
    pub(crate) fn advance(
        &mut self,
        now: Instant,
        limit: Duration,
        next_hop: &NextHop,
        observer: &mut dyn Observer,
    ) -> Opened {
        let left = |since| limit.saturating_sub(now.duration_since(since));
        loop {
            let (server, error) = match std::mem::replace(&mut self.stage, Stage::NextAddress) {
                Stage::LookUp(answer, since) => match answer.try_recv() {
                    Ok(Ok(addresses)) => match self.route.of(addresses) {
                        Ok(addresses) => {
                            let endpoints: Vec<_> = addresses.into_iter().map(Endpoint::Ip).collect();
                            self.untried = endpoints.into_iter();
                            continue;
                        }
                        Err(error) => (None, error),
                    },
                    Ok(Err(error)) => (None, error),
                    Err(TryRecvError::Empty) if !left(since).is_zero() => {
                        self.stage = Stage::LookUp(answer, since);
                        return Opened::Not(Awaited::Addresses(since), left(since));
                    }
                    Err(TryRecvError::Empty) => {
                        (None, io::Error::new(ErrorKind::TimedOut, "looking up the name took too long"))
                    }
                    Err(TryRecvError::Disconnected) => (None, io::Error::other("looking up the name failed")),
                },
                Stage::NextAddress => {
                    let Some(server) = self.untried.next() else {
                        return Opened::Failed(std::mem::take(&mut self.failures));
                    };
                    self.failures.last = Some(server.clone());
                    self.stage = Stage::Queue(server, now);
                    continue;
                }
                Stage::Queue(server, since) => match connect(&server, self.route) {
                    Ok(Some(stream)) => {
                        self.stage = Stage::Connect(stream, server, since);
                        return Opened::Not(Awaited::Opening, left(since));
                    }
                    Ok(None) if !left(since).is_zero() => {
                        self.stage = Stage::Queue(server, since);
                        return Opened::Not(Awaited::Opening, left(since));
                    }
                    Ok(None) => (Some(server), io::Error::new(ErrorKind::TimedOut, "connecting took too long")),
                    Err(error) => (Some(server), error),
                },
                Stage::Connect(stream, server, since) => match is_open(&stream).map(|open| (open, left(since))) {
                    Ok((true, _)) => return Opened::Open(Connection::new(stream, server)),
                    Ok((false, Duration::ZERO)) => {
                        (Some(server), io::Error::new(ErrorKind::TimedOut, "connecting took too long"))
                    }
                    Ok((false, left)) => {
                        self.stage = Stage::Connect(stream, server, since);
                        return Opened::Not(Awaited::Opening, left);
                    }
                    Err(error) => (Some(server), error),
                },
            };
            observer.connect_failed(server.as_ref(), &error);
            let place = server.map_or_else(|| next_hop.to_string(), |server| server.to_string());
            self.failures.texts.push(format!("{place}: {error}"));
        }
    }

    /// The socket that is being connected, if any.
    pub(crate) const fn stream(&self) -> Option<&Socket> {
        match &self.stage {
            Stage::Connect(stream, _, _) => Some(stream),
            Stage::LookUp(..) | Stage::NextAddress | Stage::Queue(..) => None,
        }
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

//! Opening a connection, to the first address of the next hop that accepts one.

use std::{
    io::{self, ErrorKind},
    net::{SocketAddr, TcpStream},
    sync::mpsc::{Receiver, TryRecvError, sync_channel},
    thread,
    time::{Duration, Instant},
    vec,
};

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::{connection::Connection, next_hop::NextHop, observer::Observer, route::Route, waiting::Awaited};

/// A connection that is being opened.
#[derive(Debug)]
pub(crate) struct Opening {
    stage: Stage,
    /// Addresses not tried yet.
    untried: vec::IntoIter<SocketAddr>,
    failures: Failures,
    route: Route,
}

/// The addresses that failed.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    /// The last address tried.
    pub(crate) last: Option<SocketAddr>,
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
    Connect(TcpStream, SocketAddr, Instant),
}

impl Opening {
    /// Opens a connection to this address and no other.
    pub(crate) fn to(server: SocketAddr, route: Route) -> Self {
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
                            self.untried = addresses.into_iter();
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
                    self.failures.last = Some(server);
                    match connect(server, self.route) {
                        Ok(stream) => {
                            self.stage = Stage::Connect(stream, server, now);
                            return Opened::Not(Awaited::Opening, limit);
                        }
                        Err(error) => (Some(server), error),
                    }
                }
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
            observer.connect_failed(server, &error);
            let place = server.map_or_else(|| next_hop.to_string(), |server| server.to_string());
            self.failures.texts.push(format!("{place}: {error}"));
        }
    }

    /// The socket that is being connected, if any.
    pub(crate) const fn stream(&self) -> Option<&TcpStream> {
        match &self.stage {
            Stage::Connect(stream, _, _) => Some(stream),
            Stage::LookUp(..) | Stage::NextAddress => None,
        }
    }
}

/// Starts a non-blocking connect.
fn connect(server: SocketAddr, route: Route) -> io::Result<TcpStream> {
    let stream: TcpStream = Socket::new(Domain::for_address(server), Type::STREAM, Some(Protocol::TCP))?.into();
    stream.set_nonblocking(true)?;
    // Commands must not wait for the acknowledgement of earlier writes. This is set before connecting because some
    // systems refuse it once the peer has reset the connection.
    stream.set_nodelay(true)?;
    if let Some(local) = route.local_address() {
        SockRef::from(&stream).bind(&SocketAddr::new(local, 0).into())?;
    }
    match SockRef::from(&stream).connect(&server.into()) {
        Err(error) if !is_under_way(&error) => Err(error),
        _ => Ok(stream),
    }
}

/// Whether the connect is still in progress. The standard library has no `ErrorKind` for `EINPROGRESS`.
fn is_under_way(error: &io::Error) -> bool {
    let in_progress = rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::INPROGRESS);
    in_progress || matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// Whether the connection is open, or was until the peer ended it. An error means that connecting failed.
fn is_open(stream: &TcpStream) -> io::Result<bool> {
    let Err(no_peer) = stream.peer_addr() else { return Ok(true) };
    // A peer that has reset the connection may have sent the reason first. Taking the socket's error before reading
    // would lose that input.
    match stream.peek(&mut [0]) {
        Ok(_) => Ok(true),
        Err(error) if is_under_way(&error) || error.kind() == ErrorKind::NotConnected => match stream.take_error()? {
            Some(error) => Err(error),
            None if no_peer.kind() == ErrorKind::NotConnected => Ok(false),
            None => Err(no_peer),
        },
        Err(error) => Err(error),
    }
}

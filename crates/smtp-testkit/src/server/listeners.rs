//! The addresses of a scripted next hop.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    thread,
    time::{Duration, Instant},
};

use super::Link;

/// How often a waiting server checks for a new connection.
const TICK: Duration = Duration::from_micros(200);

/// Listening sockets on loopback. Each is one address of the same next hop.
#[derive(Debug)]
pub struct Listeners {
    sockets: Vec<TcpListener>,
    addresses: Vec<SocketAddr>,
}

impl Listeners {
    /// Listens on `count` free ports.
    pub fn bind(count: usize) -> io::Result<Self> {
        let mut sockets = Vec::new();
        for _ in 0..count {
            sockets.push(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?);
        }
        Self::new(sockets)
    }

    /// Uses existing listening sockets.
    pub fn new(sockets: Vec<TcpListener>) -> io::Result<Self> {
        let mut addresses = Vec::new();
        for socket in &sockets {
            socket.set_nonblocking(true)?;
            addresses.push(socket.local_addr()?);
        }
        Ok(Self { sockets, addresses })
    }

    /// All addresses, in order of preference.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Accepts the next connection, and returns it with the address that the client connected to. `None` if
    /// there was none within `limit`, or before `stop` returned true.
    pub fn accept(&self, limit: Duration, mut stop: impl FnMut() -> bool) -> io::Result<Option<(Link, SocketAddr)>> {
        let since = Instant::now();
        loop {
            // Evaluated first, so that a connection from before the stop is still accepted.
            let last = stop() || since.elapsed() >= limit;
            for (socket, address) in self.sockets.iter().zip(&self.addresses) {
                match socket.accept() {
                    Ok((stream, _)) => return Ok(Some((Link::new(stream)?, *address))),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    // The client left before its connection was accepted.
                    Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                    Err(error) => return Err(error),
                }
            }
            if last {
                return Ok(None);
            }
            thread::sleep(TICK);
        }
    }
}

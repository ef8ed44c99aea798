//! One open connection: reads and writes that do not block.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use smtp_proto::{Disconnect, Wait};

/// One open connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    server: SocketAddr,
    /// The counter of the wait that goes on, and when it last changed.
    clock: Option<(u32, Instant)>,
    /// Octets of the block that is being written which were written and not yet told to the delivery.
    pub(crate) unreported: usize,
}

/// What reading gave.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Got {
    Octets(usize),
    Nothing,
    Lost(Disconnect),
}

impl Connection {
    /// `stream` does not block.
    pub(crate) const fn new(stream: TcpStream, server: SocketAddr) -> Self {
        Self { stream, server, clock: None, unreported: 0 }
    }

    /// The connection was idle: the clock starts over.
    pub(crate) fn wake(&mut self) {
        self.clock = None;
    }

    /// How much time is left of `wait`. It restarts when its counter changes.
    pub(crate) fn time_left(&mut self, wait: Wait, now: Instant) -> Duration {
        let since = match self.clock {
            Some((progress, since)) if progress == wait.progress => since,
            _ => now,
        };
        self.clock = Some((wait.progress, since));
        wait.limit.saturating_sub(now.duration_since(since))
    }

    /// Takes octets that are there.
    pub(crate) fn read(&mut self, room: &mut [u8]) -> Got {
        match self.stream.read(room) {
            Ok(0) => Got::Lost(Disconnect::Closed),
            Ok(len) => Got::Octets(len),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::Interrupted => Got::Nothing,
                ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => Got::Lost(Disconnect::Reset),
                _ => Got::Lost(Disconnect::ReadFailed),
            },
        }
    }

    /// Writes as many octets as there is room for.
    pub(crate) fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match self.stream.write(octets) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(0),
            Ok(0) => Err(ErrorKind::WriteZero.into()),
            result => result,
        }
    }

    pub(crate) const fn server(&self) -> SocketAddr {
        self.server
    }

    pub(crate) const fn stream(&self) -> &TcpStream {
        &self.stream
    }
}

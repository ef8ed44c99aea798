//! One open connection, with non-blocking reads and writes.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use smtp_proto::{Clock, Disconnect, Timeout};

/// One open connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    server: SocketAddr,
    clock: Clock<Instant>,
}

/// The result of a read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Got {
    Octets(usize),
    Nothing,
    Lost(Disconnect),
}

impl Connection {
    /// `stream` must be non-blocking.
    pub(crate) const fn new(stream: TcpStream, server: SocketAddr) -> Self {
        Self { stream, server, clock: Clock::new() }
    }

    /// Restarts the clock, after the connection was idle.
    pub(crate) fn wake(&mut self) {
        self.clock.restart();
    }

    /// How much of `timeout` is left.
    pub(crate) fn time_left(&mut self, timeout: Timeout, now: Instant) -> Duration {
        self.clock.time_left(timeout, now)
    }

    /// Reads octets that have arrived.
    pub(crate) fn read(&mut self, room: &mut [u8]) -> Got {
        match self.stream.read(room) {
            Ok(0) => Got::Lost(Disconnect::Closed),
            Ok(len) => Got::Octets(len),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::Interrupted => Got::Nothing,
                _ => Got::Lost(Disconnect::from(&error)),
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

    pub(crate) fn local_address(&self) -> Option<SocketAddr> {
        self.stream.local_addr().ok()
    }

    pub(crate) const fn stream(&self) -> &TcpStream {
        &self.stream
    }
}

//! One open connection: reads and writes that do not block.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Instant,
};

use smtp_proto::{Disconnect, Wait};

/// One open connection.
#[derive(Debug)]
pub(crate) struct Line {
    stream: TcpStream,
    server: SocketAddr,
    /// The wait that goes on: its counter, and when it last changed.
    waiting: Option<(u32, Instant)>,
    /// Octets of the block that is being written which were written and not yet told to the delivery.
    pub(crate) unreported: usize,
    /// Something may have arrived that nobody has looked for.
    pub(crate) look_first: bool,
}

/// What reading gave.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Got {
    Octets(usize),
    Nothing,
    Lost(Disconnect),
}

impl Line {
    /// `stream` does not block.
    pub(crate) fn new(stream: TcpStream, server: SocketAddr) -> io::Result<Self> {
        // Commands must not wait for the acknowledgement of what was written before them.
        stream.set_nodelay(true)?;
        Ok(Self { stream, server, waiting: None, unreported: 0, look_first: false })
    }

    /// The connection was idle: the clock starts over, and the server may have said goodbye.
    pub(crate) fn wake(&mut self) {
        self.waiting = None;
        self.look_first = true;
    }

    /// Whether `wait` has lasted too long. It restarts when its counter changes.
    pub(crate) fn is_overdue(&mut self, wait: Wait, now: Instant) -> bool {
        match self.waiting {
            Some((progress, since)) if progress == wait.progress => now.duration_since(since) >= wait.limit,
            _ => {
                self.waiting = Some((wait.progress, now));
                false
            }
        }
    }

    /// Takes octets that are there.
    pub(crate) fn read(&mut self, room: &mut [u8]) -> Got {
        self.look_first = false;
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

    /// Writes as many octets as there is room for. Whatever is written next, arrivals are looked for
    /// first.
    pub(crate) fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.look_first = true;
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

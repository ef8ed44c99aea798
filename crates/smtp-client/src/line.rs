//! One open connection: reads and writes that never block for longer than a tick.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fd::AsFd,
    io::Errno,
};
use smtp_proto::{Disconnect, Wait};

/// How long a read or a write blocks before the clock and the interrupt flag are looked at. Set once
/// on the socket, so that waiting costs one system call.
pub(crate) const TICK: Duration = Duration::from_millis(100);

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
    pub(crate) fn new(stream: TcpStream, server: SocketAddr) -> io::Result<Self> {
        // Commands must not wait for the acknowledgement of what was written before them.
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TICK))?;
        stream.set_write_timeout(Some(TICK))?;
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

    /// Waits a tick for octets.
    pub(crate) fn read(&mut self, room: &mut [u8]) -> Got {
        self.look_first = false;
        got(self.stream.read(room))
    }

    /// Takes octets that are there.
    pub(crate) fn look(&mut self, room: &mut [u8]) -> Got {
        self.look_first = false;
        match is_ready(&self.stream, PollFlags::IN, Duration::ZERO) {
            Ok(true) => got(self.stream.read(room)),
            Ok(false) => Got::Nothing,
            Err(_) => Got::Lost(Disconnect::ReadFailed),
        }
    }

    /// Writes for a tick: how many octets. Whatever is written next, arrivals are looked for first.
    pub(crate) fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.look_first = true;
        match self.stream.write(octets) {
            Err(error) if is_nothing(&error) => Ok(0),
            Ok(0) => Err(ErrorKind::WriteZero.into()),
            result => result,
        }
    }

    pub(crate) const fn server(&self) -> SocketAddr {
        self.server
    }
}

/// Whether the socket is ready for what is asked, or has failed, within `limit`.
pub(crate) fn is_ready(socket: &impl AsFd, what: PollFlags, limit: Duration) -> io::Result<bool> {
    let limit = Timespec { tv_sec: 0, tv_nsec: limit.subsec_nanos().into() };
    match poll(&mut [PollFd::new(socket, what)], Some(&limit)) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn got(read: io::Result<usize>) -> Got {
    match read {
        Ok(0) => Got::Lost(Disconnect::Closed),
        Ok(len) => Got::Octets(len),
        Err(error) if is_nothing(&error) => Got::Nothing,
        Err(error) => match error.kind() {
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => Got::Lost(Disconnect::Reset),
            _ => Got::Lost(Disconnect::ReadFailed),
        },
    }
}

/// Whether the tick is over, and no more. Elsewhere than on Windows `TimedOut` is the connection's own
/// failure.
fn is_nothing(error: &io::Error) -> bool {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::Interrupted => true,
        ErrorKind::TimedOut => cfg!(windows),
        _ => false,
    }
}

//! Opening a connection: in ticks, so that the clock and the interrupt flag are looked at in between.

use std::{
    io::{self, ErrorKind},
    net::{SocketAddr, TcpStream},
    sync::mpsc::{Receiver, sync_channel},
    thread,
    time::Duration,
};

use rustix::event::PollFlags;
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::{
    line::{TICK, is_ready},
    next_hop::NextHop,
};

/// Starts to look the addresses of `next_hop` up, on a thread of its own: that cannot be interrupted.
/// Whoever drops the receiver gives it up.
pub(crate) fn look_up(next_hop: NextHop) -> io::Result<Receiver<io::Result<Vec<SocketAddr>>>> {
    let (sender, receiver) = sync_channel(1);
    thread::Builder::new().name("smtp-look-up".into()).spawn(move || {
        // Nobody waits any more: nobody is told.
        let _ = sender.send(next_hop.addresses());
    })?;
    Ok(receiver)
}

/// A connection that is being opened.
#[derive(Debug)]
pub(crate) struct Opening(TcpStream);

impl Opening {
    pub(crate) fn start(server: SocketAddr) -> io::Result<Self> {
        let stream: TcpStream = Socket::new(Domain::for_address(server), Type::STREAM, Some(Protocol::TCP))?.into();
        stream.set_nonblocking(true)?;
        match SockRef::from(&stream).connect(&server.into()) {
            Err(error) if !is_under_way(&error) => Err(error),
            _ => Ok(Self(stream)),
        }
    }

    /// Waits for a tick, or for `limit` if that is less: whether it is open.
    pub(crate) fn wait(&self, limit: Duration) -> io::Result<bool> {
        if !is_ready(&self.0, PollFlags::OUT, limit.min(TICK))? {
            return Ok(false);
        }
        match self.0.take_error()? {
            Some(error) => Err(error),
            None => Ok(true),
        }
    }

    /// What was opened; its reads and writes block.
    pub(crate) fn into_stream(self) -> io::Result<TcpStream> {
        self.0.set_nonblocking(false)?;
        Ok(self.0)
    }
}

/// Whether connecting goes on; Unix has an error for it that the standard library has no name for.
fn is_under_way(error: &io::Error) -> bool {
    let in_progress = rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::INPROGRESS);
    in_progress || matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

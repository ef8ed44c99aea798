//! A socket that does not block, whoever waits for it.

#[cfg(feature = "tokio")]
use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};
use std::{
    io::{self, ErrorKind, Read, Write},
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd},
    task::Waker,
};

use rustix::io::Errno;
use socket2::{SockRef, Socket};
#[cfg(feature = "tokio")]
use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf, Ready},
    net::{TcpStream, UnixStream},
};

use crate::endpoint::Endpoint;

/// A socket that does not block.
#[derive(Debug)]
pub(crate) enum Stream {
    /// The caller polls it.
    #[cfg(feature = "blocking")]
    Polled(Socket),
    /// tokio's reactor watches it. Where it would block, the task is woken once it would not.
    #[cfg(feature = "tokio")]
    Watched(Watched, Waker),
}

/// A socket that tokio's reactor watches.
#[cfg(feature = "tokio")]
#[derive(Debug)]
pub(crate) enum Watched {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    #[cfg(feature = "blocking")]
    #[allow(clippy::unnecessary_wraps, reason = "a reactor may refuse")]
    pub(crate) const fn polled(socket: Socket, _: &Endpoint, _: &Waker) -> io::Result<Self> {
        Ok(Self::Polled(socket))
    }

    pub(crate) fn socket(&self) -> SockRef<'_> {
        SockRef::from(self)
    }

    /// Whether the connection is open, or was until the peer ended it. An error means that connecting failed.
    pub(crate) fn is_open(&self) -> io::Result<bool> {
        match self {
            #[cfg(feature = "blocking")]
            Self::Polled(socket) => is_open(socket),
            #[cfg(feature = "tokio")]
            Self::Watched(watched, task) => match watched.poll_open(&mut Context::from_waker(task)) {
                Poll::Ready(result) => result.map(|()| true),
                Poll::Pending => Ok(false),
            },
        }
    }
}

#[cfg(feature = "tokio")]
impl Stream {
    /// Watched by the reactor of the runtime that this is called in. Panics if it has none.
    pub(crate) fn watched(socket: Socket, server: &Endpoint, task: &Waker) -> io::Result<Self> {
        let watched = match server {
            Endpoint::Ip(_) => Watched::Tcp(TcpStream::from_std(socket.into())?),
            Endpoint::Unix(_) => Watched::Unix(UnixStream::from_std(socket.into())?),
        };
        Ok(Self::Watched(watched, task.clone()))
    }

    /// Whether something may have arrived. If not, the task is woken once it has.
    pub(crate) fn may_have_arrived(&self) -> bool {
        match self {
            #[cfg(feature = "blocking")]
            Self::Polled(_) => true,
            Self::Watched(watched, task) => watched.poll_read_ready(&mut Context::from_waker(task)).is_ready(),
        }
    }
}

#[cfg(feature = "tokio")]
impl Watched {
    fn poll_open(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let readiness = ready!(self.poll_readiness(cx))?;
            if !readiness.is_error() && !readiness.is_write_closed() {
                return Poll::Ready(Ok(()));
            }
            let looked = self.try_io(|| match is_open(&SockRef::from(self)) {
                Ok(true) => Ok(()),
                // This makes the reactor watch again.
                Ok(false) => Err(ErrorKind::WouldBlock.into()),
                Err(error) => Err(error),
            });
            match looked {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                looked => return Poll::Ready(looked),
            }
        }
    }

    /// Its readiness, once it is writable or has failed.
    fn poll_readiness(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        // `poll_write_ready` registers the task. `ready` also reports errors, and returns at once by then.
        match self {
            Self::Tcp(stream) => {
                ready!(stream.poll_write_ready(cx))?;
                pin!(stream.ready(Interest::WRITABLE | Interest::ERROR)).poll(cx)
            }
            Self::Unix(stream) => {
                ready!(stream.poll_write_ready(cx))?;
                pin!(stream.ready(Interest::WRITABLE | Interest::ERROR)).poll(cx)
            }
        }
    }

    fn try_io<T>(&self, look: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        match self {
            Self::Tcp(stream) => stream.try_io(Interest::WRITABLE, look),
            Self::Unix(stream) => stream.try_io(Interest::WRITABLE, look),
        }
    }

    fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_read_ready(cx),
            Self::Unix(stream) => stream.poll_read_ready(cx),
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, room),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, room),
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, octets),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, octets),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            #[cfg(feature = "blocking")]
            Self::Polled(socket) => socket.read(room),
            #[cfg(feature = "tokio")]
            Self::Watched(watched, task) => {
                let mut room = ReadBuf::new(room);
                match watched.poll_read(&mut Context::from_waker(task), &mut room) {
                    Poll::Ready(result) => result.map(|()| room.filled().len()),
                    Poll::Pending => Err(ErrorKind::WouldBlock.into()),
                }
            }
        }
    }
}

impl Write for Stream {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match self {
            #[cfg(feature = "blocking")]
            Self::Polled(socket) => socket.write(octets),
            #[cfg(feature = "tokio")]
            Self::Watched(watched, task) => match watched.poll_write(&mut Context::from_waker(task), octets) {
                Poll::Ready(result) => result,
                Poll::Pending => Err(ErrorKind::WouldBlock.into()),
            },
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            #[cfg(feature = "blocking")]
            Self::Polled(socket) => socket.as_fd(),
            #[cfg(feature = "tokio")]
            Self::Watched(watched, _) => watched.as_fd(),
        }
    }
}

#[cfg(feature = "tokio")]
impl AsFd for Watched {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}

/// Whether the connect is still in progress. The standard library has no `ErrorKind` for `EINPROGRESS`.
pub(crate) fn is_under_way(error: &io::Error) -> bool {
    let in_progress = Errno::from_io_error(error) == Some(Errno::INPROGRESS);
    in_progress || matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

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

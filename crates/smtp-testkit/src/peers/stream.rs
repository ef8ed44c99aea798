//! Adapts a [`Line`] to the asynchronous peers.

use std::{
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    runtime::{Builder, Runtime},
};

use super::Line;

/// An asynchronous stream over a line. It is always ready.
#[derive(Debug)]
pub struct Stream<L>(L);

impl<L: Line> Stream<L> {
    /// Opens a new connection.
    pub fn new(mut line: L) -> Self {
        line.open();
        Self(line)
    }
}

impl<L: Line + Unpin> AsyncRead for Stream<L> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let len = self.0.read(room.initialize_unfilled());
        room.advance(len);
        Poll::Ready(Ok(()))
    }
}

impl<L: Line + Unpin> AsyncWrite for Stream<L> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.0.write(octets);
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl<L: Line + Unpin + Send + Sync + std::fmt::Debug> AsyncTokioStream for Stream<L> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Polls a future that is always ready. An executor would distort measurements.
pub fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the line is always ready"),
    }
}

/// A runtime with a clock, which mail-send needs because it starts a timer for each command.
#[derive(Debug)]
pub struct Clock(Runtime);

impl Clock {
    /// Starts the runtime. No tasks run on it.
    #[allow(clippy::new_without_default, reason = "starting a runtime should be explicit")]
    pub fn new() -> Self {
        Self(Builder::new_current_thread().enable_time().build().expect("a runtime"))
    }

    /// Does the work inside the runtime.
    pub fn entered<T>(&self, work: impl FnOnce() -> T) -> T {
        let _entered = self.0.enter();
        work()
    }
}

/// Does the work inside a new runtime.
pub fn with_clock<T>(work: impl FnOnce() -> T) -> T {
    Clock::new().entered(work)
}

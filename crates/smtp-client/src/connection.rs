//! One open connection, in clear or secured, with non-blocking reads and writes.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use smtp_proto::{Clock, Delivery, Disconnect, MisuseError, Timeout};
use socket2::SockAddr;

use crate::{
    bounds::Bounds,
    endpoint::Endpoint,
    login::{CredentialSource, Exchange},
    stream::Stream,
    tls::{HandshakeError, Progress, TlsChannel, TlsFacts},
};

/// One open connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Stream,
    server: Endpoint,
    clock: Clock<Instant>,
    opened: Instant,
    /// When the last delivery was done.
    idle_since: Instant,
    layer: Layer,
    /// The authentication on this connection.
    exchange: Box<Exchange>,
}

/// What the octets of the session are carried by.
#[derive(Debug)]
enum Layer {
    Clear,
    Handshake(Box<TlsChannel>),
    Tls(Box<TlsChannel>),
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
    pub(crate) fn new(stream: Stream, server: Endpoint, now: Instant) -> Self {
        Self {
            stream,
            server,
            clock: Clock::new(),
            opened: now,
            idle_since: now,
            layer: Layer::Clear,
            exchange: Box::default(),
        }
    }

    /// A delivery is done, and the connection is kept.
    pub(crate) fn rest(&mut self, now: Instant) {
        self.idle_since = now;
    }

    /// Whether it is too old, or was idle for too long, to carry another message.
    pub(crate) fn is_stale(&self, bounds: &Bounds, now: Instant) -> bool {
        let is_past = |limit: Option<Duration>, since| limit.is_some_and(|limit| now.duration_since(since) >= limit);
        is_past(bounds.age, self.opened) || is_past(bounds.idle, self.idle_since)
    }

    /// Restarts the clock, after the connection was idle.
    pub(crate) fn wake(&mut self) {
        self.clock.restart();
    }

    /// How much of `timeout` is left.
    pub(crate) fn time_left(&mut self, timeout: Timeout, now: Instant) -> Duration {
        self.clock.time_left(timeout, now)
    }

    /// Whether TLS was not started.
    pub(crate) const fn is_clear(&self) -> bool {
        matches!(self.layer, Layer::Clear)
    }

    pub(crate) fn start_tls(&mut self, channel: TlsChannel) {
        self.layer = Layer::Handshake(Box::new(channel));
    }

    /// Goes on with the handshake. After an error, drop the connection.
    pub(crate) fn handshake(&mut self) -> Result<Progress, HandshakeError> {
        let Layer::Handshake(channel) = &mut self.layer else { return Ok(Progress::Done) };
        let progress = channel.handshake(&mut self.stream)?;
        if progress == Progress::Done {
            if let Layer::Handshake(channel) = std::mem::replace(&mut self.layer, Layer::Clear) {
                self.layer = Layer::Tls(channel);
            }
        }
        Ok(progress)
    }

    /// The TLS layer, once its handshake is done.
    pub(crate) const fn tls(&self) -> Option<&TlsChannel> {
        match &self.layer {
            Layer::Clear | Layer::Handshake(_) => None,
            Layer::Tls(channel) => Some(channel),
        }
    }

    /// What is known about the TLS layer.
    pub(crate) fn tls_facts(&self) -> Option<&TlsFacts> {
        self.tls().and_then(TlsChannel::facts)
    }

    /// Answers what the delivery asks for to authenticate.
    pub(crate) fn authenticate(
        &mut self,
        delivery: &mut Delivery,
        source: Option<&Arc<dyn CredentialSource>>,
    ) -> Result<(), MisuseError> {
        let Self { layer, exchange, .. } = self;
        let tls = match layer {
            Layer::Clear | Layer::Handshake(_) => None,
            Layer::Tls(channel) => Some(&**channel),
        };
        exchange.answer(delivery, source, tls)
    }

    /// Reads octets that have arrived.
    pub(crate) fn read(&mut self, room: &mut [u8]) -> Got {
        self.layer.read(&mut self.stream, room)
    }

    /// The same, even if a reactor has not noticed them yet.
    pub(crate) fn read_unnoticed(&mut self, room: &mut [u8]) -> Got {
        self.layer.read(&mut &*self.stream.socket(), room)
    }

    /// Writes as many octets as there is room for. With TLS, the last record of them may still wait for room: see
    /// [`has_unwritten`](Self::has_unwritten).
    pub(crate) fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let result = match &mut self.layer {
            Layer::Clear | Layer::Handshake(_) => self.stream.write(octets),
            Layer::Tls(channel) => channel.write(&mut self.stream, octets),
        };
        match result {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(0),
            Ok(0) => Err(ErrorKind::WriteZero.into()),
            result => result,
        }
    }

    /// Writes what TLS still holds, as far as there is room. If writing fails, so will the next read.
    pub(crate) fn flush(&mut self) {
        if let Layer::Tls(channel) = &mut self.layer {
            let _ = channel.flush(&mut self.stream);
        }
    }

    /// Whether octets have arrived that waiting for the socket would not show.
    pub(crate) fn has_unread(&mut self) -> bool {
        match &mut self.layer {
            Layer::Clear | Layer::Handshake(_) => false,
            Layer::Tls(channel) => channel.has_unread(),
        }
    }

    /// Whether TLS holds octets that were written to it.
    pub(crate) fn has_unwritten(&self) -> bool {
        self.tls().is_some_and(TlsChannel::has_unwritten)
    }

    /// Tells the server that nothing follows, if TLS is used.
    pub(crate) fn close(&mut self) {
        if let Layer::Tls(channel) = &mut self.layer {
            channel.close(&mut self.stream);
        }
    }

    pub(crate) const fn server(&self) -> &Endpoint {
        &self.server
    }

    /// The local address of a TCP connection.
    pub(crate) fn local_address(&self) -> Option<SocketAddr> {
        self.stream.socket().local_addr().ok().as_ref().and_then(SockAddr::as_socket)
    }

    pub(crate) const fn stream(&self) -> &Stream {
        &self.stream
    }
}

impl Layer {
    fn read(&mut self, stream: &mut (impl Read + Write), room: &mut [u8]) -> Got {
        let result = match self {
            Self::Clear | Self::Handshake(_) => stream.read(room),
            Self::Tls(channel) => channel.read(stream, room),
        };
        match result {
            Ok(0) => Got::Lost(Disconnect::Closed),
            Ok(len) => Got::Octets(len),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::Interrupted => Got::Nothing,
                _ => Got::Lost(Disconnect::from(&error)),
            },
        }
    }
}

//! One connection, from the server's side.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use rustls::{ServerConnection, StreamOwned};
use socket2::SockRef;

use super::tls::Certificates;

/// How long each step of a handshake may take.
const LONGEST_HANDSHAKE: Duration = Duration::from_secs(30);

/// The pieces in which a server writes its flights.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Writes {
    /// Each flight in one piece.
    Whole,
    /// One octet at a time.
    Octets,
    /// Each flight in two halves.
    Halves,
}

/// The result of a read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Got {
    /// Octets, now in the buffer.
    Octets,
    /// The client has closed or reset the connection.
    Ended,
    /// Nothing arrived in time.
    Nothing,
}

/// One accepted connection. Received octets stay in its buffer until they are taken.
#[derive(Debug)]
pub struct Link {
    stream: TcpStream,
    /// The TLS layer, if the connection is secured. It has a handle of the same connection.
    tls: Option<Box<StreamOwned<ServerConnection, TcpStream>>>,
    arrived: Vec<u8>,
    ended: bool,
}

impl Link {
    /// Wraps an accepted connection.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, tls: None, arrived: Vec::new(), ended: false })
    }

    /// The address of the client.
    pub fn client(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }

    /// Secures the connection, as its server. An error means that the handshake failed.
    pub fn secure(&mut self, certificates: &Certificates) -> io::Result<()> {
        let connection = ServerConnection::new(certificates.server_config()).map_err(io::Error::other)?;
        let mut tls = Box::new(StreamOwned::new(connection, self.stream.try_clone()?));
        self.stream.set_read_timeout(Some(LONGEST_HANDSHAKE))?;
        while tls.conn.is_handshaking() {
            tls.conn.complete_io(&mut tls.sock)?;
        }
        self.tls = Some(tls);
        Ok(())
    }

    /// Writes octets. An error means that the client has left.
    pub fn send(&mut self, octets: &[u8], writes: Writes) -> io::Result<()> {
        let size = match writes {
            Writes::Whole => octets.len(),
            Writes::Octets => 1,
            Writes::Halves => octets.len().div_ceil(2),
        };
        for piece in octets.chunks(size.max(1)) {
            match &mut self.tls {
                None => self.stream.write_all(piece)?,
                Some(tls) => tls.write_all(piece).and_then(|()| tls.flush())?,
            }
            std::thread::yield_now();
        }
        Ok(())
    }

    /// Reads once, waiting up to `limit`.
    pub fn read(&mut self, limit: Duration) -> Got {
        if self.ended {
            return Got::Ended;
        }
        let mut room = [0; 16 * 1024];
        // The standard library rejects a timeout of zero.
        let limited = self.stream.set_read_timeout(Some(limit.max(Duration::from_micros(1))));
        let read = limited.and_then(|()| match &mut self.tls {
            None => self.stream.read(&mut room),
            Some(tls) => tls.read(&mut room),
        });
        match read {
            Ok(0) => self.ended = true,
            Ok(len) => {
                self.arrived.extend_from_slice(&room[..len]);
                return Got::Octets;
            }
            Err(error) if is_timeout(&error) => return Got::Nothing,
            Err(_) => self.ended = true,
        }
        Got::Ended
    }

    /// The octets that have arrived and were not taken.
    pub fn arrived(&self) -> &[u8] {
        &self.arrived
    }

    /// Takes up to this many octets from the start of the buffer.
    pub fn take(&mut self, octets: usize) -> Vec<u8> {
        let rest = self.arrived.split_off(octets.min(self.arrived.len()));
        std::mem::replace(&mut self.arrived, rest)
    }

    /// Takes the next line with its line end. The error says whether the client has left or `limit` has passed;
    /// an incomplete line stays in the buffer.
    pub fn line(&mut self, limit: Duration) -> Result<Vec<u8>, Got> {
        let until = Instant::now() + limit;
        let mut searched = 0;
        loop {
            let found = self.arrived[searched..].iter().position(|octet| *octet == b'\n');
            if let Some(end) = found {
                return Ok(self.take(searched + end + 1));
            }
            searched = self.arrived.len();
            match self.read(until.saturating_duration_since(Instant::now())) {
                Got::Octets => {}
                nothing => return Err(nothing),
            }
        }
    }

    /// Reads until the client has left. Returns whether it did so within `limit`.
    pub fn drain(&mut self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        loop {
            match self.read(until.saturating_duration_since(Instant::now())) {
                Got::Octets => {}
                Got::Ended => return true,
                Got::Nothing => return false,
            }
        }
    }

    /// Closes the server's direction. The client's octets can still be read: unread ones would turn the close
    /// into a reset.
    pub fn close(&mut self) {
        // Fails if the client has already left.
        let _ = self.stream.shutdown(std::net::Shutdown::Write);
    }

    /// Resets the connection.
    pub fn reset(self) -> io::Result<()> {
        // A linger time of zero makes the system send a reset.
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))
    }

    /// Sets the size of the receive buffer.
    pub fn narrow(&mut self, octets: usize) -> io::Result<()> {
        SockRef::from(&self.stream).set_recv_buffer_size(octets)
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

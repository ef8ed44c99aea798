//! The network that a generic driver sees.

use std::{io, net::SocketAddr, time::Duration};

use smtp_proto::Cancel;

/// One connection at a time, and a clock. A driver that is generic over it can run in memory, where the
/// kit decides what happens and when.
pub trait Network {
    /// All addresses of the next hop, in order of preference.
    fn servers(&self) -> &[SocketAddr];
    /// Opens a connection. The previous one must be closed.
    fn connect(&mut self, server: SocketAddr) -> io::Result<()>;
    /// Closes the connection, if there is one.
    fn close(&mut self);
    /// Reads octets that have arrived. Returns [`WouldBlock`](io::ErrorKind::WouldBlock) if there are none,
    /// and 0 at the end of the connection.
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize>;
    /// Writes some of the octets. Returns [`WouldBlock`](io::ErrorKind::WouldBlock) if none could be written.
    fn write(&mut self, octets: &[u8]) -> io::Result<usize>;
    /// Waits until there is something to read, or until a write that would have blocked can proceed, but no
    /// longer than `limit`.
    fn wait(&mut self, limit: Duration);
    /// The time since an arbitrary fixed point.
    fn now(&self) -> Duration;
    /// The reason, if the caller cancels the delivery.
    fn cancelled(&mut self) -> Option<Cancel>;
}

//! The network that a generic driver sees.

use std::{io, net::SocketAddr, time::Duration};

use smtp_proto::Cancel;

/// One connection at a time, and a clock. A driver that is generic over it runs in memory, where the
/// kit decides what happens when.
pub trait Network {
    /// All addresses of the next hop, in the order of preference.
    fn servers(&self) -> &[SocketAddr];
    /// Opens a connection. The one before must be closed.
    fn connect(&mut self, server: SocketAddr) -> io::Result<()>;
    /// Closes the connection, if there is one.
    fn close(&mut self);
    /// Reads what has arrived: nothing is [`WouldBlock`](io::ErrorKind::WouldBlock), and no octets are
    /// the end of the connection.
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize>;
    /// Writes some of these octets: none is [`WouldBlock`](io::ErrorKind::WouldBlock).
    fn write(&mut self, octets: &[u8]) -> io::Result<usize>;
    /// Waits until there is something to read, or room for octets that were not written, and no longer
    /// than `limit`.
    fn wait(&mut self, limit: Duration);
    /// The time, counted from some moment.
    fn now(&self) -> Duration;
    /// Whether the caller gives the delivery up, and why.
    fn cancelled(&mut self) -> Option<Cancel>;
}

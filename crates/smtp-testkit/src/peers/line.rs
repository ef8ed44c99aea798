//! The other end of a line, in memory.

/// The other end of a line. Nothing on it ever waits.
pub trait Line {
    /// A new connection.
    fn open(&mut self);

    /// The client writes.
    fn write(&mut self, octets: &[u8]);

    /// The client reads: how many octets were put into `room`. 0: the server has closed.
    fn read(&mut self, room: &mut [u8]) -> usize;
}

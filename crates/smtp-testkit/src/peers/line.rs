//! A connection in memory.

/// The server's end of a connection in memory. No operation ever blocks.
pub trait Line {
    /// Opens a new connection.
    fn open(&mut self);

    /// The client writes.
    fn write(&mut self, octets: &[u8]);

    /// The client reads into `room`. Returns the number of octets, or 0 if the server has closed.
    fn read(&mut self, room: &mut [u8]) -> usize;
}

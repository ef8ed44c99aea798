//! A connection in memory.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind, Read, Write},
};

/// A connection in memory, as the client sees it. The server uses its queues.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) to_server: VecDeque<u8>,
    pub(crate) to_client: VecDeque<u8>,
    /// Octets that each direction holds.
    pub(crate) capacity: usize,
    /// Octets that one call moves.
    pub(crate) step: usize,
    /// Every second call would block.
    pub(crate) stutters: bool,
    /// The server closes the connection after this many more octets to the client.
    pub(crate) closes_after: usize,
    pub(crate) blocked: bool,
}

impl Default for Wire {
    fn default() -> Self {
        Self {
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
            capacity: usize::MAX,
            step: usize::MAX,
            stutters: false,
            closes_after: usize::MAX,
            blocked: false,
        }
    }
}

impl Wire {
    /// One octet at a time, and nothing in between.
    pub(crate) fn slow() -> Self {
        Self { step: 1, stutters: true, ..Self::default() }
    }

    fn stutter(&mut self) -> io::Result<()> {
        self.blocked = self.stutters && !self.blocked;
        if self.blocked { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
    }
}

impl Read for Wire {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.stutter()?;
        if self.closes_after == 0 {
            return Ok(0);
        }
        let len = room.len().min(self.step).min(self.to_client.len()).min(self.closes_after);
        if len == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.closes_after -= if self.closes_after == usize::MAX { 0 } else { len };
        self.to_client.read(&mut room[..len])
    }
}

impl Write for Wire {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.stutter()?;
        let len = octets.len().min(self.step).min(self.capacity - self.to_server.len());
        if len == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.to_server.write(&octets[..len])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

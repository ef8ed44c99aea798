//! Octets to send, and how many of them were sent.

use alloc::vec::Vec;
use core::{
    fmt,
    hash::{Hash, Hasher},
};

use zeroize::Zeroize;

use crate::{command::Command, escape::Escaped};

/// Octets to send. A chunk of BDAT is gathered at their end, and is not sent before it is complete. If they contain a
/// secret, they are wiped once they are sent or dropped, and neither shown, compared nor hashed.
#[derive(Clone, Default)]
pub(super) struct Output {
    pub(super) octets: Vec<u8>,
    /// How many octets were sent.
    pub(super) sent: usize,
    /// How many octets at the end are not to be sent yet.
    pub(super) held: u32,
    /// Whether octets that were sent are kept, because they may have to be sent again.
    pub(super) keeps_sent: bool,
    is_secret: bool,
    /// QUIT is to be sent, and `octets` are empty. It is always the same, so it needs no allocation.
    is_quit: bool,
}

const QUIT: &[u8] = b"QUIT\r\n";

/// The size of most groups of commands, in octets.
const USUAL_GROUP: usize = 128;
const LARGER_GROUP: usize = 4 * USUAL_GROUP;
/// From here on, the next command may not fit.
const ALMOST_FULL: usize = USUAL_GROUP / 4 * 3;

impl Output {
    pub(super) const fn new() -> Self {
        Self { octets: Vec::new(), sent: 0, held: 0, keeps_sent: false, is_secret: false, is_quit: false }
    }

    /// The octets that can be sent and were not.
    #[inline]
    pub(super) fn unsent(&self) -> &[u8] {
        self.all().get(self.sent..self.ready()).unwrap_or_default()
    }

    #[inline]
    fn all(&self) -> &[u8] {
        if self.is_quit { QUIT } else { &self.octets }
    }

    /// Where the octets end that can be sent.
    #[inline]
    pub(super) fn ready(&self) -> usize {
        self.all().len().saturating_sub(self.held as usize)
    }

    pub(super) const fn is_secret(&self) -> bool {
        self.is_secret
    }

    pub(super) const fn is_partly_sent(&self) -> bool {
        self.sent > 0
    }

    /// Appends a command to a group that is to have at most `pipeline` octets. Returns its length.
    #[inline]
    pub(super) fn append(&mut self, command: &Command<'_>, pipeline: usize) -> usize {
        if matches!(command, Command::Quit) && self.octets.capacity() == 0 {
            self.is_quit = true;
            return QUIT.len();
        }
        let start = self.octets.len();
        let room = match start {
            // A small group gets all its room at once, because growing takes both buffers for a moment.
            0 if pipeline < LARGER_GROUP => pipeline.max(USUAL_GROUP),
            0 => USUAL_GROUP,
            1..=ALMOST_FULL => 0,
            // A long group, such as one with many recipients.
            _ => pipeline.saturating_sub(start).min(LARGER_GROUP),
        };
        self.reserve(room);
        command.encode(&mut self.octets);
        self.octets.len().saturating_sub(start)
    }

    /// Removes a command of this length that was appended last.
    pub(super) fn take_back(&mut self, len: usize) {
        self.octets.truncate(self.octets.len().saturating_sub(len));
        self.is_quit = false;
    }

    /// Frees the memory, if there is nothing to send.
    pub(super) fn free(&mut self) {
        if self.octets.is_empty() {
            self.octets = Vec::new();
        }
    }

    /// All octets, to append to. They must not be secret.
    #[inline]
    pub(super) const fn octets(&mut self) -> &mut Vec<u8> {
        &mut self.octets
    }

    /// Prepares to append at most this many octets of a secret. It must not grow further: that would leave a copy
    /// behind.
    pub(super) fn secret(&mut self, most: usize) -> &mut Vec<u8> {
        self.clear();
        self.is_secret = true;
        self.octets.reserve_exact(most);
        &mut self.octets
    }

    /// Reserves room for this many more octets.
    #[inline]
    pub(super) fn reserve(&mut self, octets: usize) {
        if self.octets.is_empty() && self.octets.capacity() < octets {
            // Growing the buffer would copy octets that were sent already.
            self.octets = Vec::with_capacity(octets);
        } else {
            self.octets.reserve(octets);
        }
    }

    /// This many of the octets were sent.
    #[inline]
    pub(super) fn sent(&mut self, octets: usize) {
        self.sent = self.sent.saturating_add(octets);
        if self.sent >= self.ready() && self.held == 0 && !self.keeps_sent {
            self.clear();
        }
    }

    /// Removes the octets that were sent.
    pub(super) fn drain(&mut self) {
        // The octets behind them would be moved even if there are none.
        if self.sent > 0 {
            self.octets.drain(..self.sent.min(self.octets.len()));
            self.sent = 0;
        }
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        self.wipe();
        self.octets.clear();
        (self.sent, self.held) = (0, 0);
        (self.keeps_sent, self.is_secret, self.is_quit) = (false, false, false);
    }

    #[inline]
    fn wipe(&mut self) {
        if self.is_secret {
            wipe(&mut self.octets);
        }
    }

    /// The octets, or none if they are secret.
    fn comparable(&self) -> &[u8] {
        if self.is_secret { &[] } else { self.all() }
    }
}

/// Not inlined, so that output without secrets is cleared without saving registers.
#[cold]
#[inline(never)]
fn wipe(octets: &mut Vec<u8>) {
    octets.zeroize();
}

impl Drop for Output {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl PartialEq for Output {
    fn eq(&self, other: &Self) -> bool {
        let facts = |output: &Self| (output.sent, output.held, output.keeps_sent, output.is_secret);
        facts(self) == facts(other) && self.comparable() == other.comparable()
    }
}

impl Eq for Output {}

impl Hash for Output {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.sent, self.held, self.keeps_sent, self.is_secret, self.comparable()).hash(state);
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_secret { f.write_str("***") } else { write!(f, "{:?}", Escaped(self.unsent())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn quit_does_not_allocate_once_the_memory_was_freed() {
        let mut output = Output::new();
        let len = output.append(&Command::Noop, 0);
        output.sent(len);
        output.free();
        assert_eq!(output.append(&Command::Quit, 0), 6);
        assert_eq!((output.octets.capacity(), output.unsent()), (0, &b"QUIT\r\n"[..]));
        output.sent(2);
        assert_eq!(output.unsent(), b"IT\r\n");
        output.sent(4);
        assert_eq!(output, Output::new());
    }

    #[test]
    fn a_secret_is_neither_shown_nor_compared_and_is_wiped_once_it_is_sent() {
        let with = |secret: &[u8]| {
            let mut output = Output::new();
            output.secret(secret.len()).extend_from_slice(secret);
            output
        };
        let mut output = with(b"secret");
        assert_eq!(format!("{output:?}"), "***");
        assert_eq!(output, with(b"other!"));
        output.sent(3);
        assert_ne!(output, with(b"secret"));
        assert_eq!(output.unsent(), b"ret");
        let start = output.octets.as_ptr();
        output.sent(3);
        assert_eq!(output, Output::new());
        // The allocation is reused; what it held is gone.
        output.octets.resize(6, b'x');
        assert_eq!(output.octets.as_ptr(), start);
    }
}

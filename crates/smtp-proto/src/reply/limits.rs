//! Limits on the size of one reply.

/// Caps on one reply, in octets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct ReplyLimits {
    /// One line, without its LF.
    pub(super) line: usize,
    /// All lines of one reply, with their line ends.
    pub(super) reply: usize,
}

impl ReplyLimits {
    pub(super) const NONE: Self = Self { line: usize::MAX, reply: usize::MAX };

    /// Whether both hold: octets of the line at hand, without its LF, and of the reply so far, with it.
    ///
    /// Both count octets from where they start, so that the first one passed is the same whether the
    /// octets came alone or together.
    pub(super) const fn hold(self, line: usize, reply: usize) -> bool {
        line <= self.line && reply <= self.reply
    }

    /// The length of the empty lines at the front of `octets` that pass neither.
    pub(super) fn empty_lines(self, octets: &[u8]) -> usize {
        let mut len = 0_usize;
        loop {
            let line = match octets.get(len..) {
                Some([b'\r', b'\n', ..]) => 1,
                Some([b'\n', ..]) => 0,
                _ => return len,
            };
            let end = len.wrapping_add(line).wrapping_add(1);
            if !self.hold(line, end) {
                return len;
            }
            len = end;
        }
    }
}

//! Limits on the size of one reply.

/// Limits on the size of one reply, in octets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct ReplyLimits {
    /// One line, without its LF.
    pub(super) line: usize,
    /// All lines of one reply, with their line ends.
    pub(super) reply: usize,
}

impl ReplyLimits {
    pub(super) const NONE: Self = Self { line: usize::MAX, reply: usize::MAX };

    /// Whether both limits hold for the current line, without its LF, and for the reply so far, with it.
    ///
    /// Both count octets, so that the same limit is exceeded first however the input is split.
    #[inline]
    pub(super) const fn hold(self, line: usize, reply: usize) -> bool {
        line <= self.line && reply <= self.reply
    }

    /// The length of the empty lines at the start of `octets` that exceed neither limit.
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

//! A chunk of BDAT, which is gathered behind the octets to send (RFC 3030 section 2).
//!
//! The command line comes first and has the length of the chunk, which is known only when the chunk is complete. Room is
//! left for the line, so that the chunk need not be copied.

use alloc::vec::Vec;

use super::output::Output;
use crate::decimal;

/// The longest command line: `BDAT`, a length below 2^32 and `LAST`.
pub(super) const LONGEST_BDAT: usize = "BDAT 4294967295 LAST\r\n".len();

impl Output {
    /// Whether a chunk is being gathered.
    pub(super) const fn is_gathering(&self) -> bool {
        self.held > 0
    }

    /// How many octets of the chunk were gathered.
    pub(super) const fn gathered(&self) -> usize {
        (self.held as usize).saturating_sub(LONGEST_BDAT)
    }

    /// Starts to gather a chunk, with memory for this many octets.
    pub(super) fn start_chunk(&mut self, octets: usize) {
        self.drop_sent();
        // The command line is first written behind the chunk.
        self.octets.reserve(octets.saturating_add(2 * LONGEST_BDAT));
        self.hold(|out| out.extend_from_slice(&[0; LONGEST_BDAT]));
    }

    /// Removes the octets that were sent, unless others would have to be moved that are sent soon.
    pub(super) fn drop_sent(&mut self) {
        if self.unsent().is_empty() && !self.keeps_sent {
            self.drain();
        }
    }

    /// Appends to the chunk what `append` writes.
    pub(super) fn hold<T>(&mut self, append: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        let before = self.octets.len();
        let appended = append(&mut self.octets);
        let more = self.octets.len().saturating_sub(before);
        self.held = self.held.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
        appended
    }

    /// The chunk is complete: puts its command line before it, so that it can be sent. Returns the length of both.
    /// `keeps_sent`: whether it is kept after it was sent, until [`release`](Self::release).
    pub(super) fn complete_chunk(&mut self, is_last: bool, keeps_sent: bool) -> usize {
        let len = self.gathered();
        let end = self.octets.len();
        self.octets.extend_from_slice(b"BDAT ");
        decimal::extend(&mut self.octets, len as u64);
        self.octets.extend_from_slice(if is_last { b" LAST\r\n" } else { b"\r\n" });
        let line = self.octets.len().saturating_sub(end);
        let start = end.saturating_sub(self.held as usize);
        let unused = LONGEST_BDAT.saturating_sub(line);
        self.octets.copy_within(end.., start.saturating_add(unused));
        self.octets.truncate(end);
        // The commands before the chunk are moved to it. The room that is left counts as sent.
        let sent = self.sent.min(start);
        self.octets.copy_within(sent..start, sent.saturating_add(unused));
        self.sent = sent.saturating_add(unused);
        (self.held, self.keeps_sent) = (0, keeps_sent);
        line.saturating_add(len)
    }

    /// The octets of the chunk that is being gathered.
    pub(super) fn chunk(&self) -> &[u8] {
        if self.held == 0 {
            return &[];
        }
        self.octets.get(self.ready().saturating_add(LONGEST_BDAT)..).unwrap_or_default()
    }

    /// The last octets of those that can be sent or were.
    pub(super) fn last(&self, octets: usize) -> &[u8] {
        let end = self.ready();
        self.octets.get(end.saturating_sub(octets)..end).unwrap_or_default()
    }

    /// What was sent need not be kept any longer.
    pub(super) fn release(&mut self) {
        self.keeps_sent = false;
        self.sent(0);
    }

    /// Drops the chunk that is being gathered, and what was kept.
    pub(super) fn drop_chunk(&mut self) {
        self.octets.truncate(self.ready());
        self.held = 0;
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_put_between_the_commands_and_the_chunk() {
        for sent in [0, 3] {
            for (chunk, is_last, line) in
                [(&b"0123456789"[..], false, &b"BDAT 10\r\n"[..]), (b"", true, b"BDAT 0 LAST\r\n")]
            {
                let mut output = Output::new();
                output.octets().extend_from_slice(b"RCPT\r\n");
                output.sent(sent);
                output.start_chunk(10);
                for octet in chunk {
                    output.hold(|out| out.push(*octet));
                }
                assert_eq!((output.gathered(), output.chunk()), (chunk.len(), chunk));
                assert_eq!(output.unsent(), &b"RCPT\r\n"[sent..], "the chunk is not complete");
                assert_eq!(output.complete_chunk(is_last, true), line.len() + chunk.len());
                assert_eq!(output.unsent(), [&b"RCPT\r\n"[sent..], line, chunk].concat());
                assert_eq!(output.last(chunk.len()), chunk);
                let all = output.unsent().len();
                output.sent(all - 1);
                assert_eq!(output.unsent().len(), 1);
                output.sent(1);
                assert_eq!((output.unsent(), output.last(chunk.len())), (&b""[..], chunk), "it is kept");
                output.release();
                assert_eq!(output, Output::new());
            }
        }
    }

    #[test]
    fn the_next_chunk_is_gathered_behind_the_one_before() {
        let mut output = Output::new();
        output.start_chunk(1);
        output.hold(|out| out.push(b'a'));
        output.complete_chunk(false, false);
        output.start_chunk(1);
        output.hold(|out| out.push(b'b'));
        assert_eq!(output.unsent(), b"BDAT 1\r\na");
        output.sent(9);
        assert_eq!((output.unsent(), output.chunk()), (&b""[..], &b"b"[..]));
        output.complete_chunk(true, false);
        assert_eq!(output.unsent(), b"BDAT 1 LAST\r\nb");
        output.start_chunk(1);
        output.drop_chunk();
        assert_eq!(output.unsent(), b"BDAT 1 LAST\r\nb");
    }
}

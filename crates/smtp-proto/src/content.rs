//! Message octets -> wire octets: line ends and dot-stuffing (RFC 5321 sections 2.3.8 and 4.5.2).

use alloc::vec::Vec;
use core::fmt;

use memchr::{memchr, memchr2, memrchr};

use crate::config::LineEndings;

/// The longest line RFC 5321 section 4.5.3.1.6 asks a server to take, in octets without CR LF.
pub const LONGEST_LINE: u64 = 998;

/// Octets that are looked at together: less than [`LONGEST_LINE`], so that no line in a block is long.
const BLOCK: usize = 512;

/// Encodes one message, in pieces of any size.
///
/// No line of the message can end the message: CR and LF leave only together, and a dot at the
/// start of a line is doubled.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ContentEncoder {
    line_endings: LineEndings,
    eight_bit: bool,
    position: Position,
    /// Octets taken in.
    taken: u64,
    line_len: u64,
    longest_line: u64,
}

/// Where the next octet stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Position {
    LineStart,
    InLine,
    /// A CR was taken and not written: what it is depends on the next octet.
    AfterCr,
}

/// Why a message cannot be sent as it is. Offsets are in octets of the message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ContentFault {
    /// A LF without a CR before it, where policy is strict.
    BareLf(u64),
    /// A CR without a LF behind it, where policy is strict.
    StrayCr(u64),
    /// An octet above 127, or NUL, in content that was declared 7-bit.
    EightBit(u64),
}

impl fmt::Display for ContentFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BareLf(at) => write!(f, "the content has a bare LF at octet {at}"),
            Self::StrayCr(at) => write!(f, "the content has a CR without a LF at octet {at}"),
            Self::EightBit(at) => write!(f, "the content was declared 7-bit and is not at octet {at}"),
        }
    }
}

impl core::error::Error for ContentFault {}

impl ContentEncoder {
    /// `eight_bit`: whether octets above 127 and NUL may be sent.
    pub const fn new(line_endings: LineEndings, eight_bit: bool) -> Self {
        Self { line_endings, eight_bit, position: Position::LineStart, taken: 0, line_len: 0, longest_line: 0 }
    }

    /// Appends the next octets of the message to `out`. After a fault `out` holds what came before
    /// it, and the message must not be ended.
    pub fn encode(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), ContentFault> {
        let mut rest = input;
        while !rest.is_empty() {
            let (block, behind) = rest.split_at_checked(BLOCK).unwrap_or((rest, &[]));
            if !self.eight_bit && !is_seven_bit(block) {
                let clean = block.iter().position(|octet| !is_seven_bit(&[*octet])).unwrap_or(block.len());
                self.encode_lines(block.get(..clean).unwrap_or(block), out)?;
                return Err(ContentFault::EightBit(self.taken));
            }
            // What a CR at the end is depends on the next octet.
            let text = block.strip_suffix(b"\r").unwrap_or(block);
            if self.needs_nothing(text) {
                self.copy(text, out);
                self.encode_lines(block.get(text.len()..).unwrap_or_default(), out)?;
            } else {
                self.encode_lines(block, out)?;
            }
            rest = behind;
        }
        Ok(())
    }

    /// Appends the end of the content: the rest of the last line, and the line with the dot.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), ContentFault> {
        if self.position == Position::AfterCr {
            self.stray_cr(out)?;
        }
        if self.position != Position::LineStart {
            self.end_line(out);
        }
        out.extend_from_slice(b".\r\n");
        Ok(())
    }

    /// The longest line, in octets without its line end, if it is above [`LONGEST_LINE`]. Such lines
    /// are sent as they are: folding breaks signatures, refusing loses mail.
    pub const fn longest_line(&self) -> Option<u64> {
        if self.longest_line > LONGEST_LINE { Some(self.longest_line) } else { None }
    }

    /// Whether `text` can be copied as it is: CR and LF come together, and no line starts with a dot.
    fn needs_nothing(&self, text: &[u8]) -> bool {
        let before = match self.position {
            Position::LineStart => b'\n',
            Position::InLine => 0,
            Position::AfterCr => return false,
        };
        let Some((first, rest)) = text.split_first() else { return true };
        let within = text.iter().zip(rest).fold(0, |any, (before, octet)| any | special(*before, *octet));
        within | special(before, *first) == 0 && text.last() != Some(&b'\r')
    }

    /// Appends text that needs nothing.
    fn copy(&mut self, text: &[u8], out: &mut Vec<u8>) {
        let Some(last) = text.last() else { return };
        out.extend_from_slice(text);
        self.position = if *last == b'\n' { Position::LineStart } else { Position::InLine };
        self.taken = self.taken.saturating_add(text.len() as u64);
        let before_line = self.line_len;
        let len = text.len() as u64;
        match memrchr(b'\n', text) {
            None => self.line_len = before_line.saturating_add(len),
            Some(last_end) => {
                // Lines that lie whole in a block are shorter than it: only the first can be long.
                if before_line.saturating_add(len) > LONGEST_LINE {
                    let first_end = memchr(b'\n', text).unwrap_or_default() as u64;
                    let line = before_line.saturating_add(first_end).saturating_sub(1);
                    self.longest_line = self.longest_line.max(line);
                }
                self.line_len = len.saturating_sub(last_end as u64).saturating_sub(1);
            }
        }
    }

    fn encode_lines(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), ContentFault> {
        let mut rest = input;
        while let Some(&next) = rest.first() {
            match (self.position, next) {
                (Position::AfterCr, b'\n') => {
                    self.end_line(out);
                    rest = self.advance(rest, 1);
                    continue;
                }
                (Position::AfterCr, _) => self.stray_cr(out)?,
                (Position::LineStart, b'.') => out.push(b'.'),
                (Position::LineStart | Position::InLine, _) => {}
            }
            let run = memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
            let (text, behind) = rest.split_at_checked(run).unwrap_or((rest, &[]));
            out.extend_from_slice(text);
            self.line_len = self.line_len.saturating_add(text.len() as u64);
            self.position = Position::InLine;
            rest = self.advance(rest, run);
            match behind.first() {
                None => {}
                Some(b'\r') => {
                    self.position = Position::AfterCr;
                    rest = self.advance(rest, 1);
                }
                Some(_) => {
                    self.bare_lf(out)?;
                    rest = self.advance(rest, 1);
                }
            }
        }
        Ok(())
    }

    fn advance<'a>(&mut self, octets: &'a [u8], len: usize) -> &'a [u8] {
        self.taken = self.taken.saturating_add(len as u64);
        octets.get(len..).unwrap_or_default()
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\r\n");
        self.longest_line = self.longest_line.max(self.line_len);
        self.line_len = 0;
        self.position = Position::LineStart;
    }

    fn bare_lf(&mut self, out: &mut Vec<u8>) -> Result<(), ContentFault> {
        match self.line_endings {
            LineEndings::Mend => self.end_line(out),
            LineEndings::Strict => return Err(ContentFault::BareLf(self.taken)),
        }
        Ok(())
    }

    /// The CR was the octet before this one.
    fn stray_cr(&mut self, out: &mut Vec<u8>) -> Result<(), ContentFault> {
        match self.line_endings {
            LineEndings::Mend => out.push(b' '),
            LineEndings::Strict => return Err(ContentFault::StrayCr(self.taken.saturating_sub(1))),
        }
        self.line_len = self.line_len.saturating_add(1);
        self.position = Position::InLine;
        Ok(())
    }
}

/// Not 0 if the second of two neighbours cannot be copied as it is. Numbers, not truth values: so it
/// becomes vector instructions.
fn special(before: u8, octet: u8) -> u8 {
    let half_line_end = u8::from(before == b'\r') ^ u8::from(octet == b'\n');
    let dot_at_start = u8::from(before == b'\n') & u8::from(octet == b'.');
    half_line_end | dot_at_start
}

/// Whether content with these octets can go to a server without 8BITMIME: none above 127, no NUL
/// (RFC 5321 section 4.5.2).
pub fn is_seven_bit(octets: &[u8]) -> bool {
    octets.iter().fold(0, |any, octet| any | u8::from(octet.wrapping_sub(1) > 126)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn encoded(pieces: &[&[u8]], line_endings: LineEndings) -> Result<Vec<u8>, ContentFault> {
        let mut encoder = ContentEncoder::new(line_endings, false);
        let mut out = Vec::new();
        for piece in pieces {
            encoder.encode(piece, &mut out)?;
        }
        encoder.finish(&mut out)?;
        Ok(out)
    }

    #[test]
    fn content_is_mended_stuffed_and_ended_the_same_for_every_split() {
        for (content, wire) in [
            (&b""[..], &b".\r\n"[..]),
            (b"\r\n", b"\r\n.\r\n"),
            (b"a", b"a\r\n.\r\n"),
            (b"a\r\n", b"a\r\n.\r\n"),
            (b"a\n", b"a\r\n.\r\n"),
            (b".", b"..\r\n.\r\n"),
            (b".a\r\n..b\r\nc.", b"..a\r\n...b\r\nc.\r\n.\r\n"),
            (b"a\n.\nb", b"a\r\n..\r\nb\r\n.\r\n"),
            (b"a\n.\r\nb", b"a\r\n..\r\nb\r\n.\r\n"),
            (b"a\r.\rb", b"a . b\r\n.\r\n"),
            (b"a\r\n.\rb", b"a\r\n.. b\r\n.\r\n"),
            (b"a\r.\r\nb", b"a .\r\nb\r\n.\r\n"),
            (b"a\r\r\n.\r\r\nb", b"a \r\n.. \r\nb\r\n.\r\n"),
            (b"\r", b" \r\n.\r\n"),
            (b"\n\r", b"\r\n \r\n.\r\n"),
        ] {
            for first in 0..=content.len() {
                for second in first..=content.len() {
                    let pieces = [&content[..first], &content[first..second], &content[second..]];
                    assert_eq!(encoded(&pieces, LineEndings::Mend).unwrap(), wire, "{}", crate::Escaped(content));
                }
            }
        }
    }

    #[test]
    fn strict_policy_names_the_octet_at_fault_for_every_split() {
        for (content, fault) in [
            (&b"a\nb"[..], ContentFault::BareLf(1)),
            (b"\n", ContentFault::BareLf(0)),
            (b"a\r\nb\rc", ContentFault::StrayCr(4)),
            (b"a\r", ContentFault::StrayCr(1)),
            (b"\r\r\n", ContentFault::StrayCr(0)),
            (b"abc\xe9\n", ContentFault::EightBit(3)),
            (b"ab\n\xe9", ContentFault::BareLf(2)),
            (b"\0", ContentFault::EightBit(0)),
        ] {
            for at in 0..=content.len() {
                let pieces = [&content[..at], &content[at..]];
                assert_eq!(encoded(&pieces, LineEndings::Strict), Err(fault), "{}", crate::Escaped(content));
            }
        }
    }

    #[test]
    fn a_long_line_is_measured_without_its_end_however_it_is_cut() {
        for (before, line, expected) in [(0, 998, None), (0, 999, Some(999)), (700, 2000, Some(2000)), (511, 998, None)]
        {
            let mut content = [vec![b'a'; before], b"\r\n".to_vec(), vec![b'b'; line], b"\r\nc\n".to_vec()].concat();
            content.extend_from_slice(&b"12345678\r\n".repeat(100));
            for piece in [1, 7, 511, 512, 513, content.len()] {
                let mut encoder = ContentEncoder::new(LineEndings::Mend, true);
                let mut out = Vec::new();
                for piece in content.chunks(piece) {
                    encoder.encode(piece, &mut out).unwrap();
                }
                encoder.finish(&mut out).unwrap();
                assert_eq!(encoder.longest_line(), expected, "{before} {line} {piece}");
            }
        }
    }

    #[test]
    fn text_that_can_be_copied_as_it_is_is_known() {
        use Position::{AfterCr, InLine, LineStart};
        for (position, text, expected) in [
            (LineStart, &b""[..], true),
            (LineStart, b"a.b\r\n\r\nc", true),
            (InLine, b"\r\n", true),
            (InLine, b".\r\na\r\n", true),
            (LineStart, b".", false),
            (LineStart, b".\n", false),
            (InLine, b"a\r\n.\r\n", false),
            (InLine, b"\n", false),
            (InLine, b"a\nb", false),
            (InLine, b"a\nb\nc", false),
            (InLine, b"a\rb", false),
            (InLine, b"a\r", false),
            (AfterCr, b"\n", false),
            (AfterCr, b"a", false),
        ] {
            let encoder = ContentEncoder { position, ..ContentEncoder::new(LineEndings::Mend, true) };
            assert_eq!(encoder.needs_nothing(text), expected, "{position:?} {}", crate::Escaped(text));
        }
    }

    #[test]
    fn whole_blocks_are_encoded_as_single_octets_are() {
        let lines: [&[u8]; 7] = [b"a line of text\r\n", b".dot\r\n", b"bare\n", b"stray\rcr\r\n", b"\r\n", b"x", b"\r"];
        // Every order of the lines, at every offset of a block.
        for seed in 0..2_000_usize {
            let mut content = vec![b'.'; seed % 520];
            for step in 0..60 {
                let quiet = seed.wrapping_mul(step + 7).wrapping_mul(2_654_435_761) >> 9;
                content.extend_from_slice(if quiet % 5 < 3 { lines[0] } else { lines[quiet % 7] });
            }
            let single: Vec<&[u8]> = content.chunks(1).collect();
            assert_eq!(encoded(&[&content], LineEndings::Mend), encoded(&single, LineEndings::Mend));
            assert_eq!(encoded(&[&content], LineEndings::Strict), encoded(&single, LineEndings::Strict));
        }
    }
}

//! Message octets -> wire octets: line ends and dot-stuffing (RFC 5321 sections 2.3.8 and 4.5.2).

mod blocks;
mod seven_bit;

use alloc::vec::Vec;
use core::fmt;

use memchr::{memchr, memchr2, memrchr};

pub use self::seven_bit::is_seven_bit;
use self::{blocks::split_plain_blocks, seven_bit::seven_bit_part};
use crate::config::LineEndings;

/// The longest line RFC 5321 section 4.5.3.1.6 asks a server to take, in octets without CR LF.
pub const LONGEST_LINE: u64 = 998;

/// Octets that are looked at before they are copied: the nearest cache holds them in between.
const CHUNK: usize = 8192;

/// Encodes one message, in pieces of any size.
///
/// No line of the message can end the message: CR and LF leave only together, and a dot at the
/// start of a line is doubled.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ContentEncoder {
    line_endings: LineEndings,
    eight_bit: bool,
    position: Position,
    /// Why the message cannot be sent.
    fault: Option<Fault>,
    /// Octets taken in, up to the chunk at hand; after a fault, up to the octet at fault.
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

/// A [`ContentFault`] whose offset is kept elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Fault {
    BareLf,
    StrayCr,
    EightBit,
}

impl Fault {
    const fn at(self, offset: u64) -> ContentFault {
        match self {
            Self::BareLf => ContentFault::BareLf(offset),
            Self::StrayCr => ContentFault::StrayCr(offset),
            Self::EightBit => ContentFault::EightBit(offset),
        }
    }
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
        Self {
            line_endings,
            eight_bit,
            position: Position::LineStart,
            fault: None,
            taken: 0,
            line_len: 0,
            longest_line: 0,
        }
    }

    /// Appends the next octets of the message to `out`. After a fault `out` holds what came before
    /// it; from then on nothing is written, and the fault comes again.
    pub fn encode(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), ContentFault> {
        self.check()?;
        for chunk in input.chunks(CHUNK) {
            let sendable = if self.eight_bit { chunk } else { seven_bit_part(chunk) };
            self.encode_chunk(sendable, out)?;
            if sendable.len() < chunk.len() {
                return Err(self.faulted(Fault::EightBit, self.taken));
            }
        }
        Ok(())
    }

    /// Appends the end of the content: the rest of the last line, and the line with the dot. After a
    /// fault it writes nothing, and the fault comes again.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), ContentFault> {
        self.check()?;
        match self.position {
            Position::LineStart => {}
            Position::InLine => self.end_line(out),
            Position::AfterCr => {
                self.stray_cr(self.taken, out)?;
                self.end_line(out);
            }
        }
        out.extend_from_slice(b".\r\n");
        Ok(())
    }

    /// The longest line, in octets without its line end, if it is above [`LONGEST_LINE`]. Such lines
    /// are sent as they are: folding breaks signatures, refusing loses mail.
    pub const fn longest_line(&self) -> Option<u64> {
        if self.longest_line > LONGEST_LINE { Some(self.longest_line) } else { None }
    }

    fn encode_chunk(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), ContentFault> {
        let mut rest = chunk;
        // What needs more than to be copied comes in series: the line behind it is taken alone.
        let mut alone = false;
        while let Some((&next, behind)) = rest.split_first() {
            match (self.position, next) {
                (Position::AfterCr, b'\n') => {
                    self.end_line(out);
                    rest = behind;
                    continue;
                }
                (Position::AfterCr, _) => self.stray_cr(self.before(rest, chunk), out)?,
                (Position::LineStart | Position::InLine, b'\n') => {
                    self.bare_lf(self.before(rest, chunk), out)?;
                    rest = behind;
                    alone = true;
                    continue;
                }
                (Position::LineStart, b'.') => {
                    out.push(b'.');
                    alone = true;
                }
                (Position::LineStart | Position::InLine, _) => {}
            }
            if !alone {
                let (plain, behind) = split_plain_blocks(rest);
                out.extend_from_slice(plain);
                self.count(plain);
                rest = behind;
            }
            let run = memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
            let (text, behind) = rest.split_at_checked(run).unwrap_or((rest, &[]));
            self.line_len = self.line_len.saturating_add(run as u64);
            self.position = Position::InLine;
            match behind {
                [b'\r', b'\n', behind @ ..] => {
                    out.extend_from_slice(rest.get(..run.saturating_add(2)).unwrap_or(rest));
                    self.line_ended();
                    rest = behind;
                    alone = false;
                }
                [b'\r', behind @ ..] => {
                    out.extend_from_slice(text);
                    self.position = Position::AfterCr;
                    rest = behind;
                }
                [_, ..] | [] => {
                    out.extend_from_slice(text);
                    rest = behind;
                }
            }
        }
        self.taken = self.taken.saturating_add(chunk.len() as u64);
        Ok(())
    }

    /// Counts the octets of lines in text that was copied.
    fn count(&mut self, text: &[u8]) {
        let mut rest = text;
        while self.line_len.saturating_add(rest.len() as u64) > LONGEST_LINE {
            // Lines that end within the length of the longest are short: only the last of them is looked for.
            let short = usize::try_from((LONGEST_LINE + 2).saturating_sub(self.line_len)).unwrap_or(usize::MAX);
            let window = rest.get(..short).unwrap_or(rest);
            let Some(end) = memrchr(b'\n', window).or_else(|| memchr(b'\n', rest)) else { break };
            self.line_len = self.line_len.saturating_add(end as u64).saturating_sub(1);
            self.line_ended();
            rest = rest.get(end.saturating_add(1)..).unwrap_or_default();
        }
        self.line_len = match memrchr(b'\n', rest) {
            Some(end) => rest.len().saturating_sub(end).saturating_sub(1) as u64,
            None => self.line_len.saturating_add(rest.len() as u64),
        };
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\r\n");
        self.line_ended();
    }

    fn line_ended(&mut self) {
        self.longest_line = self.longest_line.max(self.line_len);
        self.line_len = 0;
        self.position = Position::LineStart;
    }

    fn bare_lf(&mut self, at: u64, out: &mut Vec<u8>) -> Result<(), ContentFault> {
        match self.line_endings {
            LineEndings::Mend => self.end_line(out),
            LineEndings::Strict => return Err(self.faulted(Fault::BareLf, at)),
        }
        Ok(())
    }

    /// The CR was the octet before this one.
    fn stray_cr(&mut self, at: u64, out: &mut Vec<u8>) -> Result<(), ContentFault> {
        match self.line_endings {
            LineEndings::Mend => out.push(b' '),
            LineEndings::Strict => return Err(self.faulted(Fault::StrayCr, at.saturating_sub(1))),
        }
        self.line_len = self.line_len.saturating_add(1);
        self.position = Position::InLine;
        Ok(())
    }

    /// How many octets of the message stand before `rest`, the end of the chunk at hand.
    fn before(&self, rest: &[u8], chunk: &[u8]) -> u64 {
        self.taken.saturating_add(chunk.len().saturating_sub(rest.len()) as u64)
    }

    fn check(&self) -> Result<(), ContentFault> {
        self.fault.map_or(Ok(()), |fault| Err(fault.at(self.taken)))
    }

    fn faulted(&mut self, fault: Fault, at: u64) -> ContentFault {
        self.taken = at;
        self.fault = Some(fault);
        fault.at(at)
    }
}

#[cfg(test)]
mod tests {
    use super::{blocks::BLOCK, *};
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
    fn after_a_fault_nothing_is_written_and_the_fault_comes_again() {
        for (content, fault) in [
            (&b"a\nb"[..], ContentFault::BareLf(1)),
            (b"a\rb", ContentFault::StrayCr(1)),
            (b"a\xe9b", ContentFault::EightBit(1)),
            // At the end.
            (b"ab\r", ContentFault::StrayCr(2)),
        ] {
            let mut encoder = ContentEncoder::new(LineEndings::Strict, false);
            let mut out = Vec::new();
            let faulted = encoder.encode(content, &mut out).and_then(|()| encoder.finish(&mut out));
            assert_eq!(faulted, Err(fault));
            let written = out.clone();
            for more in [&b"\nmore\r\n"[..], b"\xe9", b""] {
                assert_eq!(encoder.encode(more, &mut out), Err(fault));
            }
            assert_eq!(encoder.finish(&mut out), Err(fault));
            assert_eq!(out, written);
        }
    }

    #[test]
    fn a_long_line_is_measured_without_its_end_however_it_is_cut() {
        for (before, line, expected) in [(0, 998, None), (0, 999, Some(999)), (700, 2000, Some(2000)), (511, 998, None)]
        {
            // The line lies across the end of a chunk.
            let mut content = b"12345678\r\n".repeat((CHUNK - 696) / 10);
            content.extend([vec![b'a'; before], b"\r\n".to_vec(), vec![b'b'; line], b"\r\nc\n".to_vec()].concat());
            content.extend_from_slice(&b"12345678\r\n".repeat(100));
            for piece in [1, 7, BLOCK - 1, BLOCK, BLOCK + 1, CHUNK - 1, CHUNK, CHUNK + 1, content.len()] {
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
    fn blocks_and_chunks_are_encoded_as_single_octets_are() {
        let lines: [&[u8]; 7] = [b"a line of text\r\n", b".dot\r\n", b"bare\n", b"stray\rcr\r\n", b"\r\n", b"x", b"\r"];
        // Every order of the lines, at every offset of a block, and now and then across the end of a chunk.
        for seed in 0..2_000_usize {
            let mut content = vec![b'x'; if seed % 16 == 0 { CHUNK - 600 } else { 0 }];
            content.extend(vec![b'.'; seed % 520]);
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

//! Encodes content for the wire: line ends and dot-stuffing (RFC 5321 sections 2.3.8 and 4.5.2), or line ends alone for
//! BDAT (RFC 3030 section 2).

mod blocks;
mod error;
mod seven_bit;

use alloc::vec::Vec;

use memchr::{memchr, memchr2, memrchr};

use self::{
    blocks::{SMALL_BLOCK, split_mended_blocks, split_plain_blocks},
    seven_bit::seven_bit_part,
};
pub use self::{error::ContentError, seven_bit::is_seven_bit};
use crate::{config::LineEndings, envelope::Body};

/// The longest line that a server must accept, in octets without CR LF (RFC 5321 section 4.5.3.1.6).
pub const LONGEST_LINE: u64 = 998;

/// How many octets are examined before they are copied. They fit into the L1 cache.
const CHUNK: usize = 8192;

/// Encodes one message, in pieces of any size.
///
/// Nothing in the message can end it early: CR and LF are written only as CR LF, and a dot at the start of a line is
/// doubled. [For BDAT](Self::for_bdat), dots stay as they are, and [`Body::Binary`] content is not changed at all.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ContentEncoder {
    line_endings: LineEndings,
    body: Body,
    framing: Framing,
    position: Position,
    /// Why the message cannot be sent.
    fault: Option<Fault>,
    /// Octets of the message before the current chunk; after a fault, the position of the fault.
    taken: u64,
    /// Octets written, as RFC 1870 section 6 counts them.
    size: u64,
    /// How many there must be.
    exact_size: Option<u64>,
    line_len: u64,
    longest_line: u64,
}

/// How the server finds the end of the content.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Framing {
    /// By a line with a dot, so other dots at the start of a line are doubled.
    Dots,
    /// By the lengths of the chunks.
    Lengths,
}

/// Where in a line the next octet is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Position {
    LineStart,
    InLine,
    /// A CR was read but not written yet: the next octet decides whether it is bare.
    AfterCr,
}

/// A [`ContentError`] without its numbers, which are in the encoder.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Fault {
    BareLf,
    BareCr,
    EightBit,
    Size,
}

impl ContentEncoder {
    /// An encoder for the content of DATA, of any size. Octets above 127 and NUL are not allowed in
    /// [`Body::SevenBit`]. [`Body::Binary`] is not possible with DATA, and is treated as [`Body::EightBit`].
    pub const fn new(line_endings: LineEndings, body: Body) -> Self {
        Self {
            line_endings,
            body,
            framing: Framing::Dots,
            position: Position::LineStart,
            fault: None,
            taken: 0,
            size: 0,
            exact_size: None,
            line_len: 0,
            longest_line: 0,
        }
    }

    /// An encoder for the octets of BDAT chunks: no dot is doubled, and there is no line with a dot at the end. A chunk
    /// may end anywhere in what it writes.
    pub const fn for_bdat(line_endings: LineEndings, body: Body) -> Self {
        let mut encoder = Self::new(line_endings, body);
        encoder.framing = Framing::Lengths;
        encoder
    }

    /// The same encoder, which continues for DATA.
    pub(crate) const fn continue_for_data(mut self) -> Self {
        self.framing = Framing::Dots;
        self
    }

    /// Requires the content to have exactly this size, in octets as [`Size`](crate::Size) counts them. Otherwise it is
    /// at fault, and its end is not written.
    #[must_use]
    pub const fn with_exact_size(mut self, octets: u64) -> Self {
        self.exact_size = Some(octets);
        self
    }

    /// Appends the next octets of the message to `out`. On a fault, `out` has the octets before it. Every later call
    /// writes nothing and returns the same fault.
    pub fn encode(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), ContentError> {
        self.check()?;
        let before = out.len();
        let encoded = self.encode_all(input, out);
        self.count_written(before, out);
        match self.exact_size {
            // This takes precedence over a later fault, as if the octets had come one by one.
            Some(size) if self.size > size => Err(self.faulted(Fault::Size, self.taken)),
            Some(_) | None => encoded,
        }
    }

    /// Appends the end of the content: the line end of the last line, if it is missing, and for DATA the line with the
    /// dot. After a fault, it writes nothing and returns the same fault.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), ContentError> {
        self.check()?;
        let before = out.len();
        match self.position {
            Position::LineStart => {}
            Position::InLine => self.end_line(out),
            Position::AfterCr => {
                self.stray_cr(self.taken, out)?;
                self.end_line(out);
            }
        }
        self.count_written(before, out);
        if self.exact_size.is_some_and(|size| self.size != size) {
            return Err(self.faulted(Fault::Size, self.taken));
        }
        match self.framing {
            Framing::Dots => out.extend_from_slice(b".\r\n"),
            Framing::Lengths => {}
        }
        Ok(())
    }

    /// The length of the longest line, in octets without its line end, if it is above [`LONGEST_LINE`]. Such lines are
    /// sent as they are, because folding them would break signatures, and most servers accept them.
    pub const fn longest_line(&self) -> Option<u64> {
        if self.longest_line > LONGEST_LINE { Some(self.longest_line) } else { None }
    }

    fn encode_all(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), ContentError> {
        if (self.body, self.framing) == (Body::Binary, Framing::Lengths) {
            out.extend_from_slice(input);
            self.taken = self.taken.saturating_add(input.len() as u64);
            return Ok(());
        }
        for chunk in input.chunks(CHUNK) {
            let sendable = match self.body {
                Body::EightBit | Body::Binary => chunk,
                Body::SevenBit => seven_bit_part(chunk),
            };
            match self.framing {
                Framing::Dots => self.encode_chunk::<true>(sendable, out)?,
                Framing::Lengths => self.encode_chunk::<false>(sendable, out)?,
            }
            if sendable.len() < chunk.len() {
                return Err(self.faulted(Fault::EightBit, self.taken));
            }
        }
        Ok(())
    }

    /// `DOTS`: whether dots at the start of a line are doubled. A parameter, so that chunks of BDAT do not pay for it.
    fn encode_chunk<const DOTS: bool>(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), ContentError> {
        let mut rest = chunk;
        // Lines that cannot be copied in blocks tend to come in series, so the line after one is handled alone.
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
                (Position::LineStart, b'.') if DOTS => {
                    out.push(b'.');
                    // The added dot does not count towards the size.
                    self.size = self.size.wrapping_sub(1);
                    alone = true;
                }
                (Position::LineStart | Position::InLine, _) => {}
            }
            // Checked here, too, so that the last lines of a message do not pay for a call each.
            if rest.len() > SMALL_BLOCK && !alone {
                let (plain, behind) = if DOTS { split_plain_blocks(rest) } else { split_mended_blocks(rest) };
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

    /// Adds the octets written after `before` to the size.
    fn count_written(&mut self, before: usize, out: &[u8]) {
        self.size = self.size.wrapping_add(out.len().saturating_sub(before) as u64);
    }

    /// Updates the line lengths for text that was copied.
    #[inline]
    fn count(&mut self, text: &[u8]) {
        let mut rest = text;
        while self.line_len.saturating_add(rest.len() as u64) > LONGEST_LINE {
            // Lines that end within this window are not too long, so only the last line end in it matters.
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

    fn bare_lf(&mut self, at: u64, out: &mut Vec<u8>) -> Result<(), ContentError> {
        match self.line_endings {
            LineEndings::Mend => self.end_line(out),
            LineEndings::Strict => return Err(self.faulted(Fault::BareLf, at)),
        }
        Ok(())
    }

    /// Handles a bare CR, which few messages have. `at` is the position after it.
    #[cold]
    fn stray_cr(&mut self, at: u64, out: &mut Vec<u8>) -> Result<(), ContentError> {
        match self.line_endings {
            LineEndings::Mend => out.push(b' '),
            LineEndings::Strict => return Err(self.faulted(Fault::BareCr, at.saturating_sub(1))),
        }
        self.line_len = self.line_len.saturating_add(1);
        self.position = Position::InLine;
        Ok(())
    }

    /// The position of `rest`, which is the end of the current chunk.
    fn before(&self, rest: &[u8], chunk: &[u8]) -> u64 {
        self.taken.saturating_add(chunk.len().saturating_sub(rest.len()) as u64)
    }

    fn check(&self) -> Result<(), ContentError> {
        self.fault.map_or(Ok(()), |fault| Err(self.described(fault)))
    }

    fn faulted(&mut self, fault: Fault, at: u64) -> ContentError {
        self.taken = at;
        self.fault = Some(fault);
        self.described(fault)
    }

    fn described(&self, fault: Fault) -> ContentError {
        match (fault, self.exact_size.unwrap_or_default()) {
            (Fault::BareLf, _) => ContentError::BareLf(self.taken),
            (Fault::BareCr, _) => ContentError::BareCr(self.taken),
            (Fault::EightBit, _) => ContentError::EightBit(self.taken),
            (Fault::Size, size) if self.size > size => ContentError::TooLong { size },
            (Fault::Size, size) => ContentError::TooShort { size, found: self.size },
        }
    }
}

#[cfg(test)]
mod tests;

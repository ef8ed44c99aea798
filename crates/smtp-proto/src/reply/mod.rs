//! Replies and how they are decoded (RFC 5321 section 4.2).

mod code;
mod decoder;
mod error;
mod limits;
mod line;
mod line_end;
mod scan;

pub(crate) use code::Class;
pub use code::{Code, EnhancedCode, Severity};
pub use decoder::ReplyDecoder;
pub(crate) use error::EXCERPT;
pub use error::{ReplyError, ReplyErrorKind};

use core::{convert::Infallible, fmt, ops::ControlFlow};

use memchr::memchr;

use self::line_end::fold_line_ends;
use crate::escape::Escaped;

/// One complete reply: its code, and its lines as they arrived.
///
/// It borrows the octets that it was decoded from, and does not allocate. The text may be any octets; [`fmt::Display`]
/// escapes those that are not safe to display.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reply<'a> {
    code: Code,
    octets: &'a [u8],
}

impl<'a> Reply<'a> {
    /// A reply with this code. `octets` are its lines, or some of the first ones.
    pub(crate) const fn from_decoded(code: Code, octets: &'a [u8]) -> Self {
        Self { code, octets }
    }

    /// The reply code.
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The reply as it arrived, with its line ends.
    pub const fn octets(&self) -> &'a [u8] {
        self.octets
    }

    /// The text of each line, without code, separator and line end.
    pub fn lines(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        Lines::of(self)
    }

    /// The text of the first line. In the reply to EHLO, it names the server.
    pub fn first_line(&self) -> &'a [u8] {
        split_line(self.octets).0
    }

    /// The reply without its text: only its code, and the enhanced status code if it has one.
    pub(crate) fn codes_only(self) -> Self {
        let len = match self.enhanced() {
            Some(_) => {
                let text = self.first_line();
                let enhanced = text.iter().position(|octet| *octet == b' ').unwrap_or(text.len());
                enhanced.saturating_add(4)
            }
            None => 3,
        };
        Self { octets: self.octets.get(..len).unwrap_or(self.octets), ..self }
    }

    /// The lines after the first, as they arrived.
    pub(crate) fn after_first_line(&self) -> &'a [u8] {
        split_line(self.octets).1
    }

    /// The enhanced status code at the start of the text (RFC 2034); `None` if there is none, or if its class differs
    /// from the first digit of the reply code.
    pub fn enhanced(&self) -> Option<EnhancedCode> {
        let text = self.octets.get(4..)?;
        // Compares the first digits of both codes.
        if text.first() == self.octets.first() { line::enhanced(text) } else { None }
    }

    /// The text of all lines, joined by `separator` and escaped.
    pub fn text<'s>(&self, separator: &'s str) -> impl fmt::Display + use<'a, 's> {
        Text { lines: Lines::of(self), separator }
    }
}

impl fmt::Display for Reply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if self.lines().any(|text| !text.is_empty()) {
            write!(f, " {}", self.text(" / "))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Reply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({self})")
    }
}

struct Text<'a, 's> {
    lines: Lines<'a>,
    separator: &'s str,
}

impl fmt::Display for Text<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, text) in self.lines.clone().enumerate() {
            if index > 0 {
                f.write_str(self.separator)?;
            }
            write!(f, "{}", Escaped(text))?;
        }
        Ok(())
    }
}

#[derive(Clone)]
struct Lines<'a> {
    rest: &'a [u8],
    /// Whether the rest is at most one line.
    is_one: bool,
}

impl<'a> Lines<'a> {
    /// Most replies are one line: no hyphen follows the code.
    fn of(reply: &Reply<'a>) -> Self {
        Self { rest: reply.octets, is_one: reply.octets.get(3) != Some(&b'-') }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let (text, behind) = split_line(self.rest);
        self.rest = behind;
        Some(text)
    }

    /// Finds all lines in one pass, which is faster than a search for each. A single line needs no search.
    #[inline]
    fn fold<B, F: FnMut(B, &'a [u8]) -> B>(self, init: B, mut f: F) -> B {
        let octets = self.rest;
        if self.is_one && !octets.is_empty() {
            return f(init, text(octets, 0, octets.strip_suffix(b"\n").unwrap_or(octets).len()));
        }
        let lines = fold_line_ends(octets, 0, (init, 0), |(folded, start), end| {
            let folded = f(folded, text(octets, start, end));
            ControlFlow::<Infallible, _>::Continue((folded, end.wrapping_add(1)))
        });
        let ControlFlow::Continue((folded, start)) = lines;
        if start < octets.len() { f(folded, text(octets, start, octets.len())) } else { folded }
    }
}

/// The text of the first line, and the lines after it.
pub(crate) fn split_line(octets: &[u8]) -> (&[u8], &[u8]) {
    // If only part of a reply was kept, its last line may have no end.
    let end = memchr(b'\n', octets).unwrap_or(octets.len());
    (text(octets, 0, end), octets.get(end.saturating_add(1)..).unwrap_or_default())
}

/// The text of the line from `start` to `end`, which is its LF or the end of the octets. A line of fewer than four
/// octets has no text: it is only a code, or an empty line within a reply.
#[inline]
fn text(octets: &[u8], start: usize, end: usize) -> &[u8] {
    let text = octets.get(start.wrapping_add(4)..end).unwrap_or_default();
    text.strip_suffix(b"\r").unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn lines_are_the_same_one_by_one_and_all_at_once() {
        let code = Code::new(250).unwrap();
        for (octets, expected) in [
            (&b"250-one\r\n250-two\r\n250 three\r\n"[..], &[&b"one"[..], b"two", b"three"][..]),
            (b"250-one\n\r\n250\r\n", &[b"one", b"", b""]),
            // Only part of the reply was kept.
            (b"250-one\r\n250-tw", &[b"one", b"tw"]),
            (b"250-one\r", &[b"one"]),
            (b"250 on", &[b"on"]),
            (b"250 one\r\n", &[b"one"]),
            (b"250\n", &[b""]),
            (b"25", &[b""]),
            (b"", &[]),
        ] {
            let mut all_at_once = Vec::new();
            Reply::from_decoded(code, octets).lines().for_each(|line| all_at_once.push(line));
            assert_eq!(all_at_once, expected, "{}", Escaped(octets));
            let mut lines = Reply::from_decoded(code, octets).lines();
            let one_by_one: Vec<_> = core::iter::from_fn(|| lines.next()).collect();
            assert_eq!(one_by_one, expected, "{}", Escaped(octets));
            let first = Reply::from_decoded(code, octets).first_line();
            assert_eq!(first, expected.first().copied().unwrap_or_default(), "{}", Escaped(octets));
        }
    }
}

//! Replies: octets in, [`Reply`] views out (RFC 5321 section 4.2).

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

/// One complete reply: its code, and its lines as they were on the wire.
///
/// A view: it borrows the octets it was decoded from and allocates nothing. The text can be any
/// octets at all; [`fmt::Display`] escapes what a terminal or a log must not see.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reply<'a> {
    code: Code,
    octets: &'a [u8],
}

impl<'a> Reply<'a> {
    /// `octets` are the lines of a reply that was decoded with `code`, or the first of them.
    pub(crate) const fn from_decoded(code: Code, octets: &'a [u8]) -> Self {
        Self { code, octets }
    }

    /// The three digits.
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The reply as it was on the wire, line ends included.
    pub const fn octets(&self) -> &'a [u8] {
        self.octets
    }

    /// The text of each line, without code, separator and line end.
    pub fn lines(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        Lines::of(self)
    }

    /// The text of the first line: where EHLO's reply names the server.
    pub fn first_line(&self) -> &'a [u8] {
        split_line(self.octets).0
    }

    /// The lines behind the first, as they were on the wire.
    pub(crate) fn after_first_line(&self) -> &'a [u8] {
        split_line(self.octets).1
    }

    /// The enhanced status code at the start of the text (RFC 2034), if its class is that of the
    /// reply code.
    pub fn enhanced(&self) -> Option<EnhancedCode> {
        let text = self.octets.get(4..)?;
        // The first digits of both.
        if text.first() == self.octets.first() { line::enhanced(text) } else { None }
    }

    /// The whole text, lines joined by `separator`, safe to show.
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
    /// What is left is one line, if anything is.
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

    /// All lines in one pass: quicker than to begin a search for each. The end of an only line is known.
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

/// The text of the first line, and what is behind it.
pub(crate) fn split_line(octets: &[u8]) -> (&[u8], &[u8]) {
    // Of a reply that is kept in part, the last line may have no end.
    let end = memchr(b'\n', octets).unwrap_or(octets.len());
    (text(octets, 0, end), octets.get(end.saturating_add(1)..).unwrap_or_default())
}

/// The text of the line from `start` to its LF, or to the end of the octets. Lines shorter than four
/// octets are a code alone, or an empty line in the middle of a reply.
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
            // A reply that is kept in part.
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

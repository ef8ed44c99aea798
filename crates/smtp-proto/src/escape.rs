//! Untrusted octets, made safe to display.

use core::fmt;

use crate::characters::is_invisible;

/// Displays octets so that a terminal or a log cannot interpret them: printable characters stay as they are, a
/// backslash is doubled, and everything else becomes an escape.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_structs, reason = "a wrapper around the octets")]
pub struct Escaped<'a>(pub &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                match character {
                    '"' | '\'' => write!(f, "{character}")?,
                    other if is_invisible(other) => write!(f, "{}", other.escape_unicode())?,
                    other => write!(f, "{}", other.escape_debug())?,
                }
            }
            for octet in chunk.invalid() {
                write!(f, "\\x{octet:02x}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn control_characters_and_invalid_utf8_are_escaped() {
        for (octets, shown) in [
            (&b"ok, \"fine\""[..], "ok, \"fine\""),
            (b"a\r\nb\0", "a\\r\\nb\\0"),
            (b"\x1b[31m\\", "\\u{1b}[31m\\\\"),
            (b"\xff\xc3\xbc", "\\xffü"),
            ("a\u{3164}b\u{2800}\u{e0041}".as_bytes(), "a\\u{3164}b\\u{2800}\\u{e0041}"),
            ("\u{202e}abc".as_bytes(), "\\u{202e}abc"),
        ] {
            assert_eq!(Escaped(octets).to_string(), shown);
        }
    }
}

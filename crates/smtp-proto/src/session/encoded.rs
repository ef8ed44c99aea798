//! What a text has in base64.

use alloc::vec::Vec;

/// Whether a word of a reply encodes octets that are wanted, in either alphabet (RFC 4648 sections 4 and 5). Before each
/// word, this many of the four characters of a group are missing. A word goes on after the end of a line. `decoded` is
/// room for the octets.
pub(super) fn any_word_encodes(
    reply: &[u8],
    missing: u32,
    decoded: &mut Vec<u8>,
    mut is_wanted: impl FnMut(&[u8]) -> bool,
) -> bool {
    let mut word = Word::after(missing);
    decoded.clear();
    for value in values(reply) {
        if let Some(value) = value {
            decoded.extend(word.add(value));
        } else if is_wanted(decoded) {
            return true;
        } else {
            word = Word::after(missing);
            decoded.clear();
        }
    }
    is_wanted(decoded)
}

/// Whether a word of a reply has at least this many characters.
pub(super) fn has_word(reply: &[u8], characters: usize) -> bool {
    let mut found = 0_usize;
    reply.len() >= characters
        && values(reply).any(|value| {
            found = value.map_or(0, |_| found.saturating_add(1));
            found >= characters
        })
}

/// The value of each character of a reply, or `None` between two words.
fn values(reply: &[u8]) -> impl Iterator<Item = Option<u8>> + '_ {
    let mut rest = reply;
    core::iter::from_fn(move || {
        loop {
            let [first, after @ ..] = rest else { return None };
            let value = value(*first);
            if let (None, Some(text)) = (value, next_line(rest)) {
                rest = text;
                continue;
            }
            rest = after;
            return Some(value);
        }
    })
}

/// A word up to some character: the bits that do not make up an octet yet, at the end.
struct Word {
    bits: u32,
    count: u32,
}

impl Word {
    /// The bits of the missing characters are zero.
    const fn after(missing: u32) -> Self {
        Self { bits: 0, count: missing.wrapping_mul(6) % 8 }
    }

    /// Adds a character. Returns the octet that it completes.
    fn add(&mut self, value: u8) -> Option<u8> {
        self.bits = self.bits << 6 | u32::from(value);
        let Some(left) = self.count.checked_sub(2) else {
            self.count = 6;
            return None;
        };
        self.count = left;
        let [.., octet] = self.bits.checked_shr(left)?.to_be_bytes();
        Some(octet)
    }
}

/// The text of the next line, after its code, if a line ends here.
fn next_line(reply: &[u8]) -> Option<&[u8]> {
    let line = reply.strip_prefix(b"\r").unwrap_or(reply).strip_prefix(b"\n")?;
    let [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9', b' ' | b'-', text @ ..] = line else { return Some(line) };
    Some(without_enhanced_code(text))
}

/// The text after an enhanced code (RFC 3463), which may be on each line.
fn without_enhanced_code(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|octet| *octet == b' ');
    let Some((code, [_, rest @ ..])) = end.and_then(|end| text.split_at_checked(end)) else { return text };
    let mut parts = code.split(|octet| *octet == b'.');
    let is_number = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    if parts.by_ref().take(3).filter(|part| is_number(part)).count() == 3 && parts.next().is_none() {
        rest
    } else {
        text
    }
}

fn value(character: u8) -> Option<u8> {
    match character {
        b'A'..=b'Z' => character.checked_sub(b'A'),
        b'a'..=b'z' => character.checked_sub(b'a').and_then(|value| value.checked_add(26)),
        b'0'..=b'9' => character.checked_sub(b'0').and_then(|value| value.checked_add(52)),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_as_long_as_its_parts_on_all_lines() {
        for (reply, longest) in
            [(&b"250 ab+/-_ c\r\n"[..], 6), (b"250-ab cd\r\n250 2.0.0 efg h", 6), (b"..", 0), (b"250-a", 5)]
        {
            assert!(has_word(reply, longest) && !has_word(reply, longest + 1), "{}", reply.escape_ascii());
        }
    }

    #[test]
    fn words_are_decoded_from_any_place_in_a_group_on() {
        for (reply, missing, expected) in [
            (&b"Zm9vYmFy"[..], 0, &b"foobar"[..]),
            (b"Zm9vYmE=", 0, b"fooba"),
            (b"Zm9vYg==", 0, b"foob"),
            (b"m9v", 1, b"\x02oo"),
            (b"9v", 2, b"\x0fo"),
            (b"v", 3, b"/"),
            (b"xZm9v", 3, b"1foo"),
            (b"xyzZm9v", 1, b"\x03\x1c\xb3foo"),
            (b"Zm9v YmFy", 0, b"foo,bar"),
            (b"xZm9v:xYmFy", 3, b"1foo,1bar"),
            (b"Zm 9v", 0, b"f,\xf6"),
            (b"+/-_", 0, b"\xfb\xff\xbf"),
            (b"Zm\r\n535 9v", 0, b"foo"),
            (b"Zm\n535-9v", 0, b"foo"),
            (b"Zm\r\n535 5.7.8 9v", 0, b"foo"),
            (b"Zm\r\n535 5.7 9v", 0, b"fn,\xf6"),
            (b"Zm\r\n9v", 0, b"foo"),
            (b"Zm\r9v", 0, b"f,\xf6"),
            (b"Z", 0, b""),
            (b"", 0, b""),
            (b"\xff\x00", 0, b""),
        ] {
            let mut words = Vec::new();
            let is_none = |word: &[u8]| {
                words.extend((!word.is_empty()).then(|| word.to_vec()));
                false
            };
            assert!(!any_word_encodes(reply, missing, &mut Vec::new(), is_none));
            assert_eq!(words.join(&b','), expected, "{} without {missing}", reply.escape_ascii());
        }
    }
}

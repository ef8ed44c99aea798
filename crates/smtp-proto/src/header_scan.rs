//! Whether a message needs SMTPUTF8 because of its header (RFC 6531 section 3.2).

/// Searches the header of a message for raw UTF-8, in pieces of any size and in constant memory.
///
/// A header with other octets above 127 is no internationalized header (RFC 6532 section 3): it is as invalid with
/// SMTPUTF8 as without, and needs only 8BITMIME.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct HeaderScan {
    place: Place,
    /// How many octets of the current character are still due.
    due: u8,
    /// The lowest and the highest value of the next of them.
    next: (u8, u8),
    has_utf8: bool,
    is_valid: bool,
}

/// Where the scan is in a line of the header.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Place {
    LineStart,
    /// A line has only a CR so far.
    AfterCr,
    InLine,
    /// The header has ended.
    Body,
}

impl HeaderScan {
    /// A scan that has seen nothing.
    pub const fn new() -> Self {
        Self { place: Place::LineStart, due: 0, next: (0x80, 0xbf), has_utf8: false, is_valid: true }
    }

    /// Adds the next octets of the message.
    pub fn add(&mut self, piece: &[u8]) {
        for octet in piece {
            self.place = match (self.place, *octet) {
                (Place::Body, _) => return,
                (Place::LineStart | Place::AfterCr, b'\n') => Place::Body,
                (Place::LineStart, b'\r') => Place::AfterCr,
                (Place::InLine, b'\n') => Place::LineStart,
                (Place::LineStart | Place::AfterCr | Place::InLine, _) => Place::InLine,
            };
            self.add_octet(*octet);
        }
    }

    /// Whether the header needs SMTPUTF8, as far as it was seen.
    pub const fn needs_smtputf8(&self) -> bool {
        self.has_utf8 && self.is_valid && self.due == 0
    }

    /// The well-formed sequences of RFC 3629 section 4.
    const fn add_octet(&mut self, octet: u8) {
        if self.due > 0 {
            self.is_valid = self.is_valid && octet >= self.next.0 && octet <= self.next.1;
            self.due = self.due.saturating_sub(1);
            self.next = (0x80, 0xbf);
            return;
        }
        (self.due, self.next) = match octet {
            0..=0x7f => return,
            0xc2..=0xdf => (1, (0x80, 0xbf)),
            0xe0 => (2, (0xa0, 0xbf)),
            0xed => (2, (0x80, 0x9f)),
            0xe1..=0xef => (2, (0x80, 0xbf)),
            0xf0 => (3, (0x90, 0xbf)),
            0xf4 => (3, (0x80, 0x8f)),
            0xf1..=0xf3 => (3, (0x80, 0xbf)),
            0x80..=0xc1 | 0xf5..=0xff => {
                self.is_valid = false;
                return;
            }
        };
        self.has_utf8 = true;
    }
}

impl Default for HeaderScan {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_utf_8_in_the_header_counts_for_every_split() {
        for (content, expected) in [
            ("Subject: Mittag\r\n\r\nü\r\n".as_bytes(), false),
            ("Subject: ü\r\n\r\nx\r\n".as_bytes(), true),
            ("Subject: x\nTo: \u{1f600}\n\nx\n".as_bytes(), true),
            ("Subject: =?utf-8?q?=C3=BC?=\n\nü\n".as_bytes(), false),
            (b"Subject: \xfc\n\nx\n", false),
            ("Subject: ü\nX: \u{20ac}".as_bytes(), true),
            (b"Subject: \xc3\xbc \xff\n\n", false),
            (b"Subject: \xc0\xaf\n\n", false),
            (b"Subject: \xed\xa0\x80\n\n", false),
            (b"Subject: \xf4\x90\x80\x80\n\n", false),
            (b"Subject: \xe2\x82\n\n", false),
            (b"Subject: \xe2\x82", false),
            ("\r\nü".as_bytes(), false),
            ("\rü\n".as_bytes(), true),
            (b"", false),
        ] {
            for at in 0..=content.len() {
                let mut scan = HeaderScan::new();
                scan.add(&content[..at]);
                scan.add(&content[at..]);
                assert_eq!(scan.needs_smtputf8(), expected, "{} split at {at}", crate::Escaped(content));
            }
        }
    }
}

//! Scanning a message, and checking later that it is still the same.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    io::{self, Read, Write},
};

use smtp_client::ContentChanged;
use smtp_proto::{Body, HeaderScan, is_seven_bit};
use twox_hash::XxHash3_64;

use crate::header::HeaderSearch;

/// How many octets to read at once.
const PIECE: usize = 64 * 1024;

/// What a delivery must know about its message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Facts {
    /// The size in the file.
    pub(crate) octets: u64,
    /// The size on the wire, where all line ends are CR LF (RFC 1870 section 6).
    pub(crate) size: u64,
    pub(crate) body: Body,
    pub(crate) has_header: bool,
    /// Whether its header has raw UTF-8, which needs SMTPUTF8.
    pub(crate) has_utf8_header: bool,
}

/// The result of scanning a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Scanned {
    pub(crate) facts: Facts,
    digest: Digest,
}

/// A digest of all octets, to recognize them later.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Digest {
    /// Random, so that other octets with the same digest cannot be prepared in advance.
    seed: u64,
    value: u64,
}

impl Scanned {
    /// Reads `from` to its end, and copies it to `copy`.
    pub(crate) fn of(mut from: impl Read, copy: &mut impl Write) -> io::Result<Self> {
        let mut scan = Scan::new();
        let mut piece = vec![0; PIECE];
        loop {
            match from.read(&mut piece) {
                Ok(0) => return Ok(scan.end()),
                Ok(len) => {
                    scan.add(&piece[..len]);
                    copy.write_all(&piece[..len])?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The result for an empty message.
    pub(crate) fn empty() -> Self {
        Scan::new().end()
    }
}

/// One pass over a message, in pieces of any size.
struct Scan {
    octets: u64,
    bare_line_feeds: u64,
    eight_bit: bool,
    header: HeaderSearch,
    utf8: HeaderScan,
    last: Option<u8>,
    seed: u64,
    hasher: XxHash3_64,
}

impl Scan {
    fn new() -> Self {
        let seed = RandomState::new().build_hasher().finish();
        let hasher = XxHash3_64::with_seed(seed);
        let header = HeaderSearch::new();
        Self {
            octets: 0,
            bare_line_feeds: 0,
            eight_bit: false,
            header,
            utf8: HeaderScan::new(),
            last: None,
            seed,
            hasher,
        }
    }

    fn add(&mut self, piece: &[u8]) {
        self.octets += piece.len() as u64;
        self.eight_bit = self.eight_bit || !is_seven_bit(piece);
        self.header.add(piece);
        self.utf8.add(piece);
        let mut last = self.last;
        for octet in piece {
            self.bare_line_feeds += u64::from(*octet == b'\n' && last != Some(b'\r'));
            last = Some(*octet);
        }
        self.last = last;
        self.hasher.write(piece);
    }

    fn end(&self) -> Scanned {
        let end_of_last_line = if matches!(self.last, None | Some(b'\n')) { 0 } else { 2 };
        let facts = Facts {
            octets: self.octets,
            size: self.octets + self.bare_line_feeds + end_of_last_line,
            body: if self.eight_bit { Body::EightBit } else { Body::SevenBit },
            has_header: self.header.has_found(),
            has_utf8_header: self.utf8.needs_smtputf8(),
        };
        Scanned { facts, digest: Digest { seed: self.seed, value: self.hasher.finish() } }
    }
}

/// Reads a message that was scanned, and fails with [`ContentChanged`] if it differs, at the latest before it reports
/// the end.
pub(crate) struct Verified<R> {
    from: R,
    scanned: Scanned,
    octets: u64,
    hasher: XxHash3_64,
}

impl<R> Verified<R> {
    pub(crate) fn new(from: R, scanned: Scanned) -> Self {
        Self { from, scanned, octets: 0, hasher: XxHash3_64::with_seed(scanned.digest.seed) }
    }

    /// Whether the message still matches the scan after `piece`. An empty `piece` is the end, where the whole message
    /// is compared.
    fn is_the_same(&mut self, piece: &[u8]) -> bool {
        let Scanned { facts, digest } = self.scanned;
        if piece.is_empty() {
            return self.octets == facts.octets && self.hasher.finish() == digest.value;
        }
        self.octets += piece.len() as u64;
        self.hasher.write(piece);
        // A delivery would fail permanently on 8-bit content that was announced as 7-bit.
        self.octets <= facts.octets && (facts.body != Body::SevenBit || is_seven_bit(piece))
    }
}

impl<R: Read> Read for Verified<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if room.is_empty() {
            return Ok(0);
        }
        let len = self.from.read(room)?;
        if self.is_the_same(&room[..len]) { Ok(len) } else { Err(ContentChanged.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smtp_proto::{ContentEncoder, LineEndings};

    #[test]
    fn the_size_is_what_goes_over_the_wire_for_every_split() {
        for content in ["", "a", "a\n", "a\r\n", "a\r", "\r\r\n", "a\rb\n\nc", "\n\r", "a\r\n\r\nb\r\n"] {
            let mut wire = Vec::new();
            let mut encoder = ContentEncoder::new(LineEndings::Mend, Body::SevenBit);
            encoder.encode(content.as_bytes(), &mut wire).unwrap();
            encoder.finish(&mut wire).unwrap();
            let expected = (wire.len() - ".\r\n".len()) as u64;
            for at in 0..=content.len() {
                let mut scan = Scan::new();
                scan.add(&content.as_bytes()[..at]);
                scan.add(&content.as_bytes()[at..]);
                assert_eq!(scan.end().facts.size, expected, "{content:?} split at {at}");
            }
        }
    }

    #[test]
    fn one_octet_makes_a_message_8_bit() {
        for (content, body) in
            [(&b"plain\n"[..], Body::SevenBit), (b"caf\xe9\n", Body::EightBit), (b"a\0b", Body::EightBit)]
        {
            assert_eq!(Scanned::of(content, &mut io::sink()).unwrap().facts.body, body);
        }
    }

    #[test]
    fn only_the_scanned_message_is_read_to_its_end() {
        let scanned = Scanned::of(&b"one two\n"[..], &mut io::sink()).unwrap();
        for (content, read) in [
            (&b"one two\n"[..], Ok("one two\n")),
            (b"", Err("")),
            (b"one two", Err("one two")),
            (b"one two\n\n", Err("one two\n")),
            (b"one too\n", Err("one too\n")),
            (b"one tw\xf6\n", Err("one tw")),
        ] {
            // One octet at a time, so that as much as possible is read before the error.
            let mut verified = Verified::new(content, scanned);
            let mut octets = Vec::new();
            let ended = loop {
                let mut room = [0];
                match verified.read(&mut room) {
                    Ok(0) => break true,
                    Ok(_) => octets.extend(room),
                    Err(error) => {
                        assert!(ContentChanged::is_wrapped_in(&error), "{error}");
                        break false;
                    }
                }
            };
            let text = String::from_utf8(octets).unwrap();
            assert_eq!(if ended { Ok(&text[..]) } else { Err(&text[..]) }, read);
        }
    }

    #[test]
    fn a_message_scanned_as_8_bit_is_read_to_its_end() {
        let content = b"caf\xe9\n";
        let scanned = Scanned::of(&content[..], &mut io::sink()).unwrap();
        let mut read = Vec::new();
        Verified::new(&content[..], scanned).read_to_end(&mut read).unwrap();
        assert_eq!(read, content);
    }
}

//! Messages: where they are, and what is known of them before they are sent.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use smtp_proto::{Body, is_seven_bit};
use tempfile::SpooledTempFile;

/// What is read at once.
const PIECE: usize = 64 * 1024;
/// How much of a message that can be read only once is kept in memory.
const IN_MEMORY: usize = 1024 * 1024;

/// A message that was read once, and can be read again.
#[derive(Debug)]
pub(crate) struct Message {
    source: Source,
    facts: Facts,
}

#[derive(Debug)]
enum Source {
    File(PathBuf),
    /// What could be read only once.
    Spool(SpooledTempFile),
}

/// What one pass over a message tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Facts {
    /// As it is in the file.
    pub(crate) octets: u64,
    /// As it goes over the wire, all line ends CR LF (RFC 1870 section 6).
    pub(crate) size: u64,
    pub(crate) body: Body,
}

impl Message {
    /// Reads the message at `path`; `-` is standard input.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        if is_standard_input(path) {
            return Self::spool(io::stdin().lock());
        }
        let file = File::open(path)?;
        // A pipe can be read only once.
        if !file.metadata()?.is_file() {
            return Self::spool(file);
        }
        let facts = Facts::of(file, &mut io::sink())?;
        Ok(Self { source: Source::File(path.to_owned()), facts })
    }

    /// A message of which nothing was read.
    pub(crate) fn unread() -> Self {
        Self { source: Source::Spool(SpooledTempFile::new(IN_MEMORY)), facts: Scan::default().facts() }
    }

    pub(crate) const fn facts(&self) -> Facts {
        self.facts
    }

    /// The message, from its start.
    pub(crate) fn open(&mut self) -> io::Result<Box<dyn Read + '_>> {
        match &mut self.source {
            Source::File(path) => Ok(Box::new(BufReader::with_capacity(PIECE, File::open(path)?))),
            Source::Spool(spool) => {
                spool.seek(SeekFrom::Start(0))?;
                Ok(Box::new(spool))
            }
        }
    }

    fn spool(from: impl Read) -> io::Result<Self> {
        let mut spool = SpooledTempFile::new(IN_MEMORY);
        let facts = Facts::of(from, &mut spool)?;
        Ok(Self { source: Source::Spool(spool), facts })
    }
}

pub(crate) fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

impl Facts {
    /// Reads `from` to its end, and copies it.
    fn of(mut from: impl Read, copy: &mut impl Write) -> io::Result<Self> {
        let mut scan = Scan::default();
        let mut piece = vec![0; PIECE];
        loop {
            match from.read(&mut piece) {
                Ok(0) => return Ok(scan.facts()),
                Ok(len) => {
                    scan.add(&piece[..len]);
                    copy.write_all(&piece[..len])?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// One pass over a message, in pieces of any size.
#[derive(Debug, Default)]
struct Scan {
    octets: u64,
    bare_line_feeds: u64,
    eight_bit: bool,
    last: Option<u8>,
}

impl Scan {
    fn add(&mut self, piece: &[u8]) {
        self.octets += piece.len() as u64;
        self.eight_bit = self.eight_bit || !is_seven_bit(piece);
        let mut last = self.last;
        for octet in piece {
            self.bare_line_feeds += u64::from(*octet == b'\n' && last != Some(b'\r'));
            last = Some(*octet);
        }
        self.last = last;
    }

    fn facts(&self) -> Facts {
        let end_of_last_line = if matches!(self.last, None | Some(b'\n')) { 0 } else { 2 };
        Facts {
            octets: self.octets,
            size: self.octets + self.bare_line_feeds + end_of_last_line,
            body: if self.eight_bit { Body::EightBit } else { Body::SevenBit },
        }
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
            let mut encoder = ContentEncoder::new(LineEndings::Mend, false);
            encoder.encode(content.as_bytes(), &mut wire).unwrap();
            encoder.finish(&mut wire).unwrap();
            let expected = (wire.len() - ".\r\n".len()) as u64;
            for at in 0..=content.len() {
                let mut scan = Scan::default();
                scan.add(&content.as_bytes()[..at]);
                scan.add(&content.as_bytes()[at..]);
                assert_eq!(scan.facts().size, expected, "{content:?} split at {at}");
            }
        }
    }

    #[test]
    fn one_octet_makes_a_message_8_bit() {
        for (content, body) in
            [(&b"plain\n"[..], Body::SevenBit), (b"caf\xe9\n", Body::EightBit), (b"a\0b", Body::EightBit)]
        {
            assert_eq!(Facts::of(content, &mut io::sink()).unwrap().body, body);
        }
    }

    #[test]
    fn what_can_be_read_only_once_is_kept() {
        for len in [10, 3 * IN_MEMORY] {
            let content = vec![b'x'; len];
            let mut message = Message::spool(&content[..]).unwrap();
            for _ in 0..2 {
                let mut read = Vec::new();
                message.open().unwrap().read_to_end(&mut read).unwrap();
                assert!(read == content, "{len} octets");
            }
        }
    }
}

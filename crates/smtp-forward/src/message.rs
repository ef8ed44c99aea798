//! Messages: where they are, and what is known of them before they are sent.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use smtp_proto::{Body, Escaped, is_seven_bit};
use tempfile::{SpooledData, SpooledTempFile};

/// What is read at once.
const PIECE: usize = 64 * 1024;
/// How much of a message that can be read only once is kept in memory.
const IN_MEMORY: usize = 1024 * 1024;

/// A message that was read once, and can be read again, by several at once.
#[derive(Debug)]
pub(crate) struct Message {
    name: PathBuf,
    source: Source,
    facts: Facts,
}

#[derive(Debug)]
enum Source {
    File,
    /// All of it.
    Memory(Box<[u8]>),
    /// What could be read only once, and is large.
    Spool(File),
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

/// How many octets of messages may be held in memory.
#[derive(Debug)]
pub(crate) struct Room(u64);

impl Room {
    /// For messages that are sent once, or again and again.
    pub(crate) const fn new(again: bool) -> Self {
        Self(if again { IN_MEMORY as u64 } else { 0 })
    }
}

impl Message {
    /// Reads the message at `path`; `-` is standard input. It is held in memory if there is `room`.
    pub(crate) fn read(path: &Path, room: &mut Room) -> io::Result<Self> {
        let (source, facts) = if is_standard_input(path) {
            spool(io::stdin().lock())?
        } else {
            let file = File::open(path)?;
            let metadata = file.metadata()?;
            // A pipe can be read only once.
            if !metadata.is_file() {
                spool(file)?
            } else if metadata.len() <= room.0 {
                let (source, facts) = spool(file)?;
                room.0 = room.0.saturating_sub(facts.octets);
                (source, facts)
            } else {
                (Source::File, Facts::of(file, &mut io::sink())?)
            }
        };
        Ok(Self { name: path.to_owned(), source, facts })
    }

    /// A message of which nothing was read.
    pub(crate) fn unread(path: &Path) -> Self {
        Self { name: path.to_owned(), source: Source::Memory(Box::default()), facts: Scan::default().facts() }
    }

    pub(crate) const fn facts(&self) -> Facts {
        self.facts
    }

    /// What it was called on the command line; safe to show.
    pub(crate) fn name(&self) -> String {
        Escaped(self.name.as_os_str().as_encoded_bytes()).to_string()
    }

    /// The message, from its start.
    pub(crate) fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match &self.source {
            Source::File => Box::new(File::open(&self.name)?),
            Source::Memory(octets) => Box::new(&octets[..]),
            Source::Spool(file) => Box::new(SpoolReader { file, at: 0 }),
        })
    }
}

/// Reads what can be read only once, and keeps it.
fn spool(from: impl Read) -> io::Result<(Source, Facts)> {
    let mut spool = SpooledTempFile::new(IN_MEMORY);
    let facts = Facts::of(from, &mut spool)?;
    let source = match spool.into_inner() {
        SpooledData::InMemory(octets) => Source::Memory(octets.into_inner().into()),
        SpooledData::OnDisk(file) => Source::Spool(file),
    };
    Ok((source, facts))
}

/// One of several who read a spooled message, each at a place of its own.
struct SpoolReader<'a> {
    file: &'a File,
    at: u64,
}

impl Read for SpoolReader<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.file.seek(SeekFrom::Start(self.at))?;
        let len = self.file.read(room)?;
        self.at += len as u64;
        Ok(len)
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
            let mut encoder = ContentEncoder::new(LineEndings::Mend, Body::SevenBit);
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
    fn what_can_be_read_only_once_is_kept_for_several_at_once() {
        for len in [10, 3 * IN_MEMORY] {
            let content: Vec<u8> = (0..=u8::MAX).cycle().take(len).collect();
            let (source, facts) = spool(&content[..]).unwrap();
            let message = Message { name: "-".into(), source, facts };
            let mut one = message.open().unwrap();
            let mut piece = [0; 7];
            one.read_exact(&mut piece).unwrap();
            let mut other = Vec::new();
            message.open().unwrap().read_to_end(&mut other).unwrap();
            let mut read = piece.to_vec();
            one.read_to_end(&mut read).unwrap();
            assert!(read == content && other == content, "{len} octets");
        }
    }

    #[test]
    fn a_file_is_held_only_where_there_is_room() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"Subject: x\n").unwrap();
        let mut again = Room::new(true);
        for (room, held) in [(&mut Room::new(false), false), (&mut again, true), (&mut Room(10), false)] {
            let message = Message::read(file.path(), room).unwrap();
            assert_eq!(matches!(message.source, Source::Memory(_)), held);
        }
        assert_eq!(again.0, IN_MEMORY as u64 - 11);
    }
}

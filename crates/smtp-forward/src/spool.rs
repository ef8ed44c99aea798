//! Messages kept until they are sent: those that can be read only once, and small ones that are sent repeatedly.

use std::{
    env, error, fmt,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
};

use smtp_proto::Escaped;
use tempfile::{SpooledData, SpooledTempFile};

use crate::scan::{Scanned, Verified};

/// How many octets to keep in memory, of each message that can be read only once, and of all repeated messages
/// together.
pub(crate) const IN_MEMORY: u64 = 1024 * 1024;

/// A message that was read to its end and kept.
#[derive(Debug)]
pub(crate) enum Kept {
    Memory(Box<[u8]>),
    /// A file without a name.
    File(File, Scanned),
}

/// The remaining room for kept messages, in octets.
#[derive(Debug)]
pub(crate) struct Room {
    /// In memory, for files that could also be read again.
    held: u64,
    /// For messages that can be read only once.
    spooled: u64,
    /// The initial value of `spooled`.
    limit: u64,
}

impl Room {
    /// `again`: the messages are sent repeatedly. `limit`: for all messages that can be read only once.
    pub(crate) const fn new(again: bool, limit: u64) -> Self {
        Self { held: if again { IN_MEMORY } else { 0 }, spooled: limit, limit }
    }

    /// Whether there is room in memory for this many octets.
    pub(crate) const fn can_hold(&self, octets: u64) -> bool {
        octets <= self.held
    }

    /// Keeps a file in memory. `None` if it is larger than the room for it.
    pub(crate) fn hold(&mut self, from: impl Read) -> io::Result<Option<(Kept, Scanned)>> {
        let kept = keep(from, self.held)?;
        self.held -= octets(kept.as_ref());
        Ok(kept)
    }

    /// Keeps a message that can be read only once.
    pub(crate) fn spool(&mut self, from: impl Read) -> io::Result<(Kept, Scanned)> {
        let kept = keep(from, self.spooled)?;
        self.spooled -= octets(kept.as_ref());
        let too_much = || {
            let limit = self.limit;
            io::Error::other(format!("standard input and pipes have more than {limit} octets in total (--spool-limit)"))
        };
        kept.ok_or_else(too_much)
    }
}

fn octets(kept: Option<&(Kept, Scanned)>) -> u64 {
    kept.map_or(0, |(_, scanned)| scanned.facts.octets)
}

/// Reads all of `from`. `None` if that is more than `most` octets.
fn keep(from: impl Read, most: u64) -> io::Result<Option<(Kept, Scanned)>> {
    let mut spool = Spool(SpooledTempFile::new(usize::try_from(IN_MEMORY).unwrap_or(usize::MAX)));
    let scanned = Scanned::of(from.take(most.saturating_add(1)), &mut spool)?;
    if scanned.facts.octets > most {
        return Ok(None);
    }
    let kept = match spool.0.into_inner() {
        SpooledData::InMemory(octets) => Kept::Memory(octets.into_inner().into()),
        SpooledData::OnDisk(file) => Kept::File(file, scanned),
    };
    Ok(Some((kept, scanned)))
}

/// Tells errors of the temporary file from those of the message.
struct Spool(SpooledTempFile);

impl Write for Spool {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.write(octets).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            kind => io::Error::new(kind, TemporaryFileError { kind, is_created: self.0.is_rolled() }),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The error for a message that cannot be kept.
#[derive(Debug)]
pub(crate) struct TemporaryFileError {
    kind: io::ErrorKind,
    is_created: bool,
}

impl TemporaryFileError {
    pub(crate) fn is_wrapped_in(error: &io::Error) -> bool {
        error.get_ref().is_some_and(<dyn error::Error + Send + Sync>::is::<Self>)
    }
}

impl fmt::Display for TemporaryFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dir = env::temp_dir();
        let dir = Escaped(dir.as_os_str().as_encoded_bytes());
        let what = if self.is_created { "written" } else { "created" };
        write!(f, "the temporary file in {dir} cannot be {what}: ")?;
        if self.kind == io::ErrorKind::NotFound {
            f.write_str("there is no such directory")?;
        } else {
            write!(f, "{}", self.kind)?;
        }
        f.write_str("; TMPDIR can name another directory")
    }
}

impl error::Error for TemporaryFileError {}

impl Kept {
    /// Opens the message at its start.
    pub(crate) fn open(&self) -> Box<dyn Read + Send + '_> {
        match self {
            Self::Memory(octets) => Box::new(&octets[..]),
            Self::File(file, scanned) => Box::new(Verified::new(FromStart { file, at: 0 }, *scanned)),
        }
    }
}

/// Reads a file from its start, independently of other readers of the same file.
struct FromStart<'a> {
    file: &'a File,
    at: u64,
}

impl Read for FromStart<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.file.seek(SeekFrom::Start(self.at))?;
        let len = self.file.read(room)?;
        self.at += len as u64;
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_message_can_be_read_by_several_readers_at_once() {
        for len in [10, 3 * IN_MEMORY] {
            let content: Vec<u8> = (0..=u8::MAX).cycle().take(usize::try_from(len).unwrap()).collect();
            let (kept, _) = keep(&content[..], u64::MAX).unwrap().unwrap();
            let mut one = kept.open();
            let mut piece = [0; 7];
            one.read_exact(&mut piece).unwrap();
            let mut other = Vec::new();
            kept.open().read_to_end(&mut other).unwrap();
            let mut read = piece.to_vec();
            one.read_to_end(&mut read).unwrap();
            assert!(read == content && other == content, "{len} octets");
        }
    }

    #[test]
    fn the_total_size_of_spooled_messages_is_bounded() {
        let mut room = Room::new(false, 10);
        for (octets, fits) in [(4, true), (7, false), (6, true), (0, true), (1, false)] {
            let spooled = room.spool(io::repeat(b'x').take(octets));
            assert_eq!(spooled.is_ok(), fits, "{octets}");
            if let Err(error) = spooled {
                assert!(error.to_string().contains("more than 10 octets"), "{error}");
            }
        }
        assert!(Room::new(false, 3 * IN_MEMORY).spool(io::repeat(b'x')).is_err(), "it has no end");
    }

    #[test]
    fn the_total_size_of_messages_held_in_memory_is_bounded() {
        let mut room = Room::new(true, 1);
        assert!(room.can_hold(IN_MEMORY) && !Room::new(false, 1).can_hold(1));
        assert!(room.hold(io::repeat(b'x')).unwrap().is_none(), "it has grown, and has no end");
        assert!(room.hold(&b"four"[..]).unwrap().is_some());
        assert!(room.can_hold(IN_MEMORY - 4) && !room.can_hold(IN_MEMORY - 3));
    }
}

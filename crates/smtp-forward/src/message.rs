//! Messages: where they are, and what is known about them before they are sent.

use std::{
    fs::File,
    io::{self, Read},
};

use smtp_proto::Escaped;

use crate::{
    file::{Identity, Location, standard_input},
    scan::{Facts, Scanned, Verified},
    spool::{Kept, Room},
};

/// A message that was read once and can be read again, by several connections at once.
#[derive(Debug)]
pub(crate) struct Message {
    location: Location,
    source: Source,
    scanned: Scanned,
}

#[derive(Debug)]
enum Source {
    File(Identity),
    Kept(Kept),
}

impl Message {
    /// Reads the message at `location`. Keeps it in memory if there is `room`.
    pub(crate) fn read(location: Location, room: &mut Room) -> io::Result<Self> {
        let (source, scanned) = if location == Location::StandardInput {
            spool(standard_input()?, room)?
        } else {
            let file = location.open()?;
            if file.metadata()?.is_file() { scan(&file, room)? } else { spool(file, room)? }
        };
        Ok(Self { location, source, scanned })
    }

    /// A message that was not read.
    pub(crate) fn unread(location: Location) -> Self {
        Self { location, source: Source::Kept(Kept::Memory(Box::default())), scanned: Scanned::empty() }
    }

    pub(crate) const fn facts(&self) -> Facts {
        self.scanned.facts
    }

    /// Its name on the command line, escaped.
    pub(crate) fn name(&self) -> String {
        Escaped(self.location.path().as_os_str().as_encoded_bytes()).to_string()
    }

    /// Opens the message at its start. If it has changed since it was read, this fails with
    /// [`ContentChanged`](smtp_client::ContentChanged), or reading it does so before its end.
    pub(crate) fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        match &self.source {
            Source::File(identity) => {
                let file = self.location.open_again(*identity)?;
                Ok(Box::new(Verified::new(file, self.scanned)))
            }
            Source::Kept(kept) => Ok(kept.open()),
        }
    }
}

/// Reads and keeps a message that can be read only once.
fn spool(from: impl Read, room: &mut Room) -> io::Result<(Source, Scanned)> {
    let (kept, scanned) = room.spool(from)?;
    Ok((Source::Kept(kept), scanned))
}

/// Reads a regular file. Fails if it changes meanwhile.
fn scan(file: &File, room: &mut Room) -> io::Result<(Source, Scanned)> {
    let changed = || io::Error::other("it changed while it was read");
    let metadata = file.metadata()?;
    let identity = Identity::from(&metadata);
    let (source, scanned) = if room.can_hold(metadata.len()) {
        let (kept, scanned) = room.hold(file)?.ok_or_else(changed)?;
        (Source::Kept(kept), scanned)
    } else {
        (Source::File(identity), Scanned::of(file, &mut io::sink())?)
    };
    if Identity::from(&file.metadata()?) == identity { Ok((source, scanned)) } else { Err(changed()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_file_is_kept_in_memory_only_if_there_is_room() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"Subject: x\n").unwrap();
        for (again, held) in [(false, false), (true, true)] {
            let message = Message::read(Location::given(file.path()), &mut Room::new(again, 1)).unwrap();
            assert_eq!(matches!(message.source, Source::Kept(Kept::Memory(_))), held);
        }
    }
}

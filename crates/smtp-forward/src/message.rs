//! Messages: where they are, and what is known about them before they are sent.

use std::{
    fs::File,
    io::{self, Read, SeekFrom},
    pin::Pin,
    task::{Context, Poll},
};

use smtp_proto::ForwardPath;
use tokio::io::{AsyncRead, AsyncSeek, ReadBuf};

use crate::{
    file::{Identity, Location, standard_input},
    header_recipients::WithoutBcc,
    scan::{Facts, Scanned, Verified},
    spool::{Kept, Room},
};

/// A message that was read once and can be read again, by several connections at once.
#[derive(Debug)]
pub(crate) struct Message {
    location: Location,
    source: Source,
    scanned: Scanned,
    /// Those that its header names, if it is sent to them.
    recipients: Option<Vec<ForwardPath>>,
}

/// Who gets the messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Recipients {
    /// Those on the command line.
    Given,
    /// Those that the header of each message names. `Bcc` is removed.
    InHeader,
}

#[derive(Debug)]
enum Source {
    File(Identity),
    Kept(Kept),
}

impl Message {
    /// Reads the message at `location`. Keeps it in memory if there is `room`.
    pub(crate) fn read(location: Location, recipients: Recipients, room: &mut Room) -> io::Result<Self> {
        let (content, file) = open(&location)?;
        let (source, scanned, recipients) = match recipients {
            Recipients::Given => {
                let (source, scanned) = keep(content, file.as_ref(), &location, room)?;
                (source, scanned, None)
            }
            Recipients::InHeader => {
                let mut content = WithoutBcc::new(content);
                let (source, scanned) = keep(&mut content, file.as_ref(), &location, room)?;
                (source, scanned, Some(content.recipients()?))
            }
        };
        Ok(Self { location, source, scanned, recipients })
    }

    /// A message that was not read.
    pub(crate) fn unread(location: Location) -> Self {
        let source = Source::Kept(Kept::Memory(Box::default()));
        Self { location, source, scanned: Scanned::empty(), recipients: None }
    }

    pub(crate) const fn facts(&self) -> Facts {
        self.scanned.facts
    }

    /// The recipients that its header names, if it is sent to them.
    pub(crate) fn recipients(&self) -> Option<&[ForwardPath]> {
        self.recipients.as_deref()
    }

    pub(crate) const fn location(&self) -> &Location {
        &self.location
    }

    /// Opens the message at its start. If it has changed since it was read, this fails with
    /// [`ContentChanged`](smtp_client::ContentChanged), or reading it does so before its end.
    pub(crate) fn open(&self) -> io::Result<Opened<'_>> {
        Ok(Opened { message: self, from: self.read_from_start()? })
    }

    fn read_from_start(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        match &self.source {
            Source::File(identity) => {
                let content = self.location.content(self.location.open_again(*identity)?)?;
                Ok(match self.recipients {
                    None => Box::new(Verified::new(content, self.scanned)),
                    Some(_) => Box::new(Verified::new(WithoutBcc::new(content), self.scanned)),
                })
            }
            Source::Kept(kept) => Ok(kept.open()),
        }
    }
}

/// An open message.
pub(crate) struct Opened<'m> {
    message: &'m Message,
    from: Box<dyn Read + Send + 'm>,
}

/// Reads on the thread that sends: the message was read before, so that takes little time.
impl AsyncRead for Opened<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let len = self.from.read(room.initialize_unfilled())?;
        room.advance(len);
        Poll::Ready(Ok(()))
    }
}

/// Only to the start, for a further transaction. The message is opened again, which fails if it has changed.
impl AsyncSeek for Opened<'_> {
    fn start_seek(mut self: Pin<&mut Self>, to: SeekFrom) -> io::Result<()> {
        match to {
            SeekFrom::Start(0) => self.from = self.message.read_from_start()?,
            SeekFrom::Start(_) | SeekFrom::Current(_) | SeekFrom::End(_) => {
                return Err(io::ErrorKind::Unsupported.into());
            }
        }
        Ok(())
    }

    fn poll_complete(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Poll::Ready(Ok(0))
    }
}

/// Opens a message; and its file, if that can be read again.
fn open(location: &Location) -> io::Result<(Box<dyn Read + Send>, Option<File>)> {
    if *location == Location::StandardInput {
        return Ok((Box::new(standard_input()?), None));
    }
    let file = location.open()?;
    if !file.metadata()?.is_file() {
        return Ok((Box::new(file), None));
    }
    Ok((location.content(file.try_clone()?)?, Some(file)))
}

/// Reads a message, from `file` if that can be read again.
fn keep(
    content: impl Read,
    file: Option<&File>,
    location: &Location,
    room: &mut Room,
) -> io::Result<(Source, Scanned)> {
    match file {
        Some(file) => scan(content, file, location, room),
        None => room.spool(content).map(|(kept, scanned)| (Source::Kept(kept), scanned)),
    }
}

/// Reads a message from a regular file. Fails if the file changes meanwhile.
fn scan(content: impl Read, file: &File, location: &Location, room: &mut Room) -> io::Result<(Source, Scanned)> {
    let changed = || io::Error::other("it changed while it was read");
    let metadata = file.metadata()?;
    let identity = Identity::from(&metadata);
    let (source, scanned) = if room.can_hold(location.octets(&metadata)) {
        let (kept, scanned) = room.hold(content)?.ok_or_else(changed)?;
        (Source::Kept(kept), scanned)
    } else {
        (Source::File(identity), Scanned::of(content, &mut io::sink())?)
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
            let message =
                Message::read(Location::given(file.path()), Recipients::Given, &mut Room::new(again, 1)).unwrap();
            assert_eq!(matches!(message.source, Source::Kept(Kept::Memory(_))), held);
        }
    }
}

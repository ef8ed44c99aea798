//! The files of messages: opened to be scanned, and opened again to be sent if they are still the same.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

use std::{
    fs::{self, File, FileType},
    io,
    path::{Path, PathBuf},
};

use smtp_client::ContentChanged;

#[cfg(not(unix))]
use self::other as system;
#[cfg(unix)]
use self::unix as system;
pub(crate) use system::Identity;
use system::{is_device, open_at_once, open_without_links};

/// Where a message is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Location {
    StandardInput,
    File(PathBuf),
    /// In new/ or cur/ of a maildir. Neither that nor the message is reached by a symbolic link.
    Maildir(PathBuf),
}

impl Location {
    /// A path as it was given; `-` is standard input.
    pub(crate) fn given(path: &Path) -> Self {
        if path.as_os_str() == "-" { Self::StandardInput } else { Self::File(path.to_owned()) }
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::StandardInput => Path::new("-"),
            Self::File(path) | Self::Maildir(path) => path,
        }
    }

    /// Opens the file to be scanned: a regular one, or one that can be read only once. Waits for the
    /// writer of a pipe.
    pub(crate) fn open(&self) -> io::Result<File> {
        if let Self::File(path) = self {
            let kind = fs::metadata(path)?.file_type();
            refuse(kind)?;
            if !kind.is_file() {
                // A pipe that is opened and left again breaks its writer: it is opened once.
                let file = File::open(path)?;
                refuse(file.metadata()?.file_type())?;
                return Ok(file);
            }
        }
        let file = self.open_at_once()?.ok_or_else(symbolic_link)?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(not_regular()) }
    }

    /// Opens the file to be sent, if it is the one that was scanned.
    pub(crate) fn open_again(&self, scanned: Identity) -> io::Result<File> {
        let file = self.open_at_once()?.ok_or(ContentChanged)?;
        let metadata = file.metadata()?;
        if metadata.is_file() && Identity::from(&metadata) == scanned { Ok(file) } else { Err(ContentChanged.into()) }
    }

    /// Opens whatever is there, and waits for nobody; `None` if that is a link that is not followed.
    fn open_at_once(&self) -> io::Result<Option<File>> {
        match self {
            Self::StandardInput | Self::File(_) => open_at_once(self.path()).map(Some),
            Self::Maildir(path) => open_without_links(path),
        }
    }
}

/// Directories hold no message, and devices no end of one.
fn refuse(kind: FileType) -> io::Result<()> {
    if kind.is_dir() {
        Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory"))
    } else if is_device(kind) {
        Err(io::Error::other("it is a device"))
    } else {
        Ok(())
    }
}

pub(crate) fn symbolic_link() -> io::Error {
    io::Error::other("it is a symbolic link")
}

pub(crate) fn not_regular() -> io::Error {
    io::Error::other("it is no regular file")
}

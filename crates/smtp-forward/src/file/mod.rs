//! Message files: opened to be scanned, and opened again to be sent if they are still the same.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

use std::{
    fs::{self, File, FileType},
    io::{self, Read},
    path::{Path, PathBuf},
};

use smtp_client::ContentChanged;

use crate::startup;

#[cfg(not(unix))]
use self::other as system;
#[cfg(unix)]
use self::unix as system;
pub(crate) use system::{Identity, which_file};
use system::{is_device, open_at_once, open_without_links};

/// Where a message is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Location {
    StandardInput,
    File(PathBuf),
    /// In new/ or cur/ of a maildir. Neither that directory nor the message may be a symbolic link.
    Maildir(PathBuf),
}

impl Location {
    /// The location of a path on the command line; `-` is standard input.
    pub(crate) fn given(path: &Path) -> Self {
        if path.as_os_str() == "-" { Self::StandardInput } else { Self::File(path.to_owned()) }
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::StandardInput => Path::new("-"),
            Self::File(path) | Self::Maildir(path) => path,
        }
    }

    /// Opens the file to be scanned: a regular file, or one that can be read only once. Blocks until a pipe has a
    /// writer.
    pub(crate) fn open(&self) -> io::Result<File> {
        if let Self::File(path) = self {
            let kind = fs::metadata(path)?.file_type();
            refuse(kind)?;
            if !kind.is_file() {
                // Opening a pipe and closing it again would break its writer, so it is opened only once.
                let file = File::open(path)?;
                refuse(file.metadata()?.file_type())?;
                return Ok(file);
            }
        }
        let file = self.open_at_once()?.ok_or_else(symbolic_link)?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(not_regular()) }
    }

    /// Opens the file to be sent, if it is still the one that was scanned.
    pub(crate) fn open_again(&self, scanned: Identity) -> io::Result<File> {
        let file = self.open_at_once()?.ok_or(ContentChanged)?;
        let metadata = file.metadata()?;
        if metadata.is_file() && Identity::from(&metadata) == scanned { Ok(file) } else { Err(ContentChanged.into()) }
    }

    /// Opens without blocking. `None` if the path is a symbolic link that must not be followed.
    fn open_at_once(&self) -> io::Result<Option<File>> {
        match self {
            Self::StandardInput | Self::File(_) => open_at_once(self.path()).map(Some),
            Self::Maildir(path) => open_without_links(path),
        }
    }
}

/// Standard input, which can be read only once.
pub(crate) fn standard_input() -> io::Result<impl Read> {
    if startup::input_was_closed() { Err(io::Error::other("it is closed")) } else { Ok(system::standard_input()) }
}

/// Rejects directories, which are not messages, and devices, which may never end.
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
    io::Error::other("it is not a regular file")
}

//! Message files: opened to be scanned, and opened again to be sent if they are still the same.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;
pub(crate) mod whole;

use std::{
    fs::{self, File, FileType, Metadata},
    io::{self, Read},
    path::{Path, PathBuf},
};

use smtp_client::ContentChanged;
use smtp_proto::Escaped;

use crate::{
    mbox::{self, Section},
    startup,
};

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
    Mbox(Section),
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
            Self::Mbox(section) => &section.path,
        }
    }

    /// The path, escaped; and the number of the message in an mbox file.
    pub(crate) fn name(&self) -> String {
        let path = Escaped(self.path().as_os_str().as_encoded_bytes());
        match self {
            Self::Mbox(section) => format!("{path}, message {}", section.number),
            Self::StandardInput | Self::File(_) | Self::Maildir(_) => path.to_string(),
        }
    }

    /// The message in the file that was opened.
    pub(crate) fn content(&self, file: File) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Self::Mbox(section) => Ok(Box::new(section.read(file)?)),
            Self::StandardInput | Self::File(_) | Self::Maildir(_) => Ok(Box::new(file)),
        }
    }

    /// How many octets of the file the message has.
    pub(crate) fn octets(&self, metadata: &Metadata) -> u64 {
        match self {
            Self::Mbox(section) => section.len(),
            Self::StandardInput | Self::File(_) | Self::Maildir(_) => metadata.len(),
        }
    }

    /// The messages of the mbox file with this path.
    pub(crate) fn of_mbox(path: &Path) -> io::Result<Vec<Self>> {
        // It is read again for each message, so a pipe will not do.
        let file = open_at_once(path)?;
        let kind = file.metadata()?.file_type();
        refuse(kind)?;
        if !kind.is_file() {
            return Err(not_regular());
        }
        Ok(mbox::messages(path, file)?.into_iter().map(Self::Mbox).collect())
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
        let metadata = file.metadata()?;
        match self {
            Self::Mbox(section) if Identity::from(&metadata) != section.identity => {
                Err(io::Error::other("it changed while it was read"))
            }
            _ if metadata.is_file() => Ok(file),
            _ => Err(not_regular()),
        }
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
            Self::StandardInput | Self::File(_) | Self::Mbox(_) => open_at_once(self.path()).map(Some),
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

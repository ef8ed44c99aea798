//! Files on Unix.

use std::{
    fs::{self, File, FileType, Metadata},
    hash::Hash,
    io::{self, Read},
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::Path,
};

use rustix::{
    fs::{Mode, OFlags, open, openat},
    io::{Errno, retry_on_intr},
    stdio::stdin,
};

/// Does not block on a pipe, and does not make a terminal the controlling one.
const AT_ONCE: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// Identifies a file and its version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
}

impl From<&Metadata> for Identity {
    fn from(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

/// Tells apart the files of all names; `None` if there is no such file.
pub(crate) fn which_file(path: &Path) -> Option<impl Eq + Hash + use<>> {
    fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

struct StandardInput;

impl Read for StandardInput {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        Ok(retry_on_intr(|| rustix::io::read(stdin(), &mut *room))?)
    }
}

/// Standard input without `std`, which treats one that cannot be read as empty.
pub(super) fn standard_input() -> impl Read {
    StandardInput
}

pub(super) fn is_device(kind: FileType) -> bool {
    kind.is_char_device() || kind.is_block_device()
}

pub(super) fn open_at_once(path: &Path) -> io::Result<File> {
    Ok(retry_on_intr(|| open(path, AT_ONCE, Mode::empty()))?.into())
}

pub(super) fn open_without_links(path: &Path) -> io::Result<Option<File>> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Ok(None) };
    let opened = retry_on_intr(|| {
        let directory = open(parent, AT_ONCE | OFlags::DIRECTORY | OFlags::NOFOLLOW, Mode::empty())?;
        openat(directory, name, AT_ONCE | OFlags::NOFOLLOW, Mode::empty())
    });
    match opened {
        Ok(file) => Ok(Some(file.into())),
        // FreeBSD returns MLINK.
        Err(Errno::LOOP | Errno::MLINK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_to_a_message_or_its_directory_are_not_followed() {
        let maildir = tempfile::tempdir().unwrap();
        let at = |path| maildir.path().join(path);
        fs::create_dir(at("elsewhere")).unwrap();
        fs::create_dir(at("new")).unwrap();
        fs::write(at("elsewhere/message"), "").unwrap();
        fs::write(at("new/message"), "").unwrap();
        symlink(at("new/message"), at("new/link")).unwrap();
        symlink(at("elsewhere"), at("cur")).unwrap();
        assert!(open_without_links(&at("new/message")).unwrap().is_some());
        assert!(open_without_links(&at("new/link")).unwrap().is_none());
        assert!(!matches!(open_without_links(&at("cur/message")), Ok(Some(_))));
    }
}

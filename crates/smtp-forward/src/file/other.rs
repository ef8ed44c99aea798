//! Files on other systems, as far as the standard library supports them.

use std::{
    fs::{self, File, FileType, Metadata},
    hash::Hash,
    io::{self, Read},
    path::Path,
    time::SystemTime,
};

/// Identifies a version of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Identity {
    size: u64,
    created: Option<SystemTime>,
    modified: Option<SystemTime>,
}

impl From<&Metadata> for Identity {
    fn from(metadata: &Metadata) -> Self {
        Self { size: metadata.len(), created: metadata.created().ok(), modified: metadata.modified().ok() }
    }
}

/// Tells apart the files of all names, except those with several hard links; `None` if there is no such file.
pub(crate) fn which_file(path: &Path) -> Option<impl Eq + Hash + use<>> {
    fs::canonicalize(path).ok()
}

pub(super) fn is_device(_: FileType) -> bool {
    false
}

pub(super) fn open_at_once(path: &Path) -> io::Result<File> {
    File::open(path)
}

pub(super) fn open_without_links(path: &Path) -> io::Result<Option<File>> {
    if fs::symlink_metadata(path)?.is_symlink() { Ok(None) } else { File::open(path).map(Some) }
}

pub(super) fn standard_input() -> impl Read {
    io::stdin().lock()
}

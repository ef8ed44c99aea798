//! Writing a file as a whole.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use tempfile::NamedTempFile;

/// Who can read a new file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Readers {
    Owner,
    /// As the system's defaults say.
    Default,
}

/// Writes `octets` to the file with this path. A regular file is replaced at once, so that a reader never sees a part of it, and
/// keeps its permissions. Anything else, such as a pipe, is written to.
pub(crate) fn write_whole(path: &Path, octets: &[u8], readers: Readers) -> io::Result<()> {
    let (path, existing) = match fs::canonicalize(path) {
        Ok(path) => {
            let existing = fs::metadata(&path)?;
            (path, Some(existing))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => (path.to_owned(), None),
        Err(error) => return Err(error),
    };
    if existing.as_ref().is_some_and(|existing| !existing.is_file()) {
        return fs::OpenOptions::new().write(true).open(path)?.write_all(octets);
    }
    let directory = match path.parent() {
        Some(parent) if parent.as_os_str() != "" => parent,
        _ => Path::new("."),
    };
    let mut file = temporary(directory, readers)?;
    file.write_all(octets)?;
    if let Some(existing) = existing {
        file.as_file().set_permissions(existing.permissions())?;
    }
    file.persist(path)?;
    Ok(())
}

#[cfg(unix)]
fn temporary(directory: &Path, readers: Readers) -> io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;

    match readers {
        Readers::Owner => NamedTempFile::new_in(directory),
        Readers::Default => {
            tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o666)).tempfile_in(directory)
        }
    }
}

#[cfg(not(unix))]
fn temporary(directory: &Path, _: Readers) -> io::Result<NamedTempFile> {
    NamedTempFile::new_in(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out");
        for text in ["a longer text", "short"] {
            write_whole(&path, text.as_bytes(), Readers::Owner).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert!(write_whole(directory.path(), b"x", Readers::Owner).is_err());
        assert!(write_whole(&directory.path().join("no/such"), b"x", Readers::Owner).is_err());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_and_the_permissions_of_its_file_stay() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("file"), directory.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&file, &link).unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        write_whole(&link, b"new", Readers::Default).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(mode(&file), 0o640);
        let own = directory.path().join("own");
        write_whole(&own, b"new", Readers::Owner).unwrap();
        assert_eq!(mode(&own), 0o600);
    }
}

//! The messages of a maildir. The maildir is only read: delivered messages stay where they are.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::file::{not_regular, symbolic_link};

/// An entry that cannot be a message, and why.
pub(crate) type Bad = (PathBuf, io::Error);

/// The messages in new/ and cur/ of `maildir`, in the order of their names, or everything that is wrong with it.
/// Symbolic links in it are not followed, because a user who can write to the maildir may not be allowed to read their
/// targets.
pub(crate) fn messages(maildir: &Path) -> Result<Vec<PathBuf>, Vec<Bad>> {
    let mut messages = Vec::new();
    let mut bad = Vec::new();
    for part in ["new", "cur"] {
        let dir = maildir.join(part);
        let entries = match list(&dir) {
            Ok(Some(entries)) => entries,
            Ok(None) => {
                bad.push((dir, symbolic_link()));
                continue;
            }
            Err(error) => return Err(vec![(maildir.to_owned(), not_a_maildir(part, &error))]),
        };
        for entry in entries {
            match entry {
                Ok(entry) if entry.file_name().as_encoded_bytes().starts_with(b".") => {}
                Ok(entry) => match check(&entry) {
                    Ok(()) => messages.push(entry.path()),
                    Err(error) => bad.push((entry.path(), error)),
                },
                Err(error) => bad.push((dir.clone(), error)),
            }
        }
    }
    if messages.is_empty() && bad.is_empty() {
        bad.push((maildir.to_owned(), io::Error::other("it contains no messages")));
    }
    // Names begin with the time of delivery.
    messages.sort_by(|a, b| a.file_name().cmp(&b.file_name()));
    if bad.is_empty() { Ok(messages) } else { Err(bad) }
}

/// The entries of `dir`; `None` if it is a symbolic link.
fn list(dir: &Path) -> io::Result<Option<fs::ReadDir>> {
    if fs::symlink_metadata(dir)?.is_symlink() { Ok(None) } else { fs::read_dir(dir).map(Some) }
}

fn not_a_maildir(part: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("it is not a maildir: {part}/: {error}"))
}

fn check(entry: &fs::DirEntry) -> io::Result<()> {
    let kind = entry.file_type()?;
    if kind.is_symlink() {
        Err(symbolic_link())
    } else if kind.is_file() {
        Ok(())
    } else {
        Err(not_regular())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maildir(entries: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for part in ["new", "cur", "tmp"] {
            fs::create_dir(dir.path().join(part)).unwrap();
        }
        for entry in entries {
            fs::write(dir.path().join(entry), "Subject: x\n").unwrap();
        }
        dir
    }

    #[test]
    fn messages_are_listed_in_order_without_hidden_and_unfinished_ones() {
        let dir = maildir(&["cur/2.b:2,S", "new/3.c", "new/1.a", "cur/.hidden", "tmp/0.d"]);
        let names: Vec<_> = messages(dir.path()).unwrap();
        let expected = ["new/1.a", "cur/2.b:2,S", "new/3.c"].map(|name| dir.path().join(name));
        assert_eq!(names, expected);
    }

    #[test]
    fn every_entry_that_is_not_a_message_is_named() {
        let dir = maildir(&["new/1"]);
        fs::create_dir(dir.path().join("new/2")).unwrap();
        fs::create_dir(dir.path().join("cur/3")).unwrap();
        let bad: Vec<_> = messages(dir.path()).unwrap_err().into_iter().map(|(path, _)| path).collect();
        assert_eq!(bad, [dir.path().join("new/2"), dir.path().join("cur/3")]);
    }

    #[cfg(unix)]
    #[test]
    fn links_in_a_maildir_are_rejected_but_a_link_to_a_maildir_is_followed() {
        use std::os::unix::fs::symlink;
        let dir = maildir(&["new/1", "cur/2"]);
        let link = tempfile::tempdir().unwrap();
        symlink(dir.path(), link.path().join("maildir")).unwrap();
        assert_eq!(messages(&link.path().join("maildir")).unwrap().len(), 2);
        symlink(dir.path().join("cur/2"), dir.path().join("new/3")).unwrap();
        fs::rename(dir.path().join("cur"), dir.path().join("elsewhere")).unwrap();
        symlink(dir.path().join("elsewhere"), dir.path().join("cur")).unwrap();
        let bad = messages(dir.path()).unwrap_err();
        assert!(bad.iter().all(|(_, error)| error.to_string() == "it is a symbolic link"), "{bad:?}");
        let paths: Vec<_> = bad.into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, [dir.path().join("new/3"), dir.path().join("cur")]);
    }

    #[test]
    fn a_directory_without_messages_is_rejected_with_the_reason() {
        let no_maildir = tempfile::tempdir().unwrap();
        for (dir, why) in [(&no_maildir, "not a maildir"), (&maildir(&[]), "no messages")] {
            let (path, error) = messages(dir.path()).unwrap_err().pop().unwrap();
            assert_eq!(path, dir.path());
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}

//! The messages of a maildir. It is only read: what is delivered stays where it is.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// An entry that cannot be a message, and why.
pub(crate) type Bad = (PathBuf, io::Error);

/// The messages in new/ and cur/ of `maildir`, in the order of their names; or everything that is wrong
/// with it.
pub(crate) fn messages(maildir: &Path) -> Result<Vec<PathBuf>, Vec<Bad>> {
    let mut messages = Vec::new();
    let mut bad = Vec::new();
    for part in ["new", "cur"] {
        let entries = match fs::read_dir(maildir.join(part)) {
            Ok(entries) => entries,
            Err(error) => return Err(vec![(maildir.to_owned(), is_no_maildir(part, &error))]),
        };
        for entry in entries {
            match entry {
                Ok(entry) if entry.file_name().as_encoded_bytes().starts_with(b".") => {}
                Ok(entry) => match check(&entry.path()) {
                    Ok(()) => messages.push(entry.path()),
                    Err(error) => bad.push((entry.path(), error)),
                },
                Err(error) => bad.push((maildir.join(part), error)),
            }
        }
    }
    if messages.is_empty() && bad.is_empty() {
        bad.push((maildir.to_owned(), io::Error::other("it holds no message")));
    }
    // Names begin with the time of their delivery.
    messages.sort_by(|a, b| a.file_name().cmp(&b.file_name()));
    if bad.is_empty() { Ok(messages) } else { Err(bad) }
}

fn is_no_maildir(part: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("it is no maildir: {part}/: {error}"))
}

/// Opening a pipe could wait for ever.
fn check(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.is_file() { Ok(()) } else { Err(io::Error::other("it is no file")) }
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
    fn messages_come_in_the_order_of_their_names_and_hidden_or_unfinished_ones_not_at_all() {
        let dir = maildir(&["cur/2.b:2,S", "new/3.c", "new/1.a", "cur/.hidden", "tmp/0.d"]);
        let names: Vec<_> = messages(dir.path()).unwrap();
        let expected = ["new/1.a", "cur/2.b:2,S", "new/3.c"].map(|name| dir.path().join(name));
        assert_eq!(names, expected);
    }

    #[test]
    fn everything_that_is_no_message_is_named() {
        let dir = maildir(&["new/1"]);
        fs::create_dir(dir.path().join("new/2")).unwrap();
        fs::create_dir(dir.path().join("cur/3")).unwrap();
        let bad: Vec<_> = messages(dir.path()).unwrap_err().into_iter().map(|(path, _)| path).collect();
        assert_eq!(bad, [dir.path().join("new/2"), dir.path().join("cur/3")]);
    }

    #[test]
    fn what_is_no_maildir_or_an_empty_one_is_said_to_be() {
        let no_maildir = tempfile::tempdir().unwrap();
        for (dir, why) in [(&no_maildir, "no maildir"), (&maildir(&[]), "no message")] {
            let (path, error) = messages(dir.path()).unwrap_err().pop().unwrap();
            assert_eq!(path, dir.path());
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}

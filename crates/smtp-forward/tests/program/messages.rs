//! Messages in files.

use std::{
    fs,
    os::unix::fs::FileTypeExt,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// The arguments that send a message.
pub(crate) const SEND: [&str; 8] =
    ["send", "--server", "{server}", "--from", "a@example.com", "--to", "b@example.net", "--json"];

/// A change to a file.
pub(crate) type Change = fn(&Path);

/// Creates a directory with files 1, 2 and 3, each with its name as its subject.
pub(crate) fn three() -> (TempDir, [PathBuf; 3]) {
    let dir = tempfile::tempdir().unwrap();
    let paths = ["1", "2", "3"].map(|name| dir.path().join(name));
    for path in &paths {
        fs::write(path, format!("Subject: {}\n", path.file_name().unwrap().to_str().unwrap())).unwrap();
    }
    (dir, paths)
}

/// The arguments that send these files.
pub(crate) fn arguments<'a>(paths: &'a [PathBuf], more: &[&'a str]) -> Vec<&'a str> {
    SEND.into_iter().chain(more.iter().copied()).chain(paths.iter().map(|path| path.to_str().unwrap())).collect()
}

/// The subjects of the messages that were received to their end.
pub(crate) fn ended(heard: &[Vec<String>]) -> Vec<&str> {
    let whole = heard.iter().flatten().filter(|line| line.ends_with("\r\n.\r\n"));
    whole.filter_map(|content| content.strip_prefix("Subject: ")?.split("\r\n").next()).collect()
}

pub(crate) fn make_fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    assert!(fs::metadata(path).unwrap().file_type().is_fifo());
}

//! `smtp-forward send` with files that change before or while they are sent.

#![cfg(unix)]

mod program;

use std::{
    fs::{self, File, Permissions},
    io::{Seek, SeekFrom, Write},
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Output,
    time::SystemTime,
};

use program::{
    messages::{Change, SEND, arguments, ended, make_fifo, three},
    start, text,
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use smtp_testkit::server::loose::{HELLO, MESSAGE as TAKEN, QUIT, Server};

/// A transaction up to the content.
const TO_CONTENT: &str = "C: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 354 go\n";
const CHANGED: &str = "the content changed before it was sent";

/// Runs the program, and makes a change once the server reaches an `await`.
fn send_while(server: &Server, arguments: &[&str], change: impl FnOnce()) -> Output {
    let child = start(arguments, Some(server.address));
    server.until_awaits(1);
    change();
    server.go();
    child.wait_with_output().unwrap()
}

/// The outcome of each message, and the reason given for its recipient.
fn outcomes(output: &Output) -> Vec<(String, String)> {
    let one = |line| {
        let report: Value = serde_json::from_str(line).unwrap();
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        (word(&report["outcome"]), word(&report["recipients"][0]["reason"]))
    };
    text(&output.stdout).lines().map(one).collect()
}

/// Overwrites the end of a file, keeping its size and modification time.
fn overwrite_end(path: &Path, octets: &[u8]) {
    let modified = fs::metadata(path).unwrap().modified().unwrap();
    let mut file = File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::End(-i64::try_from(octets.len()).unwrap())).unwrap();
    file.write_all(octets).unwrap();
    file.set_modified(modified).unwrap();
}

fn append(path: &Path, octets: &[u8]) {
    File::options().append(true).open(path).unwrap().write_all(octets).unwrap();
}

fn truncate(path: &Path, len: u64) {
    File::options().write(true).open(path).unwrap().set_len(len).unwrap();
}

/// Replaces a file by another one with the same content, size and modification time.
fn replace_by_a_copy(path: &Path) {
    let copy = path.with_extension("copy");
    fs::copy(path, &copy).unwrap();
    let modified = fs::metadata(path).unwrap().modified().unwrap();
    File::options().write(true).open(&copy).unwrap().set_modified(modified).unwrap();
    fs::rename(copy, path).unwrap();
}

fn replace_by_a_fifo(path: &Path) {
    fs::remove_file(path).unwrap();
    make_fifo(path);
}

fn replace_by_a_link(path: &Path, target: &Path) {
    fs::remove_file(path).unwrap();
    symlink(target, path).unwrap();
}

#[test]
fn a_file_that_changes_before_it_is_sent_is_deferred_and_the_others_are_sent() {
    let changes: [(&str, Change); 13] = [
        ("truncated", |path| truncate(path, 5)),
        ("emptied", |path| truncate(path, 0)),
        ("grown", |path| append(path, b"more\n")),
        ("rewritten", |path| overwrite_end(path, b"3\n")),
        ("an umlaut in the same size", |path| overwrite_end(path, b"\xfc\n")),
        ("saved with an umlaut", |path| fs::write(path, "Subject: \u{fc}\n").unwrap()),
        ("saved unchanged", |path| {
            File::options().write(true).open(path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        }),
        ("a copy", replace_by_a_copy),
        ("a FIFO", replace_by_a_fifo),
        ("a directory", |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
        ("a link to another file", |path| replace_by_a_link(path, &path.with_file_name("1"))),
        ("a link to a device", |path| replace_by_a_link(path, Path::new("/dev/zero"))),
        ("another file", |path| {
            fs::copy(path.with_file_name("3"), path.with_extension("other")).unwrap();
            fs::rename(path.with_extension("other"), path).unwrap();
        }),
    ];
    for (name, change) in changes {
        let (_dir, paths) = three();
        // If the change is noticed late, the second message has already been started.
        let server = Server::start(&format!(
            "-- await\n{HELLO}{TAKEN}{TO_CONTENT}-- content\n-- close\n-- connect\n{HELLO}{TAKEN}{QUIT}"
        ));
        let output = send_while(&server, &arguments(&paths, &[]), || change(&paths[1]));
        assert_eq!(output.status.code(), Some(75), "{name}: {}", text(&output.stderr));
        let outcomes = outcomes(&output);
        let words: Vec<_> = outcomes.iter().map(|(outcome, _)| &outcome[..]).collect();
        assert_eq!(words, ["delivered", "deferred", "delivered"], "{name}");
        assert!(outcomes[1].1.starts_with(CHANGED), "{name}: {}", outcomes[1].1);
        let said = format!("message 2, {}: {CHANGED}", paths[1].to_str().unwrap());
        assert!(text(&output.stderr).contains(&said), "{name}: {}", text(&output.stderr));
        assert_eq!(ended(&server.heard()), ["1", "3"], "{name}");
    }
}

#[test]
fn a_file_that_changes_while_it_is_sent_is_deferred_and_the_others_are_sent() {
    // More than the buffers of the connection hold.
    const LINES: usize = 16 * 1024;
    let changes: [(&str, Change); 5] = [
        ("truncated", |path| truncate(path, fs::metadata(path).unwrap().len() / 2)),
        ("emptied", |path| truncate(path, 0)),
        ("grown", |path| append(path, b"more\n")),
        ("rewritten", |path| overwrite_end(path, b"other\n")),
        ("an umlaut", |path| overwrite_end(path, b"\xc3\xbc\n")),
    ];
    let large = format!("Subject: large\n\n{}", format!("{}\n", "x".repeat(990)).repeat(LINES));
    for (name, change) in changes {
        let (_dir, paths) = three();
        fs::write(&paths[0], &large).unwrap();
        let server = Server::start(&format!(
            "-- narrow\n{HELLO}{TO_CONTENT}-- part 1000000\n-- await\n-- content\n-- close\n-- connect\n{HELLO}{}{QUIT}",
            TAKEN.repeat(2)
        ));
        let output = send_while(&server, &arguments(&paths, &[]), || change(&paths[0]));
        assert_eq!(output.status.code(), Some(75), "{name}: {}", text(&output.stderr));
        let outcomes = outcomes(&output);
        let words: Vec<_> = outcomes.iter().map(|(outcome, _)| &outcome[..]).collect();
        assert_eq!(words, ["deferred", "delivered", "delivered"], "{name}");
        assert!(outcomes[0].1.starts_with(CHANGED), "{name}: {}", outcomes[0].1);
        let said = format!("message 1, {}: {CHANGED}", paths[0].to_str().unwrap());
        assert!(text(&output.stderr).contains(&said), "{name}: {}", text(&output.stderr));
        let heard = server.heard();
        assert!(heard[0].last().unwrap().len() > 1_000_000, "{name}: it was already being sent");
        assert_eq!(ended(&heard), ["2", "3"], "{name}");
    }
}

#[test]
fn changes_that_leave_the_content_alone_do_not_matter() {
    let changes: [(&str, Change); 3] = [
        ("permissions", |path| fs::set_permissions(path, Permissions::from_mode(0o400)).unwrap()),
        ("another name", |path| fs::hard_link(path, path.with_extension("link")).unwrap()),
        ("a link to it", |path| {
            let elsewhere = path.with_extension("elsewhere");
            fs::rename(path, &elsewhere).unwrap();
            symlink(elsewhere, path).unwrap();
        }),
    ];
    for (name, change) in changes {
        let (_dir, paths) = three();
        let server = Server::start(&format!("-- await\n{HELLO}{}{QUIT}", TAKEN.repeat(3)));
        let output = send_while(&server, &arguments(&paths, &[]), || change(&paths[1]));
        assert_eq!(output.status.code(), Some(0), "{name}: {}", text(&output.stderr));
        assert_eq!(ended(&server.heard()), ["1", "2", "3"], "{name}");
    }
}

#[test]
fn a_kept_message_is_sent_as_it_was_read_even_if_the_file_changes() {
    let (_dir, paths) = three();
    let server = Server::start(&format!("-- await\n{HELLO}{}{QUIT}", TAKEN.repeat(2)));
    let output = send_while(&server, &arguments(&paths[..1], &["--repeat", "2"]), || truncate(&paths[0], 0));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(ended(&server.heard()), ["1", "1"]);
}

#[test]
fn a_link_that_replaces_a_message_in_a_maildir_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    for part in ["new", "cur"] {
        fs::create_dir(dir.path().join(part)).unwrap();
    }
    let paths = ["1", "2", "3"].map(|name| dir.path().join("new").join(name));
    for (path, number) in paths.iter().zip(1..) {
        fs::write(path, format!("Subject: {number}\n")).unwrap();
    }
    let server = Server::start(&format!("-- await\n{HELLO}{TAKEN}-- connect\n{HELLO}{TAKEN}{QUIT}"));
    let arguments = [&SEND[..], &["--maildir", dir.path().to_str().unwrap()]].concat();
    let output = send_while(&server, &arguments, || {
        // The link leads to the same file that was scanned.
        let elsewhere = dir.path().join("elsewhere");
        fs::rename(&paths[1], &elsewhere).unwrap();
        symlink(elsewhere, &paths[1]).unwrap();
    });
    assert_eq!(output.status.code(), Some(75), "{}", text(&output.stderr));
    assert!(outcomes(&output)[1].1.starts_with(CHANGED));
    assert_eq!(ended(&server.heard()), ["1", "3"]);
}

#[test]
fn a_signal_ends_a_batch_after_a_message_was_replaced_by_a_fifo() {
    let (_dir, paths) = three();
    // The third message waits for a reply that never comes.
    let server = Server::start(&format!("-- await\n{HELLO}{TAKEN}-- connect\n-- await\n-- silence\n"));
    let child = start(&arguments(&paths, &[]), Some(server.address));
    server.until_awaits(1);
    replace_by_a_fifo(&paths[1]);
    server.go();
    server.until_awaits(2);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(75));
    let outcomes = outcomes(&output);
    assert_eq!(outcomes[0].0, "delivered");
    assert!(outcomes[1].1.starts_with(CHANGED), "{outcomes:?}");
    assert!(outcomes[2].1.contains("interrupted"), "{outcomes:?}");
}

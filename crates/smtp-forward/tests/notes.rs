//! Messages that are sent as asked, with a note on standard error, and those that cannot be kept.

mod program;

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use program::{MESSAGE, run, text};
use serde_json::Value;
use smtp_testkit::server::loose::{HELLO, MESSAGE as TAKEN, QUIT, Server};

const SEND: [&str; 8] = ["send", "--server", "{server}", "--from", "a@example.com", "--to", "b@example.net", "--json"];

fn send<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&SEND[..], more].concat()
}

/// Sends files, named in `dir`, which the server accepts.
fn send_files(dir: &Path, names: &[&str]) -> Output {
    let server = Server::start(&format!("{HELLO}{}{QUIT}", TAKEN.repeat(names.len())));
    let arguments: Vec<_> = SEND.iter().map(|word| word.replace("{server}", &server.address.to_string())).collect();
    let output = Command::new(env!("CARGO_BIN_EXE_smtp-forward"))
        .args(arguments)
        .args(names)
        .current_dir(dir)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout).lines().count(), names.len());
    output
}

#[test]
fn a_recipient_that_is_given_twice_counts_once() {
    let rcpt = "C: RCPT\nS: 250 ok\n".repeat(2);
    let server = Server::start(&format!(
        "{HELLO}C: MAIL\nS: 250 ok\n{rcpt}C: DATA\nS: 354 go\n-- content\nS: 250 taken\n{QUIT}"
    ));
    let arguments = send(&["--to", "c@example.net", "--to", "b@EXAMPLE.net"]);
    let output = run(&arguments, Some(server.address), MESSAGE.as_bytes());
    assert_eq!(output.status.code(), Some(0));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let addresses: Vec<_> = report["recipients"].as_array().unwrap().iter().map(|one| &one["address"]).collect();
    assert_eq!(addresses, ["b@example.net", "c@example.net"]);
    let heard = server.heard().concat();
    let paths: Vec<_> = heard.iter().filter(|line| line.starts_with("RCPT")).collect();
    assert_eq!(paths, ["RCPT TO:<b@example.net>", "RCPT TO:<c@example.net>"]);
}

#[test]
fn a_file_that_is_given_twice_is_sent_twice_with_a_note() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["one", "two"] {
        fs::write(dir.path().join(name), MESSAGE).unwrap();
    }
    for (names, notes) in [
        (&["one", "two"][..], ""),
        (&["one", "two", "one", "one"], "note: one is given more than once, and sent each time\n"),
        (&["one", "./one", "./one"], "note: ./one is the same file as one, and sent as well\n"),
    ] {
        assert_eq!(text(&send_files(dir.path(), names).stderr), notes, "{names:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_with_two_names_is_known_again() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("one"), MESSAGE).unwrap();
    fs::hard_link(dir.path().join("one"), dir.path().join("two")).unwrap();
    std::os::unix::fs::symlink("one", dir.path().join("three")).unwrap();
    let notes =
        "note: two is the same file as one, and sent as well\nnote: three is the same file as one, and sent as well\n";
    assert_eq!(text(&send_files(dir.path(), &["one", "two", "three"]).stderr), notes);
}

#[test]
fn a_message_without_a_header_is_sent_with_a_note() {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in [("whole", MESSAGE), ("body", "hello\n\nTo: you\n"), ("other", "bye\n"), ("empty", "")] {
        fs::write(dir.path().join(name), content).unwrap();
    }
    let alone = "note: body has no header: there is no line like 'Subject: ...' before its first empty line. \
                 It is sent as it is\n";
    for (names, notes) in [
        (&["whole"][..], ""),
        (&["whole", "body"], alone),
        (&["empty"], "note: empty is empty, and sent as it is\n"),
        (&["-"], "note: standard input is empty, and sent as it is\n"),
        (&["body", "whole", "other"], "note: 2 messages have no header, and are sent as they are: body is the first\n"),
    ] {
        assert_eq!(text(&send_files(dir.path(), names).stderr), notes, "{names:?}");
    }
}

#[test]
fn a_temporary_file_that_cannot_be_created_is_not_a_fault_of_the_message() {
    let content = format!("{MESSAGE}{}", "x\n".repeat(1024 * 1024));
    for (dir, code) in [("no\u{1b}such\ndirectory", 73), ("", 0)] {
        let server = Server::start(&format!("{HELLO}{TAKEN}{QUIT}"));
        let known = tempfile::tempdir().unwrap();
        let dir = known.path().join(dir);
        let input = known.path().join("input");
        fs::write(&input, &content).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_smtp-forward"))
            .args(SEND.map(|word| word.replace("{server}", &server.address.to_string())))
            .env("TMPDIR", &dir)
            // Windows.
            .env("TMP", &dir)
            .stdin(fs::File::open(input).unwrap())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
        let said = [
            "error: the temporary file in ",
            "no\\u{1b}such\\ndirectory cannot be created: there is no such directory",
        ];
        assert!(code == 0 || said.iter().all(|part| text(&output.stderr).contains(part)), "{}", text(&output.stderr));
        assert_eq!(server.heard().is_empty(), code != 0);
    }
}

#[cfg(unix)]
#[test]
fn a_message_from_a_terminal_is_asked_for() {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use std::io::{BufRead, BufReader, Write};
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
    let server = Server::start(&format!("{HELLO}{TAKEN}{QUIT}"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_smtp-forward"))
        .args(SEND.map(|word| word.replace("{server}", &server.address.to_string())))
        .env_remove("RUST_LOG")
        .stdin(fs::File::open(name).unwrap())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "note: reading a message from standard input, end it with Ctrl-D\n");
    fs::File::from(terminal.try_clone().unwrap()).write_all(format!("{MESSAGE}\u{4}").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(server.heard()[0].contains(&"Subject: x\r\n\r\nhello\r\n.\r\n".to_owned()));
}

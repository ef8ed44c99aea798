//! `smtp-forward send` with many messages.

mod program;

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use program::{MESSAGE, run, start, text};
use serde_json::Value;
use smtp_testkit::server::loose::{HELLO, MESSAGE as TAKEN, QUIT, Server};
use tempfile::TempDir;

const SEND: [&str; 7] = ["send", "--server", "{server}", "--from", "a@example.com", "--to", "b@example.net"];

/// Creates a maildir with these messages, each with its name as its subject.
fn maildir(names: &[String]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for part in ["new", "cur", "tmp"] {
        fs::create_dir(dir.path().join(part)).unwrap();
    }
    for name in names {
        fs::write(dir.path().join(name), format!("Subject: {name}\n")).unwrap();
    }
    dir
}

fn new(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("new/{number:02}")).collect()
}

/// Sends a maildir.
fn send_all(server: &Server, maildir: &Path, more: &[&str]) -> Output {
    let arguments = [&SEND[..], &["--maildir", maildir.to_str().unwrap(), "--timeout", "5"], more].concat();
    run(&arguments, Some(server.address), b"")
}

fn reports(output: &Output) -> Vec<Value> {
    let mut reports: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    reports.sort_by_key(|report| report["number"].as_u64());
    reports
}

fn numbers(reports: &[Value]) -> Vec<u64> {
    reports.iter().filter_map(|report| report["number"].as_u64()).collect()
}

/// The subjects of the messages received on each connection.
fn subjects(heard: &[Vec<String>]) -> Vec<Vec<&str>> {
    fn subject(line: &str) -> Option<&str> {
        line.strip_prefix("Subject: ")?.split("\r\n").next()
    }
    heard.iter().map(|lines| lines.iter().filter_map(|line| subject(line)).collect()).collect()
}

#[test]
fn a_maildir_is_sent_in_the_order_of_names_and_not_changed() {
    let dir = maildir(&["cur/2:2,S".into(), "new/1".into(), "new/3".into(), "tmp/4".into()]);
    let server = Server::start(&format!("{HELLO}{}{QUIT}", TAKEN.repeat(3)));
    let output = send_all(&server, dir.path(), &["--json"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(subjects(&server.heard()), [["new/1", "cur/2:2,S", "new/3"]]);
    let files: Vec<_> = reports(&output).iter().map(|report| report["file"].as_str().unwrap().to_owned()).collect();
    let expected = ["new/1", "cur/2:2,S", "new/3"].map(|name| dir.path().join(name).to_str().unwrap().to_owned());
    assert_eq!(files, expected);
    for name in ["cur/2:2,S", "new/1", "new/3", "tmp/4"] {
        assert_eq!(fs::read_to_string(dir.path().join(name)).unwrap(), format!("Subject: {name}\n"));
    }
}

#[test]
fn a_connection_is_ended_after_the_given_number_of_messages() {
    for (limit, messages) in [("1", &[1, 1, 1][..]), ("2", &[2, 1]), ("3", &[3]), ("4", &[3])] {
        let dir = maildir(&new(3));
        let connection = |served: &usize| format!("{HELLO}{}{QUIT}", TAKEN.repeat(*served));
        let server = Server::start(&messages.iter().map(connection).collect::<Vec<_>>().join("-- connect\n"));
        let output = send_all(&server, dir.path(), &["--json", "--per-connection", limit]);
        assert_eq!(output.status.code(), Some(0), "{limit}");
        let heard = server.heard();
        assert_eq!(subjects(&heard).iter().map(Vec::len).collect::<Vec<_>>(), messages, "{limit}");
        assert!(heard.iter().all(|lines| lines.last().unwrap() == "QUIT"), "{limit}");
        let last = &reports(&output)[2];
        assert_eq!(last["attempts"][0]["ended"], "quit", "{limit}");
    }
}

#[test]
fn as_many_connections_as_asked_for_are_open_at_once() {
    let dir = maildir(&new(3));
    let connection = format!("-- gather 3\n{HELLO}{TAKEN}{QUIT}");
    let server = Server::start(&[&connection[..]; 3].join("-- connect\n"));
    let output = send_all(&server, dir.path(), &["--json", "--connections", "3"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(numbers(&reports(&output)), [1, 2, 3]);
    let heard = server.heard();
    let mut subjects = subjects(&heard).concat();
    subjects.sort_unstable();
    assert_eq!(subjects, ["new/01", "new/02", "new/03"]);
}

#[test]
fn every_message_is_reported_once_however_its_connection_ends() {
    let to_content = "C: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 354 go\n";
    let connections = [
        ("-- close\n".to_owned(), "deferred"),
        (format!("{HELLO}{TAKEN}{QUIT}"), "delivered"),
        ("S: 421 busy\n-- close\n".to_owned(), "deferred"),
        (format!("{HELLO}C: MAIL\nS: 550 no\n{QUIT}"), "failed"),
        (format!("{HELLO}{to_content}-- content\n-- close\n"), "unconfirmed"),
        (format!("{HELLO}C: MAIL\nS: 250 ok\nC: RCPT\n-- reset\n"), "deferred"),
        (format!("{HELLO}{TAKEN}-- close\n"), "delivered"),
        ("-- reset\n".to_owned(), "deferred"),
    ];
    for at_once in ["1", "3", "8", "100"] {
        let dir = maildir(&new(connections.len()));
        let server = Server::start(&connections.each_ref().map(|(script, _)| &script[..]).join("-- connect\n"));
        let output = send_all(&server, dir.path(), &["--json", "--per-connection", "1", "--connections", at_once]);
        assert_eq!(output.status.code(), Some(75), "{at_once}");
        let reports = reports(&output);
        assert_eq!(numbers(&reports), [1, 2, 3, 4, 5, 6, 7, 8], "{at_once}");
        let mut outcomes: Vec<_> = reports.iter().map(|report| report["outcome"].as_str().unwrap()).collect();
        let mut expected: Vec<_> = connections.iter().map(|(_, outcome)| *outcome).collect();
        outcomes.sort_unstable();
        expected.sort_unstable();
        assert_eq!(outcomes, expected, "{at_once}");
    }
}

#[test]
fn connections_that_a_server_does_not_accept_leave_the_messages_to_the_others() {
    let dir = maildir(&new(12));
    let refused = "-- gather 3\nS: 421 too many connections\n-- close\n";
    let server = Server::start(
        &[refused, refused, &format!("-- gone 2\n{HELLO}{}{QUIT}", TAKEN.repeat(10))].join("-- connect\n"),
    );
    let output = send_all(&server, dir.path(), &["--json", "--connections", "3"]);
    assert_eq!(output.status.code(), Some(75));
    assert_eq!(text(&output.stderr).matches("one connection fewer").count(), 2);
    assert_eq!(server.heard().len(), 3);
    let reports = reports(&output);
    assert_eq!(numbers(&reports), (1..=12).collect::<Vec<_>>());
    assert_eq!(reports.iter().filter(|report| report["outcome"] == "delivered").count(), 10);
}

#[test]
fn a_kept_connection_that_ends_loses_no_message() {
    let dir = maildir(&new(6));
    let connection = format!("{HELLO}{TAKEN}-- close\n");
    let server = Server::start(&[&connection[..]; 6].join("-- connect\n"));
    let output = send_all(&server, dir.path(), &["--json", "--connections", "2"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let heard = server.heard();
    let mut subjects = subjects(&heard).concat();
    subjects.sort_unstable();
    assert_eq!(subjects, new(6));
}

#[test]
fn repeated_messages_from_a_file_or_standard_input_are_sent_as_often_as_asked_for() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), MESSAGE).unwrap();
    for path in ["-", file.path().to_str().unwrap()] {
        let server = Server::start(&format!("{HELLO}{}{QUIT}", TAKEN.repeat(3)));
        let arguments = [&SEND[..], &["--json", "--repeat", "3", path]].concat();
        let output = run(&arguments, Some(server.address), MESSAGE.as_bytes());
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(numbers(&reports(&output)), [1, 2, 3]);
        let heard = server.heard().concat();
        let contents: Vec<_> = heard.iter().filter(|line| line.starts_with("Subject")).collect();
        assert_eq!(contents, ["Subject: x\r\n\r\nhello\r\n.\r\n"; 3]);
    }
}

#[test]
fn a_message_that_a_server_cannot_accept_does_not_make_its_connection_leave() {
    let dir = maildir(&new(4));
    for eight_bit in ["new/01", "new/02"] {
        fs::write(dir.path().join(eight_bit), "Subject: \u{e9}\n").unwrap();
    }
    let no_ehlo = "-- gather 2\nS: 220 ready\nC: EHLO\nS: 500 what\n";
    let (refused, taken) = (format!("{no_ehlo}{QUIT}"), format!("{no_ehlo}C: HELO\nS: 250 hi\n{TAKEN}{QUIT}"));
    let server = Server::start(&[&refused[..], &refused, &taken, &taken].join("-- connect\n"));
    let output = send_all(&server, dir.path(), &["--json", "--connections", "2"]);
    assert_eq!(output.status.code(), Some(65));
    assert_eq!(text(&output.stderr), "");
    let outcomes: Vec<_> = reports(&output).iter().map(|report| report["outcome"].clone()).collect();
    assert_eq!(outcomes, ["failed", "failed", "delivered", "delivered"]);
}

#[test]
fn each_report_names_its_message_if_there_are_several() {
    let dir = maildir(&new(3));
    let refused = "C: MAIL\nS: 550 5.7.1 not this one\n";
    let server = Server::start(&format!("{HELLO}{TAKEN}{refused}{QUIT}-- connect\n{HELLO}{TAKEN}{QUIT}"));
    let output = send_all(&server, dir.path(), &[]);
    assert_eq!(output.status.code(), Some(69));
    let report = text(&output.stdout);
    for (number, became) in [(1, "delivered: 250"), (2, "failed: 550 5.7.1 not this one"), (3, "delivered: 250")] {
        let file = dir.path().join(format!("new/0{number}"));
        let line = format!("message {number}, {}: <b@example.net> {became}", file.to_str().unwrap());
        assert!(report.contains(&line), "{report}");
    }
}

#[test]
fn many_messages_are_reported_as_a_summary_and_the_failures() {
    let refused = "C: MAIL\nS: 550 5.7.1 not this one\n";
    let dir = maildir(&new(12));
    let (before, after) = (TAKEN.repeat(4), TAKEN.repeat(7));
    let server = Server::start(&format!("{HELLO}{before}{refused}{QUIT}-- connect\n{HELLO}{after}{QUIT}"));
    let output = send_all(&server, dir.path(), &[]);
    assert_eq!(output.status.code(), Some(69));
    let lines: Vec<_> = text(&output.stdout).lines().collect();
    let refusal = format!(
        "message 5, {}: <b@example.net> failed: 550 5.7.1 not this one",
        dir.path().join("new/05").to_str().unwrap()
    );
    assert_eq!(lines[0], refusal);
    assert!(lines[1].starts_with("12 messages: 11 delivered, 1 failed; 2 connections, "), "{lines:?}");
    assert_eq!(lines.len(), 2);
}

#[test]
fn nothing_is_sent_if_a_message_cannot_be_read_and_each_such_message_is_named() {
    let dir = maildir(&new(2));
    for bad in ["new/03", "cur/04"] {
        fs::create_dir(dir.path().join(bad)).unwrap();
    }
    let whole = maildir(&new(1));
    let empty = maildir(&[]);
    let not_maildir = tempfile::tempdir().unwrap();
    let path = |dir: &TempDir| dir.path().to_str().unwrap().to_owned();
    for (more, named) in [
        (vec!["--maildir".to_owned(), path(&dir)], &["new/03", "cur/04"][..]),
        (
            vec!["--maildir".to_owned(), path(&whole), "/no/such/file".into(), "/nor/this".into()],
            &["/no/such", "/nor/"],
        ),
        (vec!["--maildir".to_owned(), path(&empty)], &["it contains no messages"]),
        (vec!["--maildir".to_owned(), path(&not_maildir)], &["it is not a maildir"]),
        (vec!["--maildir".to_owned(), path(&whole) + "/new/01"], &["it is not a maildir"]),
        (vec!["no\u{1b}[31msuch".into()], &["no\\u{1b}[31msuch cannot be read"]),
    ] {
        let server = Server::start("S: 220 ready\n");
        let arguments = SEND.into_iter().chain(more.iter().map(String::as_str)).collect::<Vec<_>>();
        let output = run(&arguments, Some(server.address), b"");
        assert_eq!(output.status.code(), Some(66), "{more:?}");
        let errors = text(&output.stderr);
        assert!(named.iter().all(|name| errors.contains(name)), "{errors}");
        assert!(server.heard().is_empty(), "{more:?}");
    }
}

#[test]
fn a_message_that_is_removed_before_it_is_sent_is_deferred_and_the_others_are_sent() {
    let dir = maildir(&new(3));
    let server = Server::start(&format!("-- await\n{HELLO}{TAKEN}-- connect\n{HELLO}{TAKEN}{QUIT}"));
    let arguments = [&SEND[..], &["--json", "--maildir", dir.path().to_str().unwrap()]].concat();
    let child = start(&arguments, Some(server.address));
    server.until_awaits(1);
    fs::remove_file(dir.path().join("new/02")).unwrap();
    server.go();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(66));
    assert!(text(&output.stderr).contains("new/02"));
    let outcomes: Vec<_> = reports(&output).iter().map(|report| report["outcome"].clone()).collect();
    assert_eq!(outcomes, ["delivered", "deferred", "delivered"]);
    assert_eq!(subjects(&server.heard()), [["new/01"], ["new/03"]]);
}

#[cfg(unix)]
#[test]
fn a_signal_ends_all_connections_and_every_message_is_reported() {
    use rustix::process::{Pid, Signal, kill_process};
    let dir = maildir(&new(5));
    let server = Server::start(&["S: 220 ready\n-- await\n-- silence\n"; 2].join("-- connect\n"));
    let arguments = [&SEND[..], &["--json", "--connections", "2", "--maildir", dir.path().to_str().unwrap()]].concat();
    let child = start(&arguments, Some(server.address));
    server.until_awaits(2);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(75));
    let reports = reports(&output);
    assert_eq!(numbers(&reports), [1, 2, 3, 4, 5]);
    for report in reports {
        let reason = report["recipients"][0]["reason"].as_str().unwrap();
        assert!(report["outcome"] == "deferred" && reason.contains("interrupted"), "{report}");
    }
}

#[cfg(unix)]
#[test]
fn the_open_file_limit_is_raised_for_the_connections_or_nothing_is_sent() {
    let dir = maildir(&new(30));
    let connection = format!("-- gather 30\n{HELLO}{TAKEN}{QUIT}");
    for (limit, status, heard) in [("ulimit -Sn 40", 0, 30), ("ulimit -n 40", 64, 0)] {
        let server = Server::start(&vec![&connection[..]; 30].join("-- connect\n"));
        let address = server.address.to_string();
        let output = Command::new("sh")
            .args(["-c", &format!("{limit} && exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_smtp-forward")])
            .args(SEND.map(|argument| if argument == "{server}" { &address } else { argument }))
            .args(["--maildir", dir.path().to_str().unwrap(), "--connections", "30"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(status), "{limit}: {}", text(&output.stderr));
        assert_eq!(text(&output.stderr).contains("the 40 open files"), status == 64, "{}", text(&output.stderr));
        assert_eq!(server.heard().len(), heard, "{limit}");
    }
}

#[cfg(unix)]
#[test]
fn one_connection_is_tried_however_few_files_may_be_open() {
    let dir = maildir(&new(3));
    let server = Server::start(&format!("{HELLO}{}{QUIT}", TAKEN.repeat(3)));
    let address = server.address.to_string();
    let output = Command::new("sh")
        .args(["-c", "ulimit -n 12 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_smtp-forward")])
        .args(SEND.map(|argument| if argument == "{server}" { &address } else { argument }))
        .args(["--maildir", dir.path().to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(server.heard().len(), 1);
}

//! `smtp-forward send` to hosts that accept nobody, or hold every message.

mod program;

use std::{fs, path::PathBuf};

use program::{run, text};
use serde_json::Value;
use smtp_testkit::server::loose::{HELLO, MESSAGE, QUIT, Server};
use tempfile::TempDir;

const SEND: [&str; 8] = ["send", "--server", "{server}", "--from", "a@example.com", "--to", "b@example.net", "--json"];
const REFUSED: &str = "S: 421 4.3.2 not now\n-- close\n";

fn messages(count: usize) -> (TempDir, Vec<PathBuf>) {
    let dir = tempfile::tempdir().unwrap();
    let paths: Vec<_> = (0..count).map(|number| dir.path().join(number.to_string())).collect();
    for path in &paths {
        fs::write(path, "Subject: one of many\n").unwrap();
    }
    (dir, paths)
}

/// The outcomes and reasons of the messages, and how many connections they took.
fn send(server: Server, more: &[&str], count: usize, exit_status: i32) -> (Vec<(String, String)>, usize) {
    let (_dir, paths) = messages(count);
    let files = paths.iter().map(|path| path.to_str().unwrap());
    let arguments: Vec<_> = SEND.into_iter().chain(more.iter().copied()).chain(files).collect();
    let output = run(&arguments, Some(server.address), b"");
    assert_eq!(output.status.code(), Some(exit_status), "{}", text(&output.stderr));
    let one = |line| {
        let report: Value = serde_json::from_str(line).unwrap();
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        (word(&report["outcome"]), word(&report["recipients"][0]["reason"]))
    };
    let reports: Vec<_> = text(&output.stdout).lines().map(one).collect();
    assert_eq!(reports.len(), count);
    (reports, server.heard().len())
}

#[test]
fn a_host_that_accepts_nobody_gets_three_connections_and_the_rest_is_deferred() {
    let server = Server::start(&[REFUSED; 10].join("-- connect\n"));
    let (reports, connections) = send(server, &[], 40, 75);
    assert_eq!(connections, 3);
    for (number, (outcome, reason)) in reports.iter().enumerate() {
        let expected =
            if number < 3 { "421 4.3.2 not now" } else { "not tried: the server refused or ended three connections" };
        assert!(outcome == "deferred" && reason.contains(expected), "{number}: {outcome}, {reason}");
    }
}

#[test]
fn a_host_that_ends_every_session_before_it_accepts_a_message_gets_no_more_than_three() {
    for (end, outcome) in [
        (format!("{HELLO}C: MAIL\nS: 421 4.3.2 not now\n-- close\n"), "deferred"),
        (
            format!("{HELLO}C: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 354 go\n-- content\n-- close\n"),
            "unconfirmed",
        ),
    ] {
        let (reports, connections) = send(Server::start(&[&end[..]; 10].join("-- connect\n")), &[], 10, 75);
        assert_eq!(connections, 3, "{end}");
        for (number, (word, reason)) in reports.iter().enumerate() {
            let expected = if number < 3 { outcome } else { "deferred" };
            assert!(word == expected && (number < 3 || reason.starts_with("not tried")), "{number}: {word}, {reason}");
        }
    }
}

#[test]
fn a_host_that_accepts_again_after_two_refusals_gets_the_rest() {
    let scripts = [REFUSED, REFUSED, &format!("{HELLO}{}{QUIT}", MESSAGE.repeat(18))];
    let (reports, connections) = send(Server::start(&scripts.join("-- connect\n")), &[], 20, 75);
    assert_eq!(connections, 3);
    let delivered = reports.iter().filter(|(outcome, _)| outcome == "delivered").count();
    assert_eq!(delivered, 18, "{reports:?}");
}

#[test]
fn connections_that_are_refused_together_do_not_give_the_host_up() {
    let refused = format!("-- gather 4\n{REFUSED}");
    let taken = format!("{HELLO}{}{QUIT}", MESSAGE.repeat(16));
    let scripts = [&refused, &refused, &refused, &refused, &taken].map(|script| &script[..]);
    let (reports, connections) = send(Server::start(&scripts.join("-- connect\n")), &["--connections", "4"], 20, 75);
    assert_eq!(connections, 5);
    let delivered = reports.iter().filter(|(outcome, _)| outcome == "delivered").count();
    assert_eq!(delivered, 16, "{reports:?}");
}

#[test]
fn a_host_that_holds_three_messages_until_their_timeout_gets_no_more() {
    let held = format!("{HELLO}C: MAIL\n-- silence\n");
    let server = Server::start(&[&held[..]; 4].join("-- connect\n"));
    let (reports, connections) = send(server, &["--message-timeout", "0.3"], 6, 75);
    assert_eq!(connections, 3);
    for (number, (outcome, reason)) in reports.iter().enumerate() {
        let expected =
            if number < 3 { "the delivery took longer than allowed" } else { "not tried: the server held three" };
        assert!(outcome == "deferred" && reason.contains(expected), "{number}: {outcome}, {reason}");
    }
}

#[test]
fn a_host_that_accepts_messages_and_does_not_answer_quit_gets_all_of_them() {
    let taken = format!("{HELLO}{MESSAGE}C: QUIT\n-- silence\n");
    let server = Server::start(&[&taken[..]; 5].join("-- connect\n"));
    let (reports, connections) = send(server, &["--per-connection", "1", "--timeout", "0.3"], 5, 0);
    assert_eq!(connections, 5);
    assert!(reports.iter().all(|(outcome, _)| outcome == "delivered"), "{reports:?}");
}

#[test]
fn a_batch_takes_no_longer_than_allowed_and_every_message_is_reported() {
    let server = Server::start(&format!("{HELLO}{MESSAGE}C: MAIL\n-- silence\n"));
    let (reports, connections) = send(server, &["--batch-timeout", "0.5"], 4, 75);
    assert_eq!(connections, 1);
    let expected = [("delivered", "250 2.0.0 taken"), ("deferred", "the batch took longer than allowed")];
    for (number, (outcome, reason)) in reports.iter().enumerate() {
        let (word, words) = expected[number.min(1)];
        assert!(outcome == word && reason.starts_with(words), "{number}: {outcome}, {reason}");
    }
}

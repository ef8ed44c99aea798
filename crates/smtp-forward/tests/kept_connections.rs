//! `smtp-forward send` with several messages over one connection, which the server ends or limits.

mod program;

use std::fs;

use program::{run, text};
use serde_json::Value;
use smtp_testkit::server::loose::{HELLO, HELO, MESSAGE, QUIT, Server};

/// A message that is refused at DATA.
const REFUSED_AT_DATA: &str = "C: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 452 4.3.2 too many messages\n";

/// Sends one message for each content, in order. Returns the outcome of each, and the commands that the server received
/// on each connection.
fn send(script: &str, contents: &[&str]) -> (Vec<String>, Vec<Vec<String>>) {
    let directory = tempfile::tempdir().unwrap();
    let paths: Vec<_> = (0..contents.len()).map(|number| directory.path().join(format!("{number:03}"))).collect();
    for (path, content) in paths.iter().zip(contents) {
        fs::write(path, content).unwrap();
    }
    let server = Server::start(script);
    let arguments = ["send", "--server", "{server}", "--from", "a@example.com", "--to", "b@example.net", "--json"];
    let paths = paths.iter().map(|path| path.to_str().unwrap());
    let output = run(&arguments.into_iter().chain(paths).collect::<Vec<_>>(), Some(server.address), b"");
    let reports = text(&output.stdout).lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let outcomes = reports.map(|report| report["outcome"].as_str().unwrap().to_owned()).collect();
    (outcomes, server.heard())
}

#[test]
fn a_limit_on_messages_per_connection_does_not_fail_any_message() {
    for (messages, per_connection, limit) in [
        (20, 5, format!("{REFUSED_AT_DATA}{QUIT}")),
        (6, 1, format!("C: MAIL\nS: 503 5.5.1 bad sequence\n{QUIT}")),
        (6, 1, "C: MAIL\nS: 250 ok\nC: RCPT\nS: 421 4.7.0 too many messages\n-- close\n".to_owned()),
    ] {
        let served = format!("{HELLO}{}", MESSAGE.repeat(per_connection));
        let connections = messages / per_connection;
        let script = format!("{}{served}{QUIT}", format!("{served}{limit}-- connect\n").repeat(connections - 1));
        let (outcomes, heard) = send(&script, &vec!["Subject: x\n"; messages]);
        assert_eq!(outcomes, vec!["delivered"; messages], "{limit}");
        assert_eq!(heard.len(), connections, "{limit}");
    }
}

#[test]
fn a_message_refused_for_now_is_sent_only_once() {
    let refused = "C: MAIL\nS: 451 4.7.1 greylisted\n";
    // The first message of a connection is refused, so the refusal is about the message. The second one may still
    // have met a limit, so its connection is ended.
    let script = vec![format!("{HELLO}{refused}{refused}{QUIT}"); 5].join("-- connect\n");
    let (outcomes, heard) = send(&script, &["Subject: x\n"; 10]);
    assert_eq!(outcomes, ["deferred"; 10]);
    assert_eq!(heard.concat().iter().filter(|line| line.starts_with("MAIL")).count(), 10);
}

#[test]
fn a_reply_before_an_idle_connection_closes_does_not_defer_a_message() {
    for words in ["451 4.4.2 timeout", "421 4.4.2 timeout", "221 2.0.0 goodbye", "idle for too long"] {
        let script = format!("{HELLO}{MESSAGE}S: {words}\n-- close\n-- connect\n{HELLO}{MESSAGE}{QUIT}");
        let (outcomes, _) = send(&script, &["Subject: x\n"; 2]);
        assert_eq!(outcomes, ["delivered"; 2], "{words}");
    }
}

#[test]
fn a_hang_up_on_ehlo_does_not_make_later_messages_fail() {
    let hung_up = format!("S: 220 ready\nC: EHLO\n-- close\n-- connect\n{HELO}{MESSAGE}{QUIT}-- connect\n");
    let (plain, eight_bit) = ("Subject: x\n", "Subject: x\n\ncaf\u{e9}\n");
    for (then, expected) in [
        (format!("S: 220 ready\nC: EHLO\nS: 250-hi\nS: 250 8BITMIME\n{MESSAGE}{QUIT}"), "delivered"),
        ("S: 220 ready\nC: EHLO\n-- close\n".to_owned(), "deferred"),
        // The server replies, and cannot accept the message.
        (format!("S: 220 ready\nC: EHLO\nS: 500 what\n{QUIT}"), "failed"),
    ] {
        let (outcomes, _) = send(&format!("{hung_up}{then}"), &[plain, eight_bit]);
        assert_eq!(outcomes, ["delivered", expected], "{then}");
    }
}

#[test]
fn a_message_does_not_fail_because_replies_are_out_of_step() {
    let mut script = format!("{HELLO}{MESSAGE}");
    // The server replies twice to the final dot, the second time after MAIL was sent.
    script += "C: MAIL\nS: 250 taken again\nC: RCPT\nS: 250 sender ok\nC: DATA\nS: 550 5.1.1 somebody else\n";
    script += "C: RSET\nS: 354 go\n";
    let (outcomes, _) = send(&script, &["Subject: x\n"; 2]);
    assert_eq!(outcomes, ["delivered", "deferred"]);
}

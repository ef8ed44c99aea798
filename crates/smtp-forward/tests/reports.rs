//! What `smtp-forward send` prints about failures: each once.

mod program;

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener},
};

use program::{MESSAGE, run, start, text};
use serde_json::Value;
use smtp_testkit::server::loose::{HELLO, MESSAGE as TAKEN, QUIT, Server};

const SEND: [&str; 5] = ["send", "--server", "{server}", "--from", "a@example.com"];

/// An address that nothing listens on.
fn nobody() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

fn count(text: &str, part: &str) -> usize {
    text.matches(part).count()
}

#[test]
fn a_connection_that_cannot_be_opened_is_reported_once() {
    let arguments = [&SEND[..], &["--to", "b@example.net"]].concat();
    let output = run(&arguments, Some(nobody()), MESSAGE.as_bytes());
    assert_eq!(output.status.code(), Some(75));
    let shown = text(&output.stdout);
    assert!(shown.starts_with("<b@example.net> deferred: could not connect: 127.0.0.1:"), "{shown}");
    assert_eq!(count(shown, "could not connect"), 1, "{shown}");
}

#[test]
fn a_reason_that_many_messages_share_is_shown_once_with_a_count() {
    let dir = tempfile::tempdir().unwrap();
    let paths: Vec<_> = (0..20).map(|number| dir.path().join(number.to_string())).collect();
    for path in &paths {
        fs::write(path, MESSAGE).unwrap();
    }
    let files = paths.iter().map(|path| path.to_str().unwrap());
    let arguments: Vec<_> = SEND.into_iter().chain(["--to", "b@example.net"]).chain(files).collect();
    let refused = TAKEN.replace("250 2.0.0 taken", "550 5.7.1 spam");
    let server = Server::start(&format!("{HELLO}{}{QUIT}", refused.repeat(20)));
    let output = run(&arguments, Some(server.address), b"");
    assert_eq!(output.status.code(), Some(69));
    let shown = text(&output.stdout);
    assert_eq!(count(shown, "<b@example.net> failed: 550 5.7.1 spam"), 1, "{shown}");
    assert!(shown.contains("19 more recipients failed: 550 5.7.1 spam\n20 messages: 20 failed;"), "{shown}");
}

#[test]
fn a_long_reply_to_many_recipients_is_in_the_report_once() {
    const RECIPIENTS: usize = 300;
    let line = "\\x1b".repeat(2000);
    let long = format!("S: 250-{line}\n").repeat(5) + &format!("S: 250 {line}\n");
    let taken = TAKEN
        .replace("C: RCPT\nS: 250 ok\n", &"C: RCPT\nS: 250 ok\n".repeat(RECIPIENTS))
        .replace("S: 250 2.0.0 taken\n", &long);
    let to = (0..RECIPIENTS).flat_map(|number| ["--to".to_owned(), format!("b{number}@example.net")]);
    let to: Vec<_> = to.collect();
    for json in [true, false] {
        let server = Server::start(&format!("{HELLO}{taken}{QUIT}"));
        let to = to.iter().map(String::as_str);
        let arguments: Vec<_> = SEND.into_iter().chain(to).chain(json.then_some("--json")).collect();
        let output = run(&arguments, Some(server.address), MESSAGE.as_bytes());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let shown = text(&output.stdout);
        // The reply in full, in JSON as a text and as a reason, and less than 1,500 octets for each recipient.
        let full = if json { 2 * 2 * long.len() } else { 2 * long.len() };
        assert!(shown.len() > long.len() && shown.len() < full + RECIPIENTS * 1500, "{json}: {}", shown.len());
        if json {
            let report: Value = serde_json::from_str(shown).unwrap();
            assert_eq!(report["recipients"].as_array().unwrap().len(), RECIPIENTS);
        }
    }
}

#[test]
fn a_report_does_not_wait_long_for_a_server_that_does_not_end_the_session() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("message");
    fs::write(&path, MESSAGE).unwrap();
    let path = path.to_str().unwrap();
    let refused = format!("{HELLO}C: MAIL\nS: 250 ok\nC: RCPT\nS: 550 no\n");
    for (files, end) in [(&[path][..], "C: QUIT\n"), (&[path, path], "C: RSET\n")] {
        let server = Server::start(&format!("{refused}{end}-- silence\n"));
        let arguments = [&SEND[..], &["--to", "b@example.net", "--json"], files].concat();
        let mut child = start(&arguments, Some(server.address));
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let report: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&report["outcome"], &report["attempts"][0]["ended"]), (&"failed".into(), &Value::Null));
        assert!(child.try_wait().unwrap().is_none(), "it waits for the server");
        child.kill().unwrap();
        child.wait().unwrap();
        drop(server.heard());
    }
}

//! `smtp-forward play` with `smtp-forward send`, and with clients that break promises.

mod program;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    thread,
};

use program::{MESSAGE, Playing, play, run, text};
use serde_json::Value;

impl Playing {
    /// Sends lines on a new connection, each after the reply to the one before, and closes it.
    fn converse(&self, lines: &[&str]) {
        let mut stream = BufReader::new(TcpStream::connect(self.address).unwrap());
        let mut heard = String::new();
        stream.read_line(&mut heard).unwrap();
        for line in lines {
            stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
            // The server has closed the connection.
            if stream.read_line(&mut heard).unwrap_or(0) == 0 {
                return;
            }
        }
    }
}

fn send(server: &Playing) -> Option<i32> {
    let arguments = [
        "send",
        "--server",
        "{server}",
        "--helo-name",
        "client.example",
        "--timeout",
        "2",
        "--from",
        "a@example.com",
        "--to",
        "b@example.net",
    ];
    run(&arguments, Some(server.address), MESSAGE.as_bytes()).status.code()
}

fn names() -> Vec<String> {
    let listed = run(&["play", "--list"], None, b"");
    assert_eq!(listed.status.code(), Some(0));
    text(&listed.stdout).lines().filter_map(|line| Some(line.split_whitespace().next()?.to_owned())).collect()
}

#[test]
fn the_program_itself_breaks_no_promise_in_any_scenario() {
    let names = names();
    assert!(names.len() >= 12, "{names:?}");
    let check = |name: &str| {
        let server = play(&[name, "--json"]);
        let sent = send(&server);
        let (status, printed) = server.end();
        let verdict: Value =
            serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{name}: {error}: {printed}"));
        assert_eq!(status, Some(0), "{name}: {printed}");
        assert_eq!(verdict["scenario"], *name);
        assert_eq!(sent == Some(0), verdict["taken"] == 1, "{name}: {printed}");
        assert_eq!(verdict["delivers"], verdict["taken"] == 1, "{name}: {printed}");
    };
    // In parallel, because some scenarios last as long as the client's timeout.
    thread::scope(|scope| names.iter().for_each(|name| drop(scope.spawn(move || check(name)))));
}

#[test]
fn a_transcript_file_can_be_played() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/transcripts/");
    for name in ["rfc2920-group", "helo-503-rset", "ehlo-500-helo-closed"] {
        let server = play(&[&format!("{directory}{name}.smtp")]);
        assert_eq!(send(&server), Some(0), "{name}");
        let (status, printed) = server.end();
        assert_eq!(status, Some(0), "{name}: {printed}");
        assert!(printed.contains("complete and exactly once"), "{name}: {printed}");
    }
}

#[test]
fn a_broken_promise_is_named() {
    const MAIL: [&str; 4] = ["MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>", "DATA", "x\r\n."];
    let whole = |hello| [&[hello][..], &MAIL, &["QUIT"]].concat();
    let cases = [
        ("ehlo-closed", vec![vec!["EHLO x"]], "broken helo-retry"),
        ("ehlo-closed", vec![vec!["EHLO x"], whole("EHLO x")], "broken helo-retry"),
        ("ehlo-500", vec![vec!["EHLO x", "QUIT"]], "broken helo-after-refusal"),
        ("ehlo-421", vec![vec!["EHLO x", "HELO x"]], "broken 421-respected"),
        ("ehlo-second-220", vec![whole("EHLO x")], "broken success-awaited"),
        ("ehlo-late-duplicate", vec![whole("EHLO x")], "broken replies-counted"),
        ("ehlo-451", vec![vec!["EHLO x", "HELO x", "MAIL FROM:<a@x.example> SIZE=1"]], "broken only-what-is-offered"),
        ("ehlo-451", vec![vec!["EHLO x\r\nHELO x"]], "broken replies-awaited"),
        (
            "ehlo-starttls-refused",
            vec![[&["EHLO x", ""][..], &MAIL[..3], &["a\nb\r\n."]].concat()],
            "broken line-endings",
        ),
        ("dot-unanswered", vec![whole("EHLO x"), whole("EHLO x")], "broken sent-once"),
        ("ehlo-helo-closed", vec![vec!["EHLO x"], vec!["HELO x"], vec![], vec![], vec![], vec![]], "broken bounded"),
        ("ehlo-451", vec![vec!["EHLO x", "QUIT"]], "The message did not arrive."),
    ];
    let check = |(scenario, conversations, broken): &(&str, Vec<Vec<&str>>, &str)| {
        let server = play(&[scenario]);
        for lines in conversations {
            server.converse(lines);
        }
        let (status, printed) = server.end();
        assert!(printed.split_whitespace().collect::<Vec<_>>().join(" ").contains(broken), "{scenario}: {printed}");
        assert_eq!(status, Some(1), "{scenario}: {printed}");
    };
    thread::scope(|scope| cases.iter().for_each(|case| drop(scope.spawn(move || check(case)))));
}

#[test]
fn without_a_connection_it_ends_after_the_patience() {
    let (status, printed) = play(&["ehlo-closed", "--patience", "0.1"]).end();
    assert_eq!((status, printed.as_str()), (Some(1), "No client connected.\n"));
}

#[test]
fn a_client_that_keeps_its_connection_is_not_waited_for() {
    let server = play(&["ehlo-451", "--patience", "1"]);
    let stream = TcpStream::connect(server.address).unwrap();
    let (status, printed) = server.end();
    assert_eq!(status, Some(1));
    assert!(printed.starts_with("connection 1: no commands, still open\n"), "{printed}");
    drop(stream);
}

#[test]
fn a_scenario_that_cannot_be_played_is_rejected() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/transcripts/");
    for scenario in ["no-such-scenario", &format!("{directory}connect-fails.smtp"), "Cargo.toml"] {
        let output = run(&["play", scenario], None, b"");
        assert_eq!(output.status.code(), Some(64), "{scenario}");
        assert!(text(&output.stderr).starts_with("error: "), "{scenario}");
    }
    assert_eq!(run(&["play"], None, b"").status.code(), Some(64));
}

#[cfg(target_os = "linux")]
#[test]
fn a_verdict_that_cannot_be_written_is_an_error_and_not_a_panic() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut child = program::start_into(&["play", "ehlo-closed", "--patience", "0.1"], None, full.into());
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(70), "{errors}");
    assert!(errors.contains("cannot be written") && !errors.contains("panicked"), "{errors}");
}

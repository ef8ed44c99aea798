//! Standard error that cannot be written to: messages and reports do not depend on it.

#![cfg(unix)]

mod program;

use std::{
    fs::{self, File},
    io::Write,
    mem::forget,
    net::SocketAddr,
    os::{fd::OwnedFd, unix::net::UnixStream},
    process::{Output, Stdio},
};

use program::{MESSAGE, start_with, text};
use serde_json::Value;
use smtp_testkit::server::loose::{HELLO, MESSAGE as TAKEN, QUIT, Server};

const SEND: [&str; 8] = ["send", "--server", "{server}", "--from", "a@example.com", "--to", "b@example.net", "--json"];

/// Each kind of stream that cannot be written to, as far as the system has it.
fn broken() -> impl Iterator<Item = (&'static str, Stdio)> {
    let full = File::options().write(true).open("/dev/full").ok().map(|file| ("full", file.into()));
    let (ours, theirs) = UnixStream::pair().unwrap();
    drop(ours);
    [Some(("closed", OwnedFd::from(theirs).into())), full, Some(("unread", unread()))].into_iter().flatten()
}

/// A stream that is full and never read. A blocking write to it never returns.
fn unread() -> Stdio {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    // It must stay open as long as the program runs.
    forget(ours);
    theirs.set_nonblocking(true).unwrap();
    while theirs.write(&[b'x'; 4096]).is_ok() {}
    theirs.set_nonblocking(false).unwrap();
    OwnedFd::from(theirs).into()
}

/// Runs the program to its end with a message on its standard input.
fn run(arguments: &[&str], server: Option<SocketAddr>, errors: Stdio) -> Output {
    let mut child = start_with(arguments, server, Stdio::piped(), errors);
    // This fails if the program rejects its arguments and does not read.
    let _ = child.stdin.take().unwrap().write_all(MESSAGE.as_bytes());
    child.wait_with_output().unwrap()
}

fn outcomes(output: &Output) -> Vec<String> {
    let outcome = |line| serde_json::from_str::<Value>(line).unwrap()["outcome"].as_str().unwrap().to_owned();
    text(&output.stdout).lines().map(outcome).collect()
}

#[test]
fn a_message_is_sent_and_reported_without_diagnostics() {
    for more in [&["--trace"][..], &["-v"], &["-vv"], &["-vvv"], &["--trace", "-vvv"], &["--tls", "opportunistic"]] {
        for (kind, errors) in broken() {
            let server = Server::start(&format!(
                "S: 220 ready\nC: EHLO\n-- close\n-- connect\n{}{TAKEN}{QUIT}",
                smtp_testkit::server::loose::HELO
            ));
            let output = run(&[&SEND[..], more].concat(), Some(server.address), errors);
            assert_eq!(output.status.code(), Some(0), "{more:?}, {kind}");
            assert_eq!(outcomes(&output), ["delivered"], "{more:?}, {kind}");
            assert_eq!(server.heard()[1].last().unwrap(), "QUIT", "{more:?}, {kind}");
        }
    }
}

#[test]
fn every_message_of_a_batch_is_sent_and_reported_without_diagnostics() {
    let dir = tempfile::tempdir().unwrap();
    for part in ["new", "cur"] {
        fs::create_dir(dir.path().join(part)).unwrap();
    }
    for number in 10..22 {
        fs::write(dir.path().join(format!("new/{number}")), MESSAGE).unwrap();
    }
    let refused = "-- gather 3\nS: 421 too many connections\n-- close\n";
    let taken = format!("-- gather 3\n-- gone 2\n{HELLO}{}{QUIT}", TAKEN.repeat(10));
    for (more, script, deferred) in [
        (&["--trace"][..], format!("{HELLO}{}{QUIT}", TAKEN.repeat(12)), 0),
        (&["-vvv"], format!("{HELLO}{}{QUIT}", TAKEN.repeat(12)), 0),
        // One note for each connection that the server does not accept.
        (&["--connections", "3", "-vv"], [refused, refused, &taken].join("-- connect\n"), 2),
    ] {
        for (kind, errors) in broken() {
            let server = Server::start(&script);
            let maildir = ["--maildir", dir.path().to_str().unwrap()];
            let output = run(&[&SEND[..], &maildir, more].concat(), Some(server.address), errors);
            assert_eq!(output.status.code(), Some(if deferred == 0 { 0 } else { 75 }), "{more:?}, {kind}");
            let count = |outcome| outcomes(&output).iter().filter(|other| *other == outcome).count();
            assert_eq!((count("delivered"), count("deferred")), (12 - deferred, deferred), "{more:?}, {kind}");
        }
    }
}

#[test]
fn an_error_that_cannot_be_shown_leaves_the_exit_status_as_it_is() {
    for (arguments, status) in [
        (&["send", "--no-such-option"][..], 64),
        (&[], 64),
        (&[&SEND[..], &["-", "-"]].concat(), 64),
        (&[&SEND[..], &["--tls", "maybe"]].concat(), 64),
        (&[&SEND[..], &["/no/such/file"]].concat(), 66),
        (&[&SEND[..], &["--maildir", "/no/such/dir"]].concat(), 66),
    ] {
        for (kind, errors) in broken() {
            let output = run(arguments, Some(SocketAddr::from(([127, 0, 0, 1], 1))), errors);
            assert_eq!(output.status.code(), Some(status), "{arguments:?}, {kind}");
        }
    }
}

#[test]
fn a_report_that_cannot_be_written_is_an_error_even_without_diagnostics() {
    // Writing a report may block, so the unread stream is left out for standard output.
    for ((kind, output), (_, errors)) in broken().filter(|(kind, _)| *kind != "unread").zip(broken()) {
        let server = Server::start(&format!("{HELLO}{TAKEN}{QUIT}"));
        let mut child = start_with(&SEND, Some(server.address), output, errors);
        child.stdin.take().unwrap().write_all(MESSAGE.as_bytes()).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(70), "{kind}");
    }
}

#[test]
fn a_probe_and_a_demo_work_without_diagnostics() {
    for (arguments, shown) in [
        (&["probe", "--server", "{server}", "--trace"][..], "It accepts EHLO"),
        (&["probe", "--server", "{server}", "-vvv"], "It accepts EHLO"),
        (&["demo", "-vvv"], "arrived octet for octet"),
        (&["demo", "-vvv", "--fault", "reset"], "arrived octet for octet"),
    ] {
        for (kind, errors) in broken() {
            let server = Server::start(&format!("{HELLO}{QUIT}"));
            let output = run(arguments, Some(server.address), errors);
            assert_eq!(output.status.code(), Some(0), "{arguments:?}, {kind}");
            assert!(text(&output.stdout).contains(shown), "{arguments:?}, {kind}");
        }
    }
}

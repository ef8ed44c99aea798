//! `smtp-forward send` and signals that come together, or that are to be ignored.

#![cfg(unix)]

mod program;

use std::{
    fs,
    process::{Child, Command, Stdio},
};

use program::{MESSAGE, text};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use smtp_testkit::server::loose::{HELLO, MESSAGE as TAKEN, QUIT, Server};
use tempfile::TempDir;

/// Sends a message, after the shell has done this.
fn send(server: &Server, first: &str) -> (TempDir, Child) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("message");
    fs::write(&path, MESSAGE).unwrap();
    let child = Command::new("sh")
        .args(["-c", &format!("{first}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_smtp-forward")])
        .args(["send", "--server", &server.address.to_string(), "--from", "a@example.com", "--to", "b@example.net"])
        .args(["--json", path.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    (dir, child)
}

#[test]
fn a_signal_that_was_ignored_when_the_program_started_stays_ignored() {
    for (name, signal) in [("HUP", Signal::HUP), ("INT", Signal::INT), ("TERM", Signal::TERM)] {
        let server = Server::start(&format!("{HELLO}-- await\n{TAKEN}{QUIT}"));
        let (_dir, child) = send(&server, &format!("trap '' {name}"));
        server.until_awaits(1);
        kill_process(Pid::from_child(&child), signal).unwrap();
        server.go();
        assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0), "{name}");
    }
}

#[test]
fn signals_that_come_together_do_not_keep_a_message_from_being_reported() {
    let server = Server::start(&format!("{HELLO}{TAKEN}C: QUIT\n-- await\n-- silence\n"));
    let (_dir, child) = send(&server, ":");
    server.until_awaits(1);
    for signal in [Signal::TERM, Signal::HUP] {
        kill_process(Pid::from_child(&child), signal).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    let report: Value = serde_json::from_str(text(&output.stdout)).unwrap();
    assert_eq!((output.status.code(), &report["outcome"]), (Some(0), &"delivered".into()));
}

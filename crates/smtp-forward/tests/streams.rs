//! `smtp-forward send` with a standard output that is read late, never, or is closed.

#![cfg(unix)]

mod program;

use std::{
    fs::{self, File},
    io::Read,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use program::{MESSAGE, start_into};
use rustix::{
    fs::{OFlags, fcntl_getfl, fcntl_setfl},
    pipe::pipe,
    process::{Pid, Signal, kill_process},
};
use serde_json::Value;
use smtp_testkit::server::loose::{HELLO, MESSAGE as TAKEN, QUIT, Server};
use tempfile::TempDir;

const SEND: [&str; 6] = ["send", "--server", "{server}", "--from", "a@example.com", "--json"];
/// As many recipients as make a report that no pipe holds.
const RECIPIENTS: usize = 1000;

fn to_recipients() -> Vec<String> {
    (0..RECIPIENTS).flat_map(|number| ["--to".to_owned(), format!("recipient-{number}@example.net")]).collect()
}

/// A message to every recipient.
fn taken() -> String {
    TAKEN.replace("C: RCPT\nS: 250 ok\n", &"C: RCPT\nS: 250 ok\n".repeat(RECIPIENTS))
}

fn messages(count: usize) -> (TempDir, Vec<PathBuf>) {
    let dir = tempfile::tempdir().unwrap();
    let paths: Vec<_> = (0..count).map(|number| dir.path().join(number.to_string())).collect();
    for path in &paths {
        fs::write(path, MESSAGE).unwrap();
    }
    (dir, paths)
}

/// Sends these messages to every recipient, with a pipe for the report.
fn send(server: &Server, paths: &[PathBuf], nonblocking: bool) -> (Child, File) {
    let (reader, writer) = pipe().unwrap();
    if nonblocking {
        fcntl_setfl(&writer, fcntl_getfl(&writer).unwrap() | OFlags::NONBLOCK).unwrap();
    }
    let (to, files) = (to_recipients(), paths.iter().map(|path| path.to_str().unwrap()));
    let arguments: Vec<_> = SEND.into_iter().chain(to.iter().map(String::as_str)).chain(files).collect();
    (start_into(&arguments, Some(server.address), Stdio::from(writer)), File::from(reader))
}

fn read_late(mut reader: File) -> String {
    thread::sleep(Duration::from_millis(300));
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_report_is_complete_even_if_standard_output_is_a_pipe_in_non_blocking_mode() {
    let (_dir, paths) = messages(1);
    let server = Server::start(&format!("{HELLO}{}{QUIT}", taken()));
    let (mut child, reader) = send(&server, &paths, true);
    let report: Value = serde_json::from_str(&read_late(reader)).unwrap();
    assert_eq!(report["recipients"].as_array().unwrap().len(), RECIPIENTS);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn messages_are_sent_while_the_reader_of_standard_output_pauses() {
    let (_dir, paths) = messages(4);
    let server = Server::start(&format!("{HELLO}{}-- await\n{}{QUIT}", taken().repeat(3), taken()));
    let (mut child, reader) = send(&server, &paths, false);
    // Nothing was read yet.
    server.until_awaits(1);
    server.go();
    let text = read_late(reader);
    assert_eq!(text.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count(), 4);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_signal_ends_the_program_even_if_standard_output_is_never_read() {
    let (_dir, paths) = messages(2);
    let server = Server::start(&format!("{HELLO}{}-- await\n-- silence\n", taken()));
    let (mut child, _unread) = send(&server, &paths, false);
    server.until_awaits(1);
    server.go();
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    // The report of the first message could not be written.
    assert_eq!(child.wait().unwrap().code(), Some(70));
}

#[test]
fn a_closed_standard_output_is_an_error_and_one_that_is_discarded_is_not() {
    let (text, json) = (&SEND[..SEND.len() - 1], &SEND[..]);
    for (redirection, status) in [
        (">&-", 70),
        (">&- 2>&-", 70),
        (">/dev/full", 70),
        (">/dev/null", 0),
        ("1<>/dev/null", 0),
        ("1<>/dev/null 2>&1", 0),
    ] {
        for arguments in [text, json] {
            let server = Server::start(&format!("{HELLO}{TAKEN}{QUIT}"));
            let (_dir, paths) = messages(1);
            let child = Command::new("sh")
                .args(["-c", &format!("exec \"$0\" \"$@\" {redirection}"), env!("CARGO_BIN_EXE_smtp-forward")])
                .args(arguments.iter().map(|argument| argument.replace("{server}", &server.address.to_string())))
                .args(["--to", "b@example.net", paths[0].to_str().unwrap()])
                .stderr(Stdio::null())
                .status()
                .unwrap();
            assert_eq!(child.code(), Some(status), "{redirection} {arguments:?}");
            assert_eq!(server.heard()[0].last().unwrap(), "QUIT", "{redirection}");
        }
    }
}

/// Runs the program where it can have no other thread than its own: as a user without privileges, who may not have
/// more than one.
#[cfg(target_os = "linux")]
#[test]
fn one_thread_is_enough_to_send_a_file() {
    use std::os::unix::fs::PermissionsExt;

    const USER: &str = "39517";
    let dir = tempfile::tempdir().unwrap();
    let (program, message) = (dir.path().join("smtp-forward"), dir.path().join("message"));
    fs::copy(env!("CARGO_BIN_EXE_smtp-forward"), &program).unwrap();
    fs::write(&message, MESSAGE).unwrap();
    for (path, mode) in [(dir.path(), 0o755), (&program, 0o755), (&message, 0o644)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    for host in ["127.0.0.1", "localhost"] {
        let server = Server::start(&format!("{HELLO}{TAKEN}{QUIT}"));
        let limited = "ulimit -u 1 && exec \"$0\" \"$@\"";
        let unprivileged = ["--reuid", USER, "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"];
        let mut command = if rustix::process::getuid().is_root() {
            let mut command = Command::new("setpriv");
            command.args(unprivileged).arg("bash");
            command
        } else {
            Command::new("bash")
        };
        let output = command
            .args(["-c", limited])
            .arg(&program)
            .args(["send", "--server", &format!("{host}:{}", server.address.port())])
            .args(["--from", "a@example.com", "--to", "b@example.net"])
            .arg(&message)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{host}: {}", program::text(&output.stderr));
        assert_eq!(server.heard()[0].last().unwrap(), "QUIT", "{host}");
    }
}

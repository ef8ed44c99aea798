//! `--mbox` and `--header-recipients`.

mod program;

use std::{fs, path::Path};

use program::{run, text};
use smtp_testkit::server::loose::{HELLO, QUIT, Server};
use tempfile::TempDir;

const SEND: [&str; 5] = ["send", "--server", "{server}", "--from", "a@example.com"];

fn file(content: &str) -> (TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("messages");
    fs::write(&path, content).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (dir, path)
}

/// The script of a server that takes a message with these recipients and lines.
fn taken(to: &[&str], lines: &str) -> String {
    let rcpts: Vec<_> = to.iter().map(|to| format!("C: RCPT TO:<{to}>\nS: 250 ok\n")).collect();
    let lines: Vec<_> = lines.lines().map(|line| format!("C: {line}\n")).collect();
    let (rcpts, lines) = (rcpts.concat(), lines.concat());
    format!("C: MAIL\nS: 250 ok\n{rcpts}C: DATA\nS: 354 go\n{lines}C: .\nS: 250 taken\n")
}

#[test]
fn each_message_of_an_mbox_is_sent_without_its_quotes() {
    let (_dir, path) = file("From a Mon\nSubject: 1\n\n>From here\n>>From there\n\nFrom b Tue\nSubject: 2\n\nho\n\n");
    let to = &["b@example.net"][..];
    let (first, second) = (taken(to, "Subject: 1\n\nFrom here\n>From there\n"), taken(to, "Subject: 2\n\nho\n"));
    let server = Server::start(&format!("{HELLO}{first}{second}{QUIT}"));
    let arguments = [&SEND[..], &["--to", "b@example.net", "--mbox", &path]].concat();
    let output = run(&arguments, Some(server.address), b"");
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    assert!(text(&output.stdout).contains("messages, message 2"), "{}", text(&output.stdout));
    server.heard();
}

#[test]
fn each_message_goes_to_those_that_its_header_names_and_bcc_is_removed() {
    let (_dir, path) = file(
        "From x\nTo: Bob <b@example.net>\nBcc: c@example.net,\n d@example.net\nSubject: 1\n\nhi\n\n\
         From x\nCc: c@example.net\n\nho\n",
    );
    let first = taken(&["b@example.net", "c@example.net", "d@example.net"], "To: Bob\nSubject: 1\n\nhi\n");
    let second = taken(&["c@example.net"], "Cc: c@example.net\n\nho\n");
    for more in [&[][..], &["--repeat", "2"]] {
        let all = format!("{first}{second}").repeat(if more.is_empty() { 1 } else { 2 });
        let server = Server::start(&format!("{HELLO}{all}{QUIT}"));
        let arguments = [&SEND[..], &["--header-recipients", "--mbox", &path], more].concat();
        let output = run(&arguments, Some(server.address), b"");
        assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
        server.heard();
    }
}

#[test]
fn standard_input_is_sent_without_bcc() {
    let script = taken(&["b@example.net"], "Subject: x\n\nhi\n");
    let server = Server::start(&format!("{HELLO}{script}{QUIT}"));
    let message = b"Bcc: b@example.net\nSubject: x\n\nhi\n";
    let output = run(&[&SEND[..], &["--header-recipients"]].concat(), Some(server.address), message);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    server.heard();
}

#[test]
fn nothing_is_sent_if_the_recipients_of_one_message_are_unclear() {
    for (message, said) in [
        ("Subject: x\n\nhi\n", "-: it has no recipients in To, Cc or Bcc"),
        ("To: b@example.net\nResent-To: c@example.net\n\n", "-: it has Resent-To"),
        ("To: Bob\n\n", "-: To cannot be understood: 'Bob': it has no @ with a domain after it"),
    ] {
        let output =
            run(&[&SEND[..], &["--header-recipients"]].concat(), "127.0.0.1:9".parse().ok(), message.as_bytes());
        assert_eq!(output.status.code(), Some(65), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains(said), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains("nothing was sent"));
    }
}

#[test]
fn invalid_arguments_and_files_are_explained() {
    let (_dir, other) = file("To: b\n\nhi\n");
    let (_dir_of_empty, empty) = file("");
    let gone = Path::new(&other).with_file_name("gone");
    for (more, code, said) in [
        (&["--to", "b@x", "--mbox", &*other][..], 66, "it is not an mbox: it does not start with 'From '"),
        (&["--to", "b@x", "--mbox", &empty], 66, "it contains no messages"),
        (&["--to", "b@x", "--mbox", gone.to_str().unwrap()], 66, "gone cannot be read"),
        (&["--to", "b@x", "--mbox", gone.parent().unwrap().to_str().unwrap()], 66, "it is a directory"),
        (&["--to", "b@x", "--header-recipients"], 64, "cannot be used with"),
        (&[], 64, "--to"),
    ] {
        let output = run(&[&SEND[..], more].concat(), "127.0.0.1:9".parse().ok(), b"");
        assert_eq!(output.status.code(), Some(code), "{more:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(said), "{more:?}: {}", text(&output.stderr));
    }
}

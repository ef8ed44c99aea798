//! `smtp-forward send` to more recipients than a server accepts in one transaction.

mod program;

use std::{fs, process::Output};

use program::{run, text};
use serde_json::Value;
use smtp_testkit::server::loose::{QUIT, Server};

const CONTENT: &str = "Subject: x\n\nhello\n";
/// What a transaction needs after RCPT.
const TAKEN: &str = "C: DATA\nS: 354 go\n-- content\nS: 250 2.0.0 taken\n";

fn hello(limits: &str) -> String {
    format!("S: 220 ready\nC: EHLO\nS: 250-hi\nS: 250 {limits}\n")
}

/// MAIL, and RCPT for each of these recipients, which is accepted.
fn accepted(recipients: std::ops::Range<usize>) -> String {
    let rcpts: Vec<_> = recipients.map(|number| format!("C: RCPT TO:<b{number}@example.net>\nS: 250 ok\n")).collect();
    format!("C: MAIL\nS: 250 ok\n{}", rcpts.concat())
}

/// RCPT for each of these recipients, which is refused.
fn refused(recipients: std::ops::Range<usize>) -> String {
    recipients.map(|_| "C: RCPT\nS: 452 4.5.3 too many recipients\n").collect()
}

/// Sends a message to this many recipients.
fn send(script: &str, recipients: usize, more: &[&str]) -> (Output, Vec<Vec<String>>) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("message");
    fs::write(&path, CONTENT).unwrap();
    let to: Vec<_> = (0..recipients).map(|number| format!("--to=b{number}@example.net")).collect();
    let server = Server::start(script);
    let mut arguments = vec!["send", "--server", "{server}", "--from", "a@example.com"];
    arguments.extend(to.iter().map(String::as_str).chain(more.iter().copied()).chain(path.to_str()));
    let output = run(&arguments, Some(server.address), b"");
    (output, server.heard())
}

fn is_delivered_to_all(output: &Output, recipients: usize) -> bool {
    let report: Value = serde_json::from_str(text(&output.stdout)).unwrap();
    let statuses = report["recipients"].as_array().unwrap();
    statuses.len() == recipients && statuses.iter().all(|recipient| recipient["status"] == "delivered")
}

#[test]
fn a_server_that_closes_the_connection_at_the_third_refusal_gets_no_more_than_it_accepted() {
    let first = format!(
        "{}{}{}C: RCPT\nS: 421 4.7.0 too many errors\n-- close\n",
        hello("SIZE"),
        accepted(0..100),
        refused(100..102)
    );
    let second = format!("{}{}{TAKEN}{}{TAKEN}{QUIT}", hello("SIZE"), accepted(0..100), accepted(100..103));
    let (output, heard) = send(&format!("{first}-- connect\n{second}"), 103, &["--json"]);
    assert!(is_delivered_to_all(&output, 103), "{}", text(&output.stdout));
    assert_eq!((output.status.code(), heard.len()), (Some(0), 2));
}

#[test]
fn if_the_next_connection_fails_the_report_names_the_refusal() {
    let first = format!("{}{}{}S: 421 4.7.0 bye\n-- close\n", hello("SIZE"), accepted(0..2), refused(2..4));
    let second = "S: 421 4.3.2 later\n-- close\n";
    let (output, heard) = send(&format!("{first}-- connect\n{second}"), 4, &[]);
    let report = text(&output.stdout);
    assert!(report.contains("452 4.5.3 too many recipients") && report.contains("421 4.7.0 bye"), "{report}");
    assert_eq!((output.status.code(), heard.len()), (Some(75), 2), "{report}");
}

#[test]
fn the_limits_of_the_server_and_of_the_policy_are_obeyed() {
    for (limits, more, sizes) in [
        ("LIMITS RCPTMAX=2", &[][..], &[2, 2, 1][..]),
        ("SIZE", &["--max-recipients", "3"], &[3, 2]),
        ("LIMITS RCPTMAX=2", &["--max-recipients", "3"], &[2, 2, 1]),
        ("LIMITS RCPTMAX=2", &["--limits", "ignore"], &[5]),
        ("LIMITS RCPTMAX=0", &[], &[5]),
    ] {
        let (mut script, mut start) = (hello(limits), 0);
        for size in sizes {
            script += &accepted(start..start + size);
            script += TAKEN;
            start += size;
        }
        let (output, heard) = send(&format!("{script}{QUIT}"), 5, &[more, &["--json"]].concat());
        assert!(is_delivered_to_all(&output, 5), "{limits}: {}", text(&output.stdout));
        assert_eq!(heard.len(), 1, "{limits}");
    }
}

#[test]
fn five_messages_on_a_connection_limited_to_three() {
    let directory = tempfile::tempdir().unwrap();
    let paths: Vec<_> = (0..5).map(|number| directory.path().join(number.to_string())).collect();
    for path in &paths {
        fs::write(path, CONTENT).unwrap();
    }
    let message = format!("{}{TAKEN}", accepted(0..1));
    let connection = |messages| format!("{}{}{QUIT}", hello("LIMITS MAILMAX=3"), message.repeat(messages));
    let server = Server::start(&format!("{}-- connect\n{}", connection(3), connection(2)));
    let mut arguments = vec!["send", "--server", "{server}", "--from", "a@example.com", "--to", "b0@example.net"];
    arguments.extend(paths.iter().map(|path| path.to_str().unwrap()));
    let output = run(&arguments, Some(server.address), b"");
    assert_eq!((output.status.code(), server.heard().len()), (Some(0), 2), "{}", text(&output.stdout));
}

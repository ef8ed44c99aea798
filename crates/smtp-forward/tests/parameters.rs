//! Notifications, time limits and other parameters, and `probe --verify`.

mod program;

use program::{MESSAGE, run, text};
use serde_json::Value;
use smtp_testkit::server::loose::{HELLO, MESSAGE as TAKEN, QUIT, Server};

const SEND: [&str; 7] = ["send", "--server", "{server}", "--from", "a@example.com", "--to", "b@example.net"];
const PARAMETERS: [&str; 10] = [
    "--dsn-notify",
    "SUCCESS,DELAY",
    "--dsn-ret",
    "full",
    "--envid",
    "a b",
    "--deliver-by",
    "60:notify",
    "--mail-param",
    "X-A:B=c",
];

#[test]
fn parameters_are_sent_to_a_server_that_offers_them() {
    let server = Server::start(&format!(
        "S: 220 ready\nC: EHLO\nS: 250-hi\nS: 250-DSN\nS: 250-DELIVERBY\nS: 250 X-A\n\
         C: MAIL FROM:<a@example.com> RET=FULL ENVID=a+20b BY=60;N B=c\nS: 250 ok\n\
         C: RCPT TO:<b@example.net> NOTIFY=SUCCESS,DELAY X\nS: 250 ok\nC: DATA\nS: 354 go\n-- content\nS: 250 taken\n{QUIT}"
    ));
    let more = [&SEND[..], &PARAMETERS, &["--rcpt-param", "X-A:X"]].concat();
    let output = run(&more, Some(server.address), MESSAGE.as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(!text(&output.stdout).contains("notifications"));
}

#[test]
fn the_report_says_that_notifications_were_not_offered() {
    let asks = [&SEND[..], &["--dsn-notify", "FAILURE"]].concat();
    let server = Server::start(&format!("{HELLO}{TAKEN}{QUIT}"));
    let output = run(&asks, Some(server.address), MESSAGE.as_bytes());
    assert_eq!(output.status.code(), Some(0));
    let said = "  It was sent without the requested notifications, which the server does not offer.\n";
    assert!(text(&output.stdout).contains(said), "{}", text(&output.stdout));
    let server = Server::start(&format!("{HELLO}{TAKEN}{QUIT}"));
    let output = run(&[&asks[..], &["--json"]].concat(), Some(server.address), MESSAGE.as_bytes());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["recipients"][0]["notification_dropped"], "not offered");
}

#[test]
fn what_the_message_needs_and_is_not_offered_fails() {
    for (more, said) in [
        (&["--dsn-notify", "never"][..], "a parameter needs DSN, which the server does not offer"),
        (&["--deliver-by", "60:return"], "it needs DELIVERBY, which the server does not offer"),
        (
            &["--mail-param", "FUTURERELEASE:HOLDFOR=60"],
            "a parameter needs FUTURERELEASE, which the server does not offer",
        ),
        (&["--rcpt-param", "RRVS:RRVS=x"], "a parameter needs RRVS, which the server does not offer"),
        (&["--smtputf8", "always"], "it needs SMTPUTF8, which the server does not offer"),
    ] {
        let server = Server::start(&format!("{HELLO}{QUIT}"));
        let output = run(&[&SEND[..], more].concat(), Some(server.address), MESSAGE.as_bytes());
        assert_eq!(output.status.code(), Some(65), "{more:?}");
        assert!(text(&output.stdout).contains(said), "{}", text(&output.stdout));
    }
}

#[test]
fn raw_utf_8_in_the_header_needs_smtputf8() {
    let message = "Subject: Gr\u{fc}\u{df}e\n\nhello\n".as_bytes();
    let offers = "S: 220 ready\nC: EHLO\nS: 250-hi\nS: 250-8BITMIME\nS: 250 SMTPUTF8\n";
    let taken = TAKEN.strip_prefix("C: MAIL\n").unwrap();
    for (more, line) in [
        (&[][..], "C: MAIL FROM:<a@example.com> BODY=8BITMIME SMTPUTF8\n"),
        (&["--smtputf8", "addresses"], "C: MAIL FROM:<a@example.com> BODY=8BITMIME\n"),
    ] {
        let server = Server::start(&format!("{offers}{line}{taken}{QUIT}"));
        let output = run(&[&SEND[..], more].concat(), Some(server.address), message);
        assert_eq!(output.status.code(), Some(0), "{more:?}");
    }
}

#[test]
fn invalid_values_are_rejected_before_connecting() {
    for (more, said) in [
        (["--dsn-notify", "NEVER,DELAY"], "NEVER cannot stand beside other conditions"),
        (["--dsn-notify", "sometimes"], "it is not one of NEVER, SUCCESS, FAILURE and DELAY"),
        (["--envid", &*"a".repeat(101)], "it is longer than 100 octets"),
        (["--envid", "a\nb"], "it has a character at octet 1 that is not allowed"),
        (["--deliver-by", "60"], "expected SECONDS:return or SECONDS:notify"),
        (["--deliver-by", "0:return"], "the time is out of range"),
        (["--mail-param", "HOLDFOR=60"], "expected EXTENSION:KEYWORD"),
        (["--mail-param", "SIZE:SIZE=1"], "set in another way"),
        (["--mail-param", &*format!("X:A={}", "a".repeat(500))], "longer than 512 octets"),
        (["--rcpt-param", "X:A=a b"], "it has a character at octet 1 that is not allowed"),
    ] {
        let output = run(&[&SEND[..], &more].concat(), "127.0.0.1:9".parse().ok(), MESSAGE.as_bytes());
        assert_eq!(output.status.code(), Some(64), "{more:?}");
        assert!(text(&output.stderr).contains(said), "{}", text(&output.stderr));
    }
}

#[test]
fn a_probe_asks_whether_a_recipient_would_be_accepted() {
    let ask = ["probe", "--server", "{server}", "--verify", "b@example.net"];
    for (reply, said, code) in [
        ("250 ok", "It would accept <b@example.net>: 250 ok\n", 0),
        ("550 no such user", "It would not accept <b@example.net>: 550 no such user\n", 69),
        ("450 later", "It would not accept <b@example.net>: 450 later\n", 75),
    ] {
        let script = format!("C: MAIL FROM:<>\nS: 250 ok\nC: RCPT\nS: {reply}\nC: RSET\nS: 250 ok\n");
        let server = Server::start(&format!("{HELLO}{script}{QUIT}"));
        let output = run(&ask, Some(server.address), b"");
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stdout));
        assert!(text(&output.stdout).contains(said), "{}", text(&output.stdout));
        let server = Server::start(&format!("{HELLO}{script}{QUIT}"));
        let output = run(&[&ask[..], &["--json"]].concat(), Some(server.address), b"");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["verify"]["accepted"], code == 0);
        assert_eq!(report["verify"]["address"], "b@example.net");
    }
}

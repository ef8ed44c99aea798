//! `smtp-forward send` against scripted servers.

mod program;

use std::{fs::File, io::Write, process::Stdio};

use program::{MESSAGE, run, start, start_into, text, until_it_catches_signals};
use serde_json::{Value, json};
use smtp_testkit::server::loose::{HELLO, HELO, MESSAGE as TAKEN, QUIT, Server};

const SEND: [&str; 7] = ["send", "--server", "{server}", "--from", "a@example.com", "--to", "b@example.net"];

fn send<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&SEND[..], more].concat()
}

fn json_lines(output: &[u8]) -> Vec<Value> {
    text(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn file(content: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    file
}

/// A server that closes on EHLO, and accepts the message after HELO.
fn closes_on_ehlo() -> Server {
    Server::start(&format!("S: 220 ready\nC: EHLO\n-- close\n-- connect\n{HELO}{TAKEN}{QUIT}"))
}

#[test]
fn the_json_report_has_all_fields() {
    let server = closes_on_ehlo();
    let address = server.address.to_string();
    let output = run(&send(&["--json"]), Some(server.address), MESSAGE.as_bytes());
    assert_eq!(output.status.code(), Some(0));
    let expected = json!({
        "outcome": "delivered",
        "recipients": [{
            "address": "b@example.net",
            "status": "delivered",
            "reply": {"code": 250, "enhanced": "2.0.0", "text": "2.0.0 taken"},
            "reason": "250 2.0.0 taken",
        }],
        "attempts": [
            {
                "server": address, "greeting": "ehlo", "tls": null, "auth": null, "stage": "hello",
                "ended": "closed", "reason": "the server closed the connection at EHLO",
            },
            {
                "server": address, "greeting": "helo", "tls": null, "auth": null, "stage": "quit", "ended": "quit",
                "reason": null,
            },
        ],
    });
    assert_eq!(json_lines(&output.stdout), [expected]);
}

#[test]
fn the_text_report_says_why_there_were_two_connections() {
    let server = closes_on_ehlo();
    let output = run(&send(&[]), Some(server.address), MESSAGE.as_bytes());
    let report = text(&output.stdout);
    for part in ["<b@example.net> delivered: 250 2.0.0 taken", "closed the connection on EHLO", "connection 2"] {
        assert!(report.contains(part), "{report}");
    }
}

#[test]
fn a_connection_for_helo_is_reported_as_such_even_if_the_greeting_refuses_it() {
    let server = Server::start(&format!("S: 220 ready\nC: EHLO\n-- close\n-- connect\nS: 554 go away\n{QUIT}"));
    let output = run(&send(&[]), Some(server.address), MESSAGE.as_bytes());
    let report = text(&output.stdout);
    let why = "The server closed the connection on EHLO, without a reply: a new connection was opened for HELO.";
    assert!(report.contains(why), "{report}");
}

#[test]
fn a_report_that_cannot_be_written_is_an_error() {
    for (more, closed) in [(&["--json"][..], true), (&[], true), (&["--json"], false), (&[], false)] {
        let Some(output) = (if closed { Some(Stdio::piped()) } else { full() }) else { continue };
        let server = Server::start(&format!("{HELLO}{TAKEN}{QUIT}"));
        let mut child = start_into(&send(more), Some(server.address), output);
        drop(child.stdout.take());
        child.stdin.take().unwrap().write_all(MESSAGE.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(70), "{more:?}");
        assert!(text(&output.stderr).contains("the report cannot be written"), "{more:?}");
    }
}

/// A file that cannot be written to, if the system has one.
fn full() -> Option<Stdio> {
    File::options().write(true).open("/dev/full").ok().map(Stdio::from)
}

#[test]
fn the_exit_status_follows_from_the_outcome() {
    let rcpt = "C: MAIL\nS: 250 ok\nC: RCPT\n";
    for (script, outcome, code) in [
        (format!("{HELLO}{TAKEN}{QUIT}"), "delivered", 0),
        (format!("{HELLO}{rcpt}S: 550 5.1.1 nobody\n{QUIT}"), "failed", 69),
        (format!("{HELLO}{rcpt}S: 450 4.2.0 later\n{QUIT}"), "deferred", 75),
        (format!("{HELLO}{rcpt}S: 250 ok\nC: DATA\nS: 354 go\n-- content\n-- close\n"), "unconfirmed", 75),
        (format!("S: 220 ready\nC: EHLO\n-- close\n-- connect\n{HELO}C: MAIL\nS: 550 no\n{QUIT}"), "failed", 69),
        ("S: 220 ready\nC: EHLO\n-- close\n-- connect\nS: 220 ready\nC: HELO\n-- close\n".to_owned(), "deferred", 75),
        (format!("S: 554 5.3.2 go away\n{QUIT}"), "failed", 69),
        ("S: 421 busy\n-- close\n".to_owned(), "deferred", 75),
        ("S: SSH-2.0-OpenSSH_9.9\n-- close\n".to_owned(), "deferred", 75),
        ("S: 220-one\nS: 221 two\n-- close\n".to_owned(), "deferred", 75),
        ("S: 220 ready\nS: 250 nobody asked\n-- silence\n".to_owned(), "deferred", 75),
        ("-- silence\n".to_owned(), "deferred", 75),
        (format!("S: 220 ready\nC: EHLO\nS: 250-hi\nS: 250 SIZE 10\n{QUIT}"), "failed", 65),
    ] {
        let server = Server::start(&script);
        let output = run(&send(&["--json", "--timeout", "0.5"]), Some(server.address), MESSAGE.as_bytes());
        assert_eq!(output.status.code(), Some(code), "{script}");
        assert_eq!(json_lines(&output.stdout)[0]["outcome"], outcome, "{script}");
    }
}

#[test]
fn a_partial_delivery_has_the_exit_status_of_the_other_recipients() {
    for (refusal, code) in [("550 5.1.1 nobody", 69), ("450 4.2.1 not now", 75)] {
        let server = Server::start(&format!(
            "{HELLO}C: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: RCPT\nS: {refusal}\nC: DATA\nS: 354 go\n-- content\n\
             S: 250 taken\n{QUIT}"
        ));
        let output = run(&send(&["--to", "postmaster", "--json"]), Some(server.address), MESSAGE.as_bytes());
        assert_eq!(output.status.code(), Some(code));
        let report = &json_lines(&output.stdout)[0];
        assert_eq!(report["outcome"], "partial");
        assert_eq!(report["recipients"][1]["address"], "postmaster");
        assert_eq!(report["recipients"][1]["reason"], refusal);
    }
}

#[test]
fn lmtp_gives_each_recipient_its_own_reply() {
    let server = Server::start(&format!(
        "S: 220 ready\nC: LHLO\nS: 250 hi\nC: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\n\
         S: 354 go\n-- content\nS: 250 first\nS: 450 second\n{QUIT}"
    ));
    let output = run(&send(&["--lmtp", "--to", "c@example.net", "--json"]), Some(server.address), MESSAGE.as_bytes());
    assert_eq!(output.status.code(), Some(75));
    let report = &json_lines(&output.stdout)[0];
    let statuses = [&report["recipients"][0]["status"], &report["recipients"][1]["status"]];
    assert_eq!(
        (statuses, &report["attempts"][0]["greeting"]),
        ([&json!("delivered"), &json!("deferred")], &json!("lhlo"))
    );
}

#[test]
fn invalid_arguments_are_rejected_without_a_connection() {
    let missing = ["send", "--server", "{server}", "--from", "a@example.com"];
    for (arguments, input, code) in [
        (send(&["--to", "c@d\r\nRCPT TO:<e@f>"]), "", 64),
        (send(&["--to", "c@d\n"]), "", 64),
        (send(&["--to", "> NOTIFY=NEVER@d"]), "", 64),
        (send(&["--to", ""]), "", 64),
        (send(&["--helo-name", "a\r\nMAIL"]), "", 64),
        (send(&["--helo-name", "b\u{fc}cher"]), "", 64),
        (send(&["--tls", "maybe"]), MESSAGE, 64),
        (send(&["--timeout", "0"]), MESSAGE, 64),
        (send(&["--timeout", "soon"]), MESSAGE, 64),
        (send(&["--8bit", "maybe"]), MESSAGE, 64),
        (send(&["-", "-"]), MESSAGE, 64),
        (send(&["--no-such-option"]), MESSAGE, 64),
        (missing.to_vec(), MESSAGE, 64),
        (missing.iter().copied().chain(["--to", "b@example.net", "--from", "a\rb@c"]).collect(), MESSAGE, 64),
        (vec!["send", "--server", "a b", "--from", "", "--to", "b@example.net"], MESSAGE, 64),
        (vec!["send", "--lmtp", "--server", "127.0.0.1:25", "--from", "", "--to", "b@example.net"], MESSAGE, 64),
        (vec!["send", "--server", "unix:", "--from", "", "--to", "b@example.net"], MESSAGE, 64),
        (vec!["send", "--server", "/run/lmtp", "-4", "--from", "", "--to", "b@example.net"], MESSAGE, 64),
        (vec![], "", 64),
        (send(&["/no/such/file"]), "", 66),
        (send(&["/"]), "", 66),
        (send(&["-", "/no/such/file"]), MESSAGE, 66),
        (send(&["--connections", "0"]), MESSAGE, 64),
        (send(&["--connections", "70000"]), MESSAGE, 64),
        (send(&["--per-connection", "0"]), MESSAGE, 64),
        (send(&["--repeat", "0"]), MESSAGE, 64),
        (send(&["--repeat", "-1"]), MESSAGE, 64),
        (send(&["--spool-limit", "0"]), MESSAGE, 64),
        (send(&["--spool-limit", "1T"]), MESSAGE, 64),
        (send(&["--trace", "--connections", "2"]), MESSAGE, 64),
        (send(&["--maildir", "/no/such/dir"]), MESSAGE, 66),
        (vec!["--help"], "", 0),
        (vec!["send", "--help"], "", 0),
        (vec!["--version"], "", 0),
    ] {
        let server = Server::start("S: 220 ready\n");
        let output = run(&arguments, Some(server.address), input.as_bytes());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert_eq!(output.stderr.is_empty(), code == 0, "{arguments:?}");
        assert!(server.heard().is_empty(), "{arguments:?}");
    }
}

#[test]
fn the_null_reverse_path_and_the_hello_name_are_sent_as_given() {
    for from in ["", "<>"] {
        let server = Server::start(&format!("{HELLO}{TAKEN}{QUIT}"));
        let arguments =
            ["send", "--server", "{server}", "--helo-name", "me.example", "--from", from, "--to", "<b@example.net>"];
        let output = run(&arguments, Some(server.address), MESSAGE.as_bytes());
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(server.heard()[0][..3], ["EHLO me.example", "MAIL FROM:<>", "RCPT TO:<b@example.net>"]);
    }
}

#[test]
fn content_that_is_8_bit_is_sent_only_if_allowed() {
    let offers = "S: 220 ready\nC: EHLO\nS: 250-hi\nS: 250 8BITMIME\n";
    let content = b"Subject: x\n\ncaf\xc3\xa9\n";
    for (script, more, code, mail) in [
        (format!("{HELLO}{QUIT}"), &[][..], 65, None),
        (format!("{HELLO}{TAKEN}{QUIT}"), &["--8bit", "send"], 0, Some("MAIL FROM:<a@example.com>")),
        (format!("{offers}{TAKEN}{QUIT}"), &[], 0, Some("MAIL FROM:<a@example.com> BODY=8BITMIME")),
        ("S: 220 ready\nC: EHLO\n-- close\n".to_owned(), &[], 75, None),
    ] {
        let server = Server::start(&script);
        let output = run(&send(more), Some(server.address), content);
        assert_eq!(output.status.code(), Some(code), "{script}");
        let says_so = text(&output.stdout).contains("8BITMIME");
        assert_eq!(says_so, code != 0, "{script}");
        assert_eq!(text(&output.stdout).contains("`--8bit send`"), code != 0, "{script}");
        let heard = server.heard();
        assert_eq!(heard.len(), 1, "{script}");
        assert_eq!(heard[0].iter().find(|line| line.starts_with("MAIL")).map(String::as_str), mail, "{script}");
    }
}

#[test]
fn an_address_that_needs_smtputf8_only_for_its_domain_gets_a_hint() {
    for (address, is_told) in
        [("b@b\u{fc}cher.example", true), ("b\u{fc}@b\u{fc}cher.example", false), ("b\u{fc}@example.net", false)]
    {
        let server = Server::start(&format!("{HELLO}{QUIT}"));
        let arguments = ["send", "--server", "{server}", "--from", "", "--to", address];
        let output = run(&arguments, Some(server.address), MESSAGE.as_bytes());
        assert_eq!(output.status.code(), Some(65), "{address}");
        let shown = text(&output.stdout);
        assert!(shown.contains("it needs SMTPUTF8"), "{shown}");
        assert_eq!(shown.contains("With the domain in its xn-- form"), is_told, "{shown}");
    }
}

#[test]
fn several_files_are_sent_as_several_messages_over_one_connection() {
    let (one, two) = (file(b"Subject: one\n"), file(b"Subject: two\n"));
    let server = Server::start(&format!("{HELLO}{TAKEN}{TAKEN}{TAKEN}{QUIT}"));
    let paths = [one.path().to_str().unwrap(), "-", two.path().to_str().unwrap()];
    let output = run(&send(&[&["--json"], &paths[..]].concat()), Some(server.address), MESSAGE.as_bytes());
    assert_eq!(output.status.code(), Some(0));
    let ends: Vec<_> = json_lines(&output.stdout).iter().map(|report| report["attempts"][0]["ended"].clone()).collect();
    assert_eq!(ends, ["kept", "kept", "quit"]);
    let heard = server.heard().concat();
    let messages: Vec<_> = heard.iter().filter(|line| line.starts_with("Subject")).collect();
    assert_eq!(messages, ["Subject: one\r\n.\r\n", "Subject: x\r\n\r\nhello\r\n.\r\n", "Subject: two\r\n.\r\n"]);
}

#[test]
fn a_message_from_standard_input_of_any_size_arrives_whole() {
    let offers = "S: 220 ready\nC: EHLO\nS: 250-hi\nS: 250 SIZE\n";
    for lines in [0, 1, 60_000] {
        let content = ".A line of forty octets, dot included.\n".repeat(lines);
        let server = Server::start(&format!("{offers}{TAKEN}{QUIT}"));
        let output = run(&send(&["-"]), Some(server.address), content.as_bytes());
        assert_eq!(output.status.code(), Some(0));
        let heard = &server.heard()[0];
        let wire = content.replace('\n', "\r\n");
        assert_eq!(heard[1], format!("MAIL FROM:<a@example.com> SIZE={}", wire.len()));
        assert!(heard[4] == wire.replace(".A", "..A") + ".\r\n", "{lines} lines");
    }
}

#[test]
fn replies_are_escaped_wherever_they_are_shown() {
    let refusal = "S: 550-5.7.1 \x1b[31mred\0\nS: 550 5.7.1 \u{202e}more\n";
    for more in [&["--json"][..], &[], &["--trace"]] {
        let server = Server::start(&format!("{HELLO}C: MAIL\n{refusal}{QUIT}"));
        let output = run(&send(more), Some(server.address), MESSAGE.as_bytes());
        assert_eq!(output.status.code(), Some(69));
        let shown = [text(&output.stdout), text(&output.stderr)].concat();
        assert!(!shown.contains(['\x1b', '\0', '\u{202e}']), "{shown:?}");
        assert!(shown.contains("[31mred"), "{shown:?}");
    }
    let server = Server::start(&format!("{HELLO}C: MAIL\n{refusal}{QUIT}"));
    let output = run(&send(&["--json"]), Some(server.address), MESSAGE.as_bytes());
    let reply = &json_lines(&output.stdout)[0]["recipients"][0]["reply"];
    let text = "5.7.1 \\u{1b}[31mred\\0\n5.7.1 \\u{202e}more";
    assert_eq!(*reply, json!({"code": 550, "enhanced": "5.7.1", "text": text}));
}

#[test]
fn a_recipient_is_escaped_in_the_text_report() {
    let server = Server::start(&format!("{HELLO}{QUIT}"));
    let output = run(&send(&["--to", "c\u{e000}@example.net"]), Some(server.address), MESSAGE.as_bytes());
    let report = text(&output.stdout);
    assert!(report.contains("<c\\u{e000}@example.net> failed") && !report.contains('\u{e000}'), "{report}");
}

#[test]
fn a_trace_shows_both_sides_and_where_connections_begin_and_end() {
    let server = closes_on_ehlo();
    let output = run(&send(&["--trace", "--helo-name", "me.example"]), Some(server.address), MESSAGE.as_bytes());
    let address = server.address;
    let expected = format!(
        "-- connected to {address}\nS: 220 ready\nC: EHLO me.example\n-- the server closed the connection\n\
         -- connected to {address}\nS: 220 ready\nC: HELO me.example\nS: 250 hi\nC: MAIL FROM:<a@example.com>\n\
         S: 250 ok\nC: RCPT TO:<b@example.net>\nS: 250 ok\nC: DATA\nS: 354 go\nC: Subject: x\nC: \nC: hello\nC: .\n\
         S: 250 2.0.0 taken\nC: QUIT\nS: 221 bye\n-- the client closed the connection\n"
    );
    assert_eq!(text(&output.stderr), expected);
}

#[test]
fn a_long_line_is_sent_and_reported() {
    let content = format!("Subject: x\n\n{}\n", "y".repeat(1200));
    for (more, count, said) in [
        (&[][..], 1, "A line has 1200 octets"),
        (&["--json"], 1, "\"longest_line\":1200"),
        (&["--repeat", "10"], 10, "10 with a line of more than 998 octets"),
    ] {
        let server = Server::start(&format!("{HELLO}{}{QUIT}", TAKEN.repeat(count)));
        let output = run(&send(more), Some(server.address), content.as_bytes());
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains(said), "{}", text(&output.stdout));
    }
}

#[test]
fn helo_is_retried_according_to_the_policy() {
    for (when, first, connections) in [
        ("never", "-- close", 1),
        ("disconnect", "-- silence", 1),
        ("timeout", "-- silence", 2),
        ("timeout", "-- close", 2),
    ] {
        let server = Server::start(&format!("S: 220 ready\nC: EHLO\n{first}\n-- connect\n{HELO}{TAKEN}{QUIT}"));
        let arguments = send(&["--helo-retry", when, "--timeout", "0.5"]);
        let output = run(&arguments, Some(server.address), MESSAGE.as_bytes());
        assert_eq!(output.status.code(), Some(if connections == 2 { 0 } else { 75 }), "{when} {first}");
        assert_eq!(server.heard().len(), connections, "{when} {first}");
    }
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_program_with_a_report_wherever_it_waits() {
    use rustix::process::{Pid, Signal, kill_process};
    for (script, input, messages) in [
        // The program waits for standard input, for the greeting, for the reply to MAIL.
        (String::new(), None, 1),
        ("-- silence\n".to_owned(), Some(MESSAGE), 1),
        (format!("{HELLO}C: MAIL\n-- silence\n"), Some(MESSAGE), 1),
    ] {
        let server = Server::start(&script);
        let mut child = start(&send(&["--json", "-v"]), Some(server.address));
        let stdin = child.stdin.take();
        if let (Some(mut stdin), Some(input)) = (stdin.as_ref(), input) {
            stdin.write_all(input.as_bytes()).unwrap();
        }
        let held_open = stdin.filter(|_| input.is_none());
        until_it_catches_signals(&child);
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        let output = child.wait_with_output().unwrap();
        drop(held_open);
        assert_eq!(output.status.code(), Some(75), "{script}");
        let reports = json_lines(&output.stdout);
        assert_eq!(reports.len(), messages, "{script}");
        for report in reports {
            assert_eq!((&report["outcome"], report["recipients"].as_array().unwrap().len()), (&json!("deferred"), 1));
            let reason = report["recipients"][0]["reason"].as_str().unwrap();
            assert!(reason.contains("interrupted"), "{reason}");
        }
    }
}

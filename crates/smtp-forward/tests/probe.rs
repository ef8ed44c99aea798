//! `smtp-forward probe` against scripted servers.

mod program;

use program::{run, text};
use serde_json::{Value, json};
use smtp_testkit::server::loose::{HELO, QUIT, Server};

const PROBE: [&str; 4] = ["probe", "--server", "{server}", "--json"];
const CLOSES: &str = "S: 220 ready\nC: EHLO\n-- close\n-- connect\n";

#[test]
fn a_probe_lists_what_the_server_offers() {
    let server = Server::start(&format!(
        "S: 220 mx ESMTP\nC: EHLO\nS: 250-mx\nS: 250-SIZE 1000\nS: 250-x-\u{fc}\nS: 250 AUTH=LOGIN\n{QUIT}"
    ));
    let output = run(&PROBE, Some(server.address), b"");
    assert_eq!(output.status.code(), Some(0));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let address = server.address.to_string();
    let expected = json!({
        "server": address,
        "greeting": {"code": 220, "enhanced": null, "text": "mx ESMTP"},
        "hello": "ehlo",
        "helo_needed": false,
        "offers": [{"keyword": "SIZE", "parameters": "1000"}, {"keyword": "AUTH", "parameters": "LOGIN"}],
        "offers_in_clear": [],
        "tls": null,
        "attempts": [{
            "server": address, "greeting": "ehlo", "tls": null, "auth": null, "stage": "quit", "ended": "quit",
            "reason": null,
        }],
    });
    assert_eq!(report, expected);
}

#[test]
fn a_probe_reports_whether_helo_was_needed() {
    for (script, hello, needed, code) in [
        (format!("{CLOSES}{HELO}{QUIT}"), json!("helo"), true, 0),
        (format!("S: 220 x\nC: EHLO\nS: 502 no\nC: HELO\nS: 250 hi\n{QUIT}"), json!("helo"), true, 0),
        (format!("{CLOSES}S: 220 x\nC: HELO\n-- close\n"), Value::Null, false, 75),
        (format!("S: 554 no\n{QUIT}"), Value::Null, false, 69),
        (format!("S: 220 x\nC: EHLO\nS: 502 no\nC: HELO\nS: 502 no\n{QUIT}"), Value::Null, false, 69),
        (format!("S: 220 x\nC: EHLO\nS: 451 no\nC: HELO\nS: 502 no\n{QUIT}"), Value::Null, false, 75),
        (format!("{CLOSES}S: 220 x\nC: HELO\nS: 502 no\n{QUIT}"), Value::Null, false, 75),
        ("S: 421 later\n-- close\n".to_owned(), Value::Null, false, 75),
    ] {
        let server = Server::start(&script);
        let output = run(&PROBE, Some(server.address), b"");
        assert_eq!(output.status.code(), Some(code), "{script}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&report["hello"], &report["helo_needed"]), (&hello, &json!(needed)), "{script}");
    }
}

#[test]
fn the_text_report_says_which_hello_was_accepted() {
    let server = Server::start(&format!("{CLOSES}{HELO}{QUIT}"));
    let output = run(&PROBE[..3], Some(server.address), b"");
    let report = text(&output.stdout);
    for part in ["greets: 220 ready", "It accepts only HELO", "the server closed the connection at EHLO"] {
        assert!(report.contains(part), "{report}");
    }
}

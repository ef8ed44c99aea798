//! `smtp-forward send` with servers that ask for credentials.

mod program;

use std::{fs, io::Write, process::Output};

use program::{MESSAGE, text};
use smtp_testkit::server::{
    loose::{MESSAGE as TAKEN, QUIT, Server},
    tls::Certificates,
};
use tempfile::{NamedTempFile, TempDir};

const PASSWORD: &str = "correct h\u{f6}rse";
/// `\0alice\0` and the password, in base64.
const PLAIN: &str = "AGFsaWNlAGNvcnJlY3QgaMO2cnNl";
/// `user=alice password=`, the password, and `!`, in base64.
const LONGER: &str = "dXNlcj1hbGljZSBwYXNzd29yZD1jb3JyZWN0IGjDtnJzZSE=";

/// A server with implicit TLS that offers these mechanisms.
fn offers(mechanisms: &str) -> String {
    format!("-- tls\nS: 220 ready\nC: EHLO\nS: 250-hi\nS: 250 AUTH {mechanisms}\n")
}

/// A run of the program.
struct Run {
    output: Output,
    heard: Vec<Vec<String>>,
    dir: TempDir,
}

/// Sends a message as alice to a server with this script. In the arguments, `{dir}` is a folder of this run, which has
/// the password in the file `password`.
fn send(script: &str, more: &[&str]) -> Run {
    send_to("smtps", script, more)
}

/// The same, to a URL with this scheme.
fn send_to(scheme: &str, script: &str, more: &[&str]) -> Run {
    let server = Server::start(script);
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("password"), format!("{PASSWORD}\n")).unwrap();
    let mut authority = NamedTempFile::new().unwrap();
    authority.write_all(Certificates::of_this_process().authority_pem().as_bytes()).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_smtp-forward"))
        .args(["send", "--from", "a@example.com", "--to", "b@example.net", "--auth-user", "alice"])
        .args(["--server", &format!("{scheme}://{}", server.address), "--ca-file", authority.path().to_str().unwrap()])
        .args(more.iter().map(|argument| argument.replace("{dir}", dir.path().to_str().unwrap())))
        .env("SMTP_FORWARD_PASSWORD", PASSWORD)
        .stdin({
            let message = dir.path().join("message");
            fs::write(&message, MESSAGE).unwrap();
            fs::File::open(message).unwrap()
        })
        .output()
        .unwrap();
    Run { output, heard: server.heard(), dir }
}

impl Run {
    fn status(&self) -> Option<i32> {
        self.output.status.code()
    }

    fn shown(&self) -> String {
        format!("{}{}", text(&self.output.stdout), text(&self.output.stderr))
    }

    /// The lines that begin with AUTH, on all connections.
    fn auth(&self) -> Vec<&str> {
        self.heard.iter().flatten().map(String::as_str).filter(|line| line.starts_with("AUTH")).collect()
    }

    fn check_that_no_secret_is_shown(&self) {
        let shown = self.shown();
        assert!(!shown.contains(PASSWORD) && !shown.contains(PLAIN) && !shown.contains("rse"), "{shown}");
    }
}

#[test]
fn the_password_comes_from_the_environment_a_file_or_a_command() {
    let script = format!("{}C: AUTH PLAIN {PLAIN}\nS: 235 ok\n{TAKEN}{QUIT}", offers("PLAIN"));
    for source in [
        &[][..],
        &["--auth-password-file", "{dir}/password"],
        &["--auth-password-command", "cat {dir}/password"],
        // The command must not read the message.
        &["--auth-password-command", "cat; cat {dir}/password"],
    ] {
        let run = send(&script, &[source, &["--trace", "-vvv"]].concat());
        assert_eq!(run.status(), Some(0), "{source:?}: {}", run.shown());
        assert!(run.shown().contains("authenticated with PLAIN"), "{}", run.shown());
        run.check_that_no_secret_is_shown();
    }
}

#[test]
fn a_secret_that_the_server_echoes_is_not_shown() {
    let (first, second) = LONGER.split_at(32);
    for reply in [
        format!("S: 535 5.7.8 AUTH PLAIN {PLAIN}"),
        format!("S: 535 5.7.8 {PASSWORD}"),
        format!("S: 535 5.7.8 you said '{PASSWORD}' again"),
        format!("S: 535 5.7.8 you said {LONGER}, ok?"),
        format!("S: 535-5.7.8 you said\nS: 535-5.7.8 {first}\nS: 535 5.7.8 {second}"),
    ] {
        let script = format!("{}C: AUTH PLAIN\n{reply}\n{QUIT}", offers("PLAIN"));
        for more in [&["--trace", "-vvv"][..], &["--json"]] {
            let run = send(&script, more);
            assert_eq!(run.status(), Some(77), "{}", run.shown());
            run.check_that_no_secret_is_shown();
            assert!(!run.shown().contains(first) && !run.shown().contains(second), "{}", run.shown());
            assert!(run.shown().contains("535"), "{}", run.shown());
            assert!(more[0] == "--json" || run.shown().contains("S: 535 ("), "{}", run.shown());
        }
    }
}

#[test]
fn refused_credentials_end_the_batch_and_are_tried_at_most_twice() {
    let refused = format!(
        "{}C: AUTH PLAIN\nS: 535 5.7.8 no\nC: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: \nS: 334 UGFzc3dvcmQ6\nC: \n\
         S: 535 5.7.8 no\n{QUIT}",
        offers("PLAIN LOGIN")
    );
    let run = send(&refused, &["--repeat", "9", "--connections", "3", "--json"]);
    assert_eq!(run.status(), Some(77), "{}", run.shown());
    assert_eq!(run.auth().len(), 2, "{:?}", run.heard);
    let lines: Vec<_> = text(&run.output.stdout).lines().collect();
    assert_eq!(lines.len(), 9);
    assert!(lines.iter().all(|line| line.contains("\"deferred\"") && line.contains("535 5.7.8 no")), "{lines:?}");
}

#[test]
fn the_exit_status_tells_refused_credentials_from_other_reasons() {
    for (replies, status) in [
        ("C: AUTH PLAIN\nS: 535 5.7.8 no\n", 77),
        ("C: AUTH PLAIN\nS: 454 4.7.0 later\n", 75),
        ("C: AUTH PLAIN\nS: 504 5.5.4 unknown\n", 75),
        ("C: AUTH PLAIN\n-- close\n", 75),
    ] {
        let end = if replies.contains("close") { "" } else { QUIT };
        let run = send(&format!("{}{replies}{end}", offers("PLAIN")), &[]);
        assert_eq!(run.status(), Some(status), "{replies}: {}", run.shown());
    }
}

#[test]
fn credentials_are_sent_only_to_a_verified_server() {
    let offer = "S: 220 ready\nC: EHLO\nS: 250-hi\nS: 250 AUTH PLAIN\n";
    let refused = format!("{offer}{QUIT}");
    let sent = format!("{offer}C: AUTH PLAIN\nS: 235 ok\n{TAKEN}{QUIT}");
    for (script, more, status) in [
        (&refused, &["--tls", "none"][..], 64),
        (&refused, &["--tls", "opportunistic"], 64),
        (&refused, &["--tls", "required"], 75),
        (&refused, &[], 75),
        (&sent, &["--tls", "none", "--allow-plaintext-auth"], 0),
    ] {
        let run = send_to("smtp", script, more);
        assert_eq!(run.status(), Some(status), "{more:?}: {}", run.shown());
        assert_eq!(!run.auth().is_empty(), status == 0, "{more:?}");
    }
}

#[test]
fn a_token_is_obtained_for_each_connection_and_may_be_long() {
    let token = "x".repeat(600);
    let login = "C: AUTH XOAUTH2\nS: 334 \nC: \nS: 235 ok\n";
    let one = format!("{}{login}{TAKEN}{QUIT}", offers("XOAUTH2"));
    let command = format!("echo run >> {{dir}}/runs; echo {token}");
    let run = send(
        &[&one[..], &one].join("-- connect\n"),
        &["--auth", "XOAUTH2", "--auth-password-command", &command, "--repeat", "2", "--per-connection", "1"],
    );
    assert_eq!(run.status(), Some(0), "{}", run.shown());
    assert_eq!(run.auth(), ["AUTH XOAUTH2", "AUTH XOAUTH2"]);
    assert_eq!(fs::read_to_string(run.dir.path().join("runs")).unwrap().lines().count(), 2);
}

#[test]
fn a_refused_token_is_told_from_a_valid_one_by_the_reply_after_the_error() {
    // The error is {"status":"401"}, which an empty response answers.
    let script = format!(
        "{}C: AUTH XOAUTH2 \nS: 334 eyJzdGF0dXMiOiI0MDEifQ==\nC: \nS: 535 5.7.8 expired\n{QUIT}",
        offers("XOAUTH2")
    );
    let run = send(&script, &["--auth", "xoauth2", "--auth-password-command", "echo token"]);
    assert_eq!(run.status(), Some(77), "{}", run.shown());
    assert!(run.shown().contains("535 5.7.8 expired"), "{}", run.shown());
}

#[test]
fn arguments_about_credentials_are_checked_before_anything_is_sent() {
    let nul = NamedTempFile::new().unwrap();
    fs::write(nul.path(), "pass\0word").unwrap();
    let nul = nul.path().to_str().unwrap();
    for (arguments, status, said) in [
        (&["--auth-password-file", "/no/such/file"][..], 66, "/no/such/file cannot be read"),
        (&["--auth-password-file", "/dev/null"], 64, "password"),
        (&["--auth-password-file", nul], 64, "password"),
        (&["--auth-password-command", "exit 3"], 75, "exit status: 3"),
        (&["--auth-password-command", "true"], 64, "password"),
        (&["--auth-password-command", "true", "--auth-password-file", nul], 64, "cannot be used with"),
        (&["--auth", "GSSAPI"], 64, "it is not one of SCRAM-SHA-256-PLUS"),
        (&["--auth", "PLAIN", "--auth", "XOAUTH2"], 64, "mixes"),
        (&["--auth", "EXTERNAL"], 64, "--client-cert"),
    ] {
        let run = send(&format!("{}{TAKEN}{QUIT}", offers("PLAIN")), arguments);
        assert_eq!(run.status(), Some(status), "{arguments:?}: {}", run.shown());
        assert!(run.shown().contains(said), "{arguments:?}: {}", run.shown());
        assert!(run.heard.is_empty(), "{arguments:?}");
    }
}

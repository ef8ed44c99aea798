//! `smtp-forward send --record`: recordings, which `show` draws and `play` plays.

mod program;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Output,
    thread,
};

use program::{MESSAGE, play, run, text};
use smtp_testkit::{
    player::{self, Pieces},
    server::loose::{HELLO, HELO, MESSAGE as TAKEN, QUIT, Server},
    transcript::Transcript,
};
use tempfile::TempDir;

const PASSWORD: &str = "correct h\u{f6}rse";
/// `\0alice\0` and the password, and the password alone, in base64.
const PLAIN: &str = "AGFsaWNlAGNvcnJlY3QgaMO2cnNl";
const ALONE: &str = "Y29ycmVjdCBow7Zyc2U=";
/// `user=alice password=`, the password, and `!`, in base64.
const LONGER: &str = "dXNlcj1hbGljZSBwYXNzd29yZD1jb3JyZWN0IGjDtnJzZSE=";

/// A folder with a message, a password, and recordings.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::write(folder.path("message"), MESSAGE).unwrap();
        fs::write(folder.path("password"), PASSWORD).unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Sends the message, and records that. In the arguments, `{dir}` is this folder.
    fn send(&self, server: SocketAddr, recording: &str, more: &[&str]) -> Output {
        let fixed = ["send", "--server", "{server}", "--helo-name", "client.example", "--from", "a@example.com"];
        let fixed = [&fixed[..], &["--to", "b@example.net", "--record", recording], more].concat();
        let dir = self.0.path().to_str().unwrap();
        let arguments: Vec<_> = fixed.iter().map(|argument| argument.replace("{dir}", dir)).collect();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        run(&arguments, Some(server), MESSAGE.as_bytes())
    }

    /// The recording of a delivery to a server with this script.
    fn record(&self, script: &str, status: i32, more: &[&str]) -> String {
        let server = Server::start(script);
        let output = self.send(server.address, "{dir}/recording", more);
        assert_eq!(output.status.code(), Some(status), "{}{}", text(&output.stdout), text(&output.stderr));
        let _ = server.heard();
        fs::read_to_string(self.path("recording")).unwrap()
    }
}

fn parsed(recording: &str) -> Transcript {
    Transcript::parse(recording, Path::new("")).unwrap_or_else(|error| panic!("{error}\n{recording}"))
}

/// A recording without addresses and ports, which only remarks have.
fn lasting(recording: &str) -> String {
    recording.split_inclusive('\n').filter(|line| !line.starts_with('#')).collect()
}

#[test]
fn a_recording_is_a_transcript_that_drives_the_same_delivery() {
    let folder = Folder::new();
    let chunked = "S: 220 ready\nC: EHLO\nS: 250-hi\nS: 250-PIPELINING\nS: 250-SIZE\nS: 250 CHUNKING\n";
    for (script, status, more) in [
        (format!("{HELLO}{TAKEN}{QUIT}"), 0, &[][..]),
        (format!("S: 220 ready\nC: EHLO\n-- close\n-- connect\n{HELO}{TAKEN}{QUIT}"), 0, &[]),
        (format!("S: 220 ready\nC: EHLO\n-- reset\n-- connect\n{HELO}{TAKEN}{QUIT}"), 0, &[]),
        (
            format!("S: 220 ready\nC: EHLO\nS: 250-\u{fc}\\c\n-- close\n-- connect\n{HELO}C: MAIL\nS: 550 no\n{QUIT}"),
            69,
            &[],
        ),
        (format!("{HELLO}{TAKEN}{TAKEN}{QUIT}"), 0, &["--repeat", "2"]),
        (
            format!("{HELLO}{TAKEN}{QUIT}-- connect\n{HELLO}{TAKEN}{QUIT}"),
            0,
            &["--repeat", "2", "--per-connection", "1"],
        ),
        (format!("{HELLO}C: MAIL\n-- silence\n"), 75, &["--timeout", "0.3"]),
        (format!("{HELLO}C: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 354 go\n-- content\n-- close\n"), 75, &[]),
        (
            format!(
                "{chunked}C: MAIL\nC: RCPT\nC: BDAT\nC: Subject\nC: \nC: hello\nS: 250 a\nS: 250 b\nS: 250 c\n{QUIT}"
            ),
            0,
            &[],
        ),
    ] {
        for keep in [&[][..], &["--record-content"]] {
            let recording = folder.record(&script, status, &[more, keep].concat());
            assert!(!keep.is_empty() || !recording.contains("hello\n"), "{recording}");
            player::play(&parsed(&recording), Pieces::WHOLE).unwrap_or_else(|why| panic!("{why}\n{recording}"));
        }
    }
}

#[test]
fn the_name_in_a_recording_is_the_one_that_was_sent() {
    let folder = Folder::new();
    let recording = folder.record(&format!("{HELLO}{TAKEN}{QUIT}"), 0, &[]);
    assert!(recording.contains("\nhello-name: client.example\n"), "{recording}");
    // A machine without a full name gives its address.
    let server = Server::start(&format!("{HELLO}{TAKEN}{QUIT}"));
    let path = folder.path("recording");
    let arguments = ["send", "--server", "{server}", "--from", "a@example.com", "--to", "b@example.net", "--record"];
    let arguments = [&arguments[..], &[path.to_str().unwrap()]].concat();
    assert_eq!(run(&arguments, Some(server.address), MESSAGE.as_bytes()).status.code(), Some(0));
    let name = server.heard()[0][0].strip_prefix("EHLO ").unwrap().to_owned();
    let recording = fs::read_to_string(path).unwrap();
    assert!(recording.contains(&format!("\nhello-name: {name}\n")), "{recording}");
    player::play(&parsed(&recording), Pieces::WHOLE).unwrap_or_else(|why| panic!("{why}\n{recording}"));
}

#[test]
fn content_is_recorded_only_if_it_is_asked_for() {
    let folder = Folder::new();
    let script = format!("{HELLO}{TAKEN}{QUIT}");
    let without = folder.record(&script, 0, &[]);
    assert!(!without.contains("hello\n") && !without.contains("Subject"), "{without}");
    // With CR LF.
    assert!(without.contains("-- content: 21 octets\nC: .\n"), "{without}");
    let with = folder.record(&script, 0, &["--record-content"]);
    assert!(with.contains("\nC: Subject: x\nC:\nC: hello\nC: .\n"), "{with}");
    assert_eq!(parsed(&with).messages[0].content, b"Subject: x\r\n\r\nhello\r\n");
}

#[test]
fn credentials_are_not_recorded_in_any_form() {
    let folder = Folder::new();
    let offer = |mechanism| format!("S: 220 ready\nC: EHLO\nS: 250-hi\nS: 250 AUTH {mechanism}\n");
    let plain = format!("C: AUTH PLAIN {PLAIN}\n");
    let login = "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: \nS: 334 UGFzc3dvcmQ6\nC: \n";
    for (mechanism, exchange, sent) in [("PLAIN", plain.as_str(), PLAIN), ("LOGIN", login, ALONE)] {
        for echo in [PASSWORD, ALONE, sent, LONGER] {
            let script = format!(
                "{}{exchange}S: 235-welcome {echo}\nS: 235 ok\nC: MAIL\nS: 250 {echo} ok\nC: RCPT\nS: 250 ok\nC: DATA\n\
                 S: 354 go {echo}\n-- content\nS: 250 you are {echo}\nC: QUIT\nS: 221 bye {echo}\n",
                offer(mechanism)
            );
            let credentials = ["--auth-user", "alice", "--auth-password-file", "{dir}/password"];
            let more = [&credentials[..], &["--tls", "none", "--allow-plaintext-auth", "--record-content"]].concat();
            let recording = folder.record(&script, 0, &more);
            for secret in [PASSWORD, PLAIN, ALONE, LONGER, "rse", "YWxpY2U", "VXNlcm5hbWU6", "UGFzc3dvcmQ6", "\\xb6"] {
                assert!(!recording.contains(secret), "{mechanism}, {echo}: {secret}\n{recording}");
            }
            assert!(recording.contains("-- client hides ") && recording.contains("S: 235 ok\n"), "{recording}");
            assert!(recording.contains("S: 250 \\c\n-- server hides "), "{recording}");
            player::play(&parsed(&recording), Pieces::WHOLE).unwrap_or_else(|why| panic!("{why}\n{recording}"));
            let shown = run(&["show", "-"], None, recording.as_bytes());
            assert!(text(&shown.stdout).contains("octets to authenticate, hidden"), "{}", text(&shown.stdout));
        }
    }
}

/// Plays a recording, sends to it, and returns the recording of that.
fn played(folder: &Folder, recording: &str, status: i32, more: &[&str]) -> String {
    fs::write(folder.path("first.smtp"), recording).unwrap();
    let server = play(&[folder.path("first.smtp").to_str().unwrap(), "--patience", "2"]);
    let sent = folder.send(server.address, "{dir}/second.smtp", more);
    let (verdict, printed) = server.end();
    assert_eq!(sent.status.code(), Some(status), "{}\n{recording}", text(&sent.stdout));
    assert_eq!(verdict, Some(0), "{printed}\n{recording}");
    fs::read_to_string(folder.path("second.smtp")).unwrap()
}

#[test]
fn a_delivery_to_a_played_recording_gives_the_same_recording() {
    let folder = Folder::new();
    let chunked = "S: 220 ready\nC: EHLO\nS: 250-hi\nS: 250-PIPELINING\nS: 250-SIZE\nS: 250 CHUNKING\n";
    let login = "S: 220 ready\nC: EHLO\nS: 250-hi\nS: 250 AUTH LOGIN\n\
                 C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: \nS: 334 UGFzc3dvcmQ6\nC: \nS: 235 ok\n";
    let credentials = ["--auth-user", "alice", "--auth-password-file", "{dir}/password", "--tls", "none"];
    let credentials = [&credentials[..], &["--allow-plaintext-auth"]].concat();
    for (script, status, more) in [
        (format!("S: 220 ready\nC: EHLO\n-- close\n-- connect\n{HELO}{TAKEN}{QUIT}"), 0, &[][..]),
        (format!("{HELLO}{TAKEN}{TAKEN}{QUIT}"), 0, &["--repeat", "2"]),
        (format!("{HELLO}C: MAIL\nS: 250 ok\nC: RCPT\nS: 451 later\n{QUIT}"), 75, &[]),
        (
            format!(
                "{chunked}C: MAIL\nC: RCPT\nC: BDAT\nC: Subject\nC: \nC: hello\nS: 250 a\nS: 250 b\nS: 250 c\n{QUIT}"
            ),
            0,
            &[],
        ),
    ] {
        for keep in [&[][..], &["--record-content"]] {
            let more = [more, keep].concat();
            let first = folder.record(&script, status, &more);
            assert_eq!(lasting(&played(&folder, &first, status, &more)), lasting(&first), "{script}");
        }
    }
    let first = folder.record(&format!("{login}{TAKEN}{QUIT}"), 0, &credentials);
    assert_eq!(lasting(&played(&folder, &first, 0, &credentials)), lasting(&first));
}

/// The script of a server of `play` that offers this mechanism and answers AUTH with this reply, as a recording.
fn authenticating(mechanism: &str, challenges: usize, reply: &str, rest: &str) -> String {
    let challenge = "S: 334 \\c\n-- server hides 9 octets\n-- client hides 9 octets\n".repeat(challenges);
    format!(
        "to: b@example.net\n\n-- connect\nS: 220 ready\nC: EHLO client.example\nS: 250-hi\nS: 250 AUTH {mechanism}\n\
         -- client hides 9 octets\n{challenge}S: {reply}\n{rest}C: QUIT\nS: 221 bye\n-- done\n"
    )
}

const DELIVERED: &str = "C: MAIL FROM:<a@example.com>\nS: 250 ok\nC: RCPT TO:<b@example.net>\nS: 250 ok\nC: DATA\n\
                         S: 354 go\n-- content: 21 octets\nC: .\nS: 250 ok\n";

/// Plays a recording as a server with this password, logs in, and returns the recording of that and what was printed.
fn logged_in(recording: &str, mechanism: &str, password: &str, statuses: (i32, i32)) -> (String, String) {
    let folder = Folder::new();
    fs::write(folder.path("token"), "ya29.token").unwrap();
    fs::write(folder.path("first.smtp"), recording).unwrap();
    let (first, ca) = (folder.path("first.smtp"), folder.path("ca.pem"));
    let server = play(&[first.to_str().unwrap(), "--password", password, "--write-ca", ca.to_str().unwrap()]);
    let secret = if mechanism.contains("OAUTH") { "{dir}/token" } else { "{dir}/password" };
    let login = ["--auth-user", "alice", "--auth-password-file", secret, "--auth", mechanism];
    let secured = ["--tls", "required", "--ca-file", "{dir}/ca.pem"];
    let in_clear = ["--tls", "none", "--allow-plaintext-auth"];
    let tls = if recording.contains("-- tls") { &secured[..] } else { &in_clear };
    let sent = folder.send(server.address, "{dir}/second.smtp", &[&login[..], tls].concat());
    let (verdict, printed) = server.end();
    let said = format!("{mechanism}\n{printed}\n{}{}", text(&sent.stdout), text(&sent.stderr));
    assert_eq!((sent.status.code(), verdict), (Some(statuses.0), Some(statuses.1)), "{said}\n{recording}");
    (fs::read_to_string(folder.path("second.smtp")).unwrap(), said)
}

#[test]
fn a_recording_with_any_mechanism_can_be_played() {
    let starttls = "S: 220 ready\nC: EHLO client.example\nS: 250-hi\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\n\
                    -- tls verified\nC: EHLO";
    let secured =
        authenticating("SCRAM-SHA-256-PLUS", 2, "235 ok", DELIVERED).replace("S: 220 ready\nC: EHLO", starttls);
    let taken = |mechanism, challenges| (mechanism, authenticating(mechanism, challenges, "235 ok", DELIVERED), 0);
    let refused = |mechanism, challenges| (mechanism, authenticating(mechanism, challenges, "535 no", ""), 77);
    let cases = [
        taken("SCRAM-SHA-256", 2),
        taken("SCRAM-SHA-1", 2),
        taken("CRAM-MD5", 1),
        taken("XOAUTH2", 0),
        taken("OAUTHBEARER", 0),
        ("SCRAM-SHA-256-PLUS", secured, 0),
        // The recorded client needed more challenges, or fewer.
        taken("PLAIN", 2),
        taken("LOGIN", 1),
        taken("SCRAM-SHA-256", 0),
        refused("SCRAM-SHA-256", 1),
        refused("CRAM-MD5", 1),
        refused("PLAIN", 0),
        refused("XOAUTH2", 1),
    ];
    let check = |(mechanism, recording, status): &(&str, String, i32)| {
        let (second, _) = logged_in(recording, mechanism, PASSWORD, (*status, 0));
        player::play(&parsed(&second), Pieces::WHOLE).unwrap_or_else(|why| panic!("{why}\n{second}"));
        let (third, said) = logged_in(&second, mechanism, PASSWORD, (*status, 0));
        assert_eq!(lasting(&second), lasting(&third));
        assert_eq!(said.contains("535 no"), *status == 77, "{said}");
    };
    thread::scope(|scope| cases.iter().for_each(|case| drop(scope.spawn(move || check(case)))));
}

#[test]
fn a_played_recording_proves_its_password_with_scram() {
    let recording = authenticating("SCRAM-SHA-256", 2, "235 ok", DELIVERED);
    let (_, said) = logged_in(&recording, "SCRAM-SHA-256", "another", (75, 1));
    assert!(said.contains("invalid-proof"), "{said}");
}

#[test]
fn a_recording_that_cannot_be_written_does_not_matter_to_the_message() {
    let folder = Folder::new();
    let full = Path::new("/dev/full").exists().then_some("/dev/full");
    for path in ["{dir}", "{dir}/no/such/folder"].into_iter().chain(full) {
        let server = Server::start(&format!("{HELLO}{TAKEN}{QUIT}"));
        let output = folder.send(server.address, path, &[]);
        assert_eq!(output.status.code(), Some(0), "{path}");
        assert!(text(&output.stdout).contains("delivered"), "{path}");
        let errors = text(&output.stderr);
        assert!(errors.contains("note: the recording cannot be written to") && errors.lines().count() == 1, "{errors}");
        assert_eq!(server.heard()[0].last().unwrap(), "QUIT", "{path}");
    }
}

#[test]
fn a_recording_is_of_one_connection_at_a_time() {
    let folder = Folder::new();
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    for (more, said) in [
        (&["--connections", "2"][..], "--record works only with a single connection"),
        (&["--record-content", "--record"], "a value is required"),
    ] {
        let output = folder.send(nowhere, "{dir}/recording", more);
        assert_eq!(output.status.code(), Some(64), "{more:?}");
        assert!(text(&output.stderr).contains(said), "{}", text(&output.stderr));
        assert!(!folder.path("recording").exists());
    }
    for stream in ["-", "/dev/stdout", "/dev/stderr"] {
        let output = folder.send(nowhere, stream, &[]);
        assert_eq!(output.status.code(), Some(64), "{stream}");
        assert!(text(&output.stderr).contains("name a separate file"), "{}", text(&output.stderr));
    }
    let alone =
        ["send", "--server", "{server}", "--from", "a@example.com", "--to", "b@example.net", "--record-content"];
    assert_eq!(run(&alone, Some(nowhere), MESSAGE.as_bytes()).status.code(), Some(64));
}

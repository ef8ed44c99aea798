//! `smtp-forward show`: transcripts as diagrams.

mod program;

use std::{env, fs, path::Path};

use insta::{Settings, assert_snapshot};
use program::{run, text};

fn transcript(name: &str) -> String {
    format!("{}/../../testdata/transcripts/{name}.smtp", env!("CARGO_MANIFEST_DIR"))
}

/// Draws a transcript of testdata with characters.
fn shown(name: &str) -> String {
    let output = run(&["show", &transcript(name)], None, b"");
    assert_eq!(output.status.code(), Some(0), "{name}: {}", text(&output.stderr));
    text(&output.stdout).to_owned()
}

/// Draws a transcript from standard input.
fn drawn(source: &[u8], arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = run(&[&["show", "-"], arguments].concat(), None, source);
    (output.status.code(), text(&output.stdout).to_owned(), text(&output.stderr).to_owned())
}

#[test]
fn a_transcript_is_drawn_as_a_sequence_diagram() {
    let mut settings = Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (behaviour, name) in [
            ("a_hang_up_is_followed_by_helo", "ehlo-closed"),
            ("tls_is_a_note", "tls-opportunistic"),
            ("a_failed_handshake_ends_the_connection", "tls-opportunistic-handshake-fails"),
            ("responses_are_drawn_as_they_are", "auth-scram-sha-256"),
            ("each_chunk_is_one_arrow", "bdat-several-chunks"),
            ("lmtp_has_a_reply_for_each_recipient", "lmtp-mixed-replies"),
            ("messages_share_a_kept_connection", "kept-second-message"),
            ("silence_is_as_long_as_the_timeout", "wait-mail"),
            ("a_connection_may_fail", "connect-fails"),
            ("a_line_may_lack_its_end", "ehlo-reset-inside-a-line"),
            ("a_cancelled_delivery_says_why", "cancel-connecting"),
        ] {
            assert_snapshot!(behaviour, shown(name));
        }
    });
}

#[test]
fn what_a_recording_leaves_out_is_named_with_its_size() {
    let source = b"-- connect\nS: 220 hi\nC: EHLO x\nS: 250 AUTH LOGIN\n-- client hides 12 octets\nS: 334 \\c\n\
        -- server hides 14 octets\n-- client hides 30 octets\nS: 235 \\c\n-- server hides 40 octets\n\
        C: MAIL FROM:<>\nS: 250 ok\nC: RCPT TO:<b@example.net>\nS: 250 ok\nC: DATA\nS: 354 go\n\
        -- content: 812 octets\nC: .\nS: 250 taken\nC: QUIT\nS: 221 bye\n-- done\n";
    let (status, shown, _) = drawn(source, &[]);
    assert_eq!(status, Some(0));
    let mut settings = Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| assert_snapshot!("hidden_octets_are_counted", shown));
}

#[test]
fn long_and_odd_lines_stay_in_the_width_of_a_terminal() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/transcripts");
    let mut drawn = 0;
    for file in fs::read_dir(directory).unwrap() {
        let name = file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
        if ["endless", "odd", "not-smtp", "long", "orcpt", "smtputf8"].iter().any(|part| name.starts_with(part)) {
            let shown = shown(&name);
            let widest = shown.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(80), "{name}: {widest:?}\n{shown}");
            assert!(!shown.contains(|character: char| character.is_control() && character != '\n'), "{name}");
            drawn += 1;
        }
    }
    assert!(drawn > 10, "{drawn}");
}

/// The picture of the README. `INSTA_UPDATE=always` draws it again.
#[test]
fn the_picture_of_the_original_case_is_what_show_draws() {
    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/ehlo-closed.svg");
    let output = run(&["show", &transcript("ehlo-closed"), "--svg", "-"], None, b"");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    if env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(&picture, &output.stdout).unwrap();
    }
    assert_eq!(fs::read_to_string(&picture).unwrap(), text(&output.stdout));
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md")).unwrap();
    assert!(readme.contains("(testdata/ehlo-closed.svg)"));
}

#[test]
fn text_of_the_server_cannot_become_a_part_of_the_picture() {
    let source =
        b"# <script> & \"more\"\n-- connect\nS: 220 </text><script>&\\x1b[31m\\0\xe2\x80\xae\n-- close\n-- done\n";
    let (status, picture, _) = drawn(source, &["--svg", "-"]);
    assert_eq!(status, Some(0));
    assert!(!picture.contains("<script") && picture.contains("&lt;script&gt;"), "{picture}");
    assert!(picture.contains("&quot;more&quot;"), "{picture}");
    assert!(!picture.contains(|character: char| character.is_control() && character != '\n'), "{picture}");
    assert!(!picture.contains('\u{202e}'), "{picture}");
    assert_eq!(picture.matches("<text").count(), picture.matches("</text>").count());
}

#[test]
fn a_picture_is_written_to_its_file_and_replaces_an_older_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.svg");
    for name in ["lmtp-mixed-replies", "ehlo-closed"] {
        let output = run(&["show", &transcript(name), "--svg", path.to_str().unwrap()], None, b"");
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), ""), "{}", text(&output.stderr));
        let picture = fs::read_to_string(&path).unwrap();
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"), "{picture}");
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    let output = run(&["show", &transcript("ehlo-closed"), "--svg", "/no/such/folder/out.svg"], None, b"");
    assert_eq!(output.status.code(), Some(73));
    assert!(text(&output.stderr).contains("/no/such/folder/out.svg cannot be written"), "{}", text(&output.stderr));
}

#[test]
fn what_is_not_a_whole_transcript_is_an_error_in_one_line() {
    for (source, status, said) in [
        (&b"Subject: x\n\nhello\n"[..], 65, "- is not a transcript: line 1: unknown setting Subject"),
        (b"", 65, "line 1: no `-- connect` line was found"),
        (b"-- connect\nS: 220 hi\nC: EHLO x\n", 65, "line 3: the last line must be `-- done` or `-- kept`"),
        (b"-- connect\nS: 220 hi\nC: EH", 65, "so the end is missing"),
        (b"-- connect\n-- server hides many octets\n-- done\n", 65, "line 2: unknown mark"),
        (b"\xff\xfe", 65, "it is not text in UTF-8"),
        (b"-- connect\nS: \x1b[31m\\q\n-- done\n", 65, "line 2"),
    ] {
        let (code, shown, errors) = drawn(source, &[]);
        assert_eq!((code, shown.as_str()), (Some(status), ""), "{errors}");
        assert!(errors.contains(said) && errors.lines().count() == 1 && !errors.contains('\x1b'), "{errors}");
    }
    for path in ["/no/such/file.smtp", env!("CARGO_MANIFEST_DIR")] {
        let output = run(&["show", path], None, b"");
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(66), "{errors}");
        assert!(errors.contains("cannot be read") && errors.lines().count() == 1, "{errors}");
    }
    for arguments in [&["show"][..], &["show", "a", "b"], &["show", "a", "--svg"], &["show", "a", "--png", "b"]] {
        assert_eq!(run(arguments, None, b"").status.code(), Some(64), "{arguments:?}");
    }
}

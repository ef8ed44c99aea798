//! Arguments that are rejected, and what the program says about them.

mod program;

use std::{
    fs,
    process::{Command, Output},
};

use program::{run, text};

/// Runs the program, which must reject its arguments. Returns what it says.
fn rejected(arguments: &[&str]) -> String {
    let output = run(arguments, None, b"");
    assert_eq!(output.status.code(), Some(64), "{arguments:?}: {}", text(&output.stderr));
    assert!(output.stdout.is_empty(), "{arguments:?}");
    text(&output.stderr).to_owned()
}

#[test]
fn an_invalid_server_is_a_usage_error_that_says_what_is_expected() {
    let expected = "expected HOST, HOST:PORT, [ADDRESS]:PORT or unix:PATH";
    for (server, said) in [
        ("", "the host is missing"),
        (":25", "the host is missing"),
        ("a,b", "the host must not contain ','"),
        ("a b", "the host must not contain ' '"),
        ("127.0.0.1/mail", "the host must not contain '/'"),
        ("run/lmtp", "the host must not contain '/'"),
        ("a\u{7}b", "the host must not contain '\\u{7}'"),
        ("a\u{202e}b", "the host is not ASCII"),
        ("b\u{fc}cher.example", "xn-- form"),
        ("127.0.0.1:25:25", "the host is not an IPv6 address"),
        ("127.0.0.1:0", "the port is not a number from 1 to 65535"),
        ("127.0.0.1:65536", "the port is not a number from 1 to 65535"),
        ("127.0.0.256", "looks like an IPv4 address"),
        ("1.2.3", "looks like an IPv4 address"),
    ] {
        for command in [&["probe"][..], &["send", "--from", "", "--to", "b@example.net"]] {
            let shown = rejected(&[command, &["--server", server]].concat());
            assert!(shown.contains(said) && shown.contains(expected), "{server:?}: {shown}");
        }
    }
}

#[test]
fn a_server_that_can_be_read_in_two_ways_is_shown_in_both() {
    for (server, readings) in
        [("::1:2525", "[::1:2525] or [::1]:2525"), ("2001:db8::25", "[2001:db8::25] or [2001:db8::]:25")]
    {
        let shown = rejected(&["probe", "--server", server]);
        assert!(shown.contains(readings), "{shown}");
    }
}

#[test]
fn an_invalid_address_is_a_usage_error_that_says_what_to_do() {
    for (address, advice) in [
        ("Bob <b@example.net>", "give only the address: b@example.net"),
        ("a@example.net,b@example.net", "repeat --to for each recipient"),
        ("an..na@example.net", "quote the local part: \"an..na\"@example.net"),
        ("an na@example.net", "quote the local part: \"an na\"@example.net"),
        ("anna", "expected LOCAL-PART@DOMAIN, or postmaster alone"),
        ("@example.net", "it has nothing before the @"),
        ("anna@example.net\u{61c}", "it has the invisible character U+061C"),
        ("\"u> NOTIFY=NEVER\"@example.net", "it has an angle bracket"),
    ] {
        let shown = rejected(&["send", "--server", "127.0.0.1:1", "--from", "", "--to", address]);
        assert!(shown.contains(advice), "{address:?}: {shown}");
    }
}

/// Whether `shown` is what the program alone writes: lines and colours, and no line that begins with "forged".
fn is_plain(shown: &str) -> bool {
    let mut parts = shown.split('\u{1b}');
    let first = parts.next().unwrap_or_default();
    // An escape sequence for a colour, without the escape character.
    let after_colour = |part: &str| {
        let (codes, rest) = part.strip_prefix('[')?.split_once('m')?;
        codes.bytes().all(|octet| octet.is_ascii_digit() || octet == b';').then(|| rest.to_owned())
    };
    let Some(rest) = parts.map(after_colour).collect::<Option<String>>() else { return false };
    let text = first.to_owned() + &rest;
    let is_shown_as_it_is =
        |c: char| c == '\n' || !(c.is_control() || matches!(c, '\u{202e}' | '\u{feff}' | '\u{e0041}'));
    text.chars().all(is_shown_as_it_is) && !text.lines().any(|line| line.starts_with("forged"))
}

fn with_colours(arguments: &[&str], forced: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_smtp-forward")).args(arguments).env("CLICOLOR_FORCE", forced).output().unwrap()
}

#[test]
fn arguments_are_escaped_wherever_they_are_shown() {
    const VALUE: &str = "x\nforged: line\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}2J\r\u{202e}\u{feff}\u{e0041}\u{85}";
    let option = format!("--{VALUE}");
    let to_option = format!("--to{VALUE}");
    let with_value = format!("--lmtp={VALUE}");
    let send = ["send", "--server", "127.0.0.1:1", "--from", "", "--to", "b@example.net"];
    for more in [
        &["--from", VALUE][..],
        &["--to", VALUE],
        &["--server", VALUE],
        &["--helo-name", VALUE],
        &["--timeout", VALUE],
        &["--helo-retry", VALUE],
        &["--8bit", VALUE],
        &["--max-recipients", VALUE],
        &["--limits", VALUE],
        &["--tls", VALUE],
        &["--connections", VALUE],
        &["--repeat", VALUE],
        &["--spool-limit", VALUE],
        &["--maildir", VALUE],
        &[&option],
        &[&to_option],
        &[&with_value],
        &["--", VALUE],
        &[VALUE],
        &["help", VALUE],
        &["demo", VALUE],
        &["demo", "--fault", VALUE],
        &["play", VALUE],
        &["play", "--listen", VALUE],
        &["play", "a", VALUE],
        &["probe", "--server", "127.0.0.1:1", VALUE],
    ] {
        let is_for_send = more[0].starts_with('-') || more == [VALUE];
        let arguments = if is_for_send { [&send[..], more].concat() } else { more.to_vec() };
        for colours in ["0", "1"] {
            let output = with_colours(&arguments, colours);
            assert!(matches!(output.status.code(), Some(64 | 66)), "{arguments:?}");
            let shown = text(&output.stderr);
            assert!(!shown.is_empty() && is_plain(shown), "{arguments:?}: {shown:?}");
        }
    }
}

#[test]
fn a_scenario_file_is_escaped_wherever_it_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    for (name, source, code) in [
        ("a\u{1b}[2J\nforged", "# about \u{1b}[2J\u{202e}\n-- connect\nS: 220 hi\n-- done\n", 1),
        ("a\u{1b}[2J\nforged", "\u{1b}[2J: \u{202e}\n", 64),
        ("a", "-- \u{1b}]0;title\u{7}\n", 64),
    ] {
        let path = dir.path().join(name);
        fs::write(&path, source).unwrap();
        let output = with_colours(&["play", path.to_str().unwrap(), "--patience", "0.05"], "0");
        assert_eq!(output.status.code(), Some(code), "{source:?}");
        let shown = text(&output.stderr);
        assert!(!shown.is_empty() && is_plain(shown), "{source:?}: {shown:?}");
    }
}

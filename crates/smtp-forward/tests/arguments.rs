//! Arguments that are rejected, and what the program says about them.

mod program;

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
    let expected = "expected HOST, HOST:PORT or [ADDRESS]:PORT";
    for (server, said) in [
        ("", "the host is missing"),
        (":25", "the host is missing"),
        ("a,b", "the host must not contain ','"),
        ("a b", "the host must not contain ' '"),
        ("127.0.0.1/mail", "the host must not contain '/'"),
        ("/run/lmtp", "the host must not contain '/'"),
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

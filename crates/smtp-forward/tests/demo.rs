//! `smtp-forward demo` with each of its faults.

mod program;

use program::{run, text};

#[test]
fn every_fault_is_shown_and_survived() {
    for (fault, shown, why) in [
        ("closed", "** the server closed the connection **", "closed the connection on EHLO, without a reply"),
        ("reset", "** the server reset the connection **", "reset the connection on EHLO, without a reply"),
        ("mid-reply", "250-SI (no line end)", "closed the connection in the middle of the reply to EHLO"),
        ("after-reply", "250 SIZE", "closed the connection after EHLO was answered"),
        ("refused", "S: 500", "closed the connection after EHLO was refused"),
    ] {
        let output = run(&["demo", "--fault", fault], None, b"");
        let shown_all = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{shown_all}");
        for part in [shown, why, "opened for HELO", "│ C: HELO", "delivered: 250", "arrived octet for octet"] {
            assert!(shown_all.contains(part), "{fault}: {part} is not in\n{shown_all}");
        }
        assert!(!shown_all.contains('\x1b'), "{fault}");
    }
}

#[test]
fn faults_of_tls_are_shown_and_survived() {
    for (fault, status, parts) in [
        (
            "starttls",
            0,
            &["C: STARTTLS", "a new connection was opened without TLS.", "In clear", "arrived octet for octet"][..],
        ),
        (
            "in-tls",
            0,
            &["secured with TLSv1.3", "│ C: HELO", "Over TLSv1.3, to a verified server", "arrived octet for octet"],
        ),
        ("injected", 75, &["sent octets in clear at the TLS handshake", "did not receive the message"]),
    ] {
        let output = run(&["demo", "--fault", fault], None, b"");
        let shown = text(&output.stdout);
        assert_eq!(output.status.code(), Some(status), "{shown}");
        for part in parts {
            assert!(shown.contains(part), "{fault}: {part} is not in\n{shown}");
        }
    }
}

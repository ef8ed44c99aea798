//! `smtp-forward demo` with each of its faults.

mod program;

use program::{run, text};

#[test]
fn every_fault_is_shown_and_survived() {
    for (fault, shown) in [
        ("closed", "** the server closed the connection **"),
        ("reset", "** the server reset the connection **"),
        ("mid-reply", "250-SI (no line end)"),
        ("after-reply", "250-PIPELINING"),
        ("refused", "S: 500"),
    ] {
        let output = run(&["demo", "--fault", fault], None, b"");
        let shown_all = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{shown_all}");
        for part in [shown, "│ C: HELO", "delivered: 250", "arrived octet for octet", "did not stay for EHLO"] {
            assert!(shown_all.contains(part), "{fault}: {part} is not in\n{shown_all}");
        }
        assert!(!shown_all.contains('\x1b'), "{fault}");
    }
}

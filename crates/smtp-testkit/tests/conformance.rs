//! The kit passes a correct driver, and catches each of five faulty ones.

mod generic;

use std::time::Duration;

use generic::{Fault, Generic, tcp::OverSockets};
use smtp_proto::MisuseError;
use smtp_testkit::{
    Machine,
    conformance::{Content, Failures, Kit, Network},
};

/// Checks the generic driver with this fault in memory.
fn in_memory(fault: Option<Fault>) -> Result<usize, Failures> {
    Kit::new().check_in_memory(
        move |machine: &mut dyn Machine,
              network: &mut dyn Network,
              content: &mut dyn Content|
              -> Result<(), MisuseError> {
            // Each call starts without a last address: a kept connection does not need one.
            Generic { machine, network, content, fault, last: &mut None }.run()
        },
    )
}

#[test]
fn a_generic_driver_without_a_fault_passes_in_memory() {
    let plays = in_memory(None).unwrap_or_else(|failures| panic!("{failures}"));
    println!("{plays} plays in memory");
    assert!(plays > 1000, "{plays}");
}

#[test]
fn each_of_five_faults_is_caught_in_memory() {
    for (fault, transcript, what) in [
        (Fault::ReportsTooMuchAsSent, "rfc5321-d1-typical", "the driver waits instead of sending"),
        (Fault::ReportsAFailedWriteBeforeReading, "early-refusal-552", "the report is"),
        (Fault::LooksAtTheClockBeforeReading, "rfc5321-d1-typical", "the driver"),
        (Fault::ConnectsToTheWrongPlace, "ehlo-closed", "the driver connects to 192.0.2.2:25"),
        (Fault::DoesNotReportAClose, "ehlo-closed", "the delivery is done, but the transcript continues"),
    ] {
        let failures = in_memory(Some(fault)).expect_err("the fault is caught").0;
        let found = failures.iter().find(|failure| failure.transcript == transcript);
        let found = found.unwrap_or_else(|| panic!("{fault:?} is not caught by {transcript}"));
        assert!(found.to_string().contains(what), "{fault:?}: {found}");
        assert!(found.mismatch.line > 0, "{found}");
    }
}

#[test]
fn a_driver_without_a_fault_passes_over_sockets() {
    let passed = Kit::new().check(|| OverSockets::new(None)).unwrap_or_else(|failures| panic!("{failures}"));
    println!("{passed}");
}

#[test]
fn faults_that_show_on_the_wire_are_caught_over_sockets() {
    for (fault, transcript, what) in [
        (Fault::ReportsTooMuchAsSent, "content to a server that reads late", "of the content is missing"),
        (
            Fault::ReportsAFailedWriteBeforeReading,
            "refusal and reset by a server that does not read",
            "writing failed at the content",
        ),
        (Fault::ConnectsToTheWrongPlace, "ehlo-closed", "the client connects to"),
        (Fault::DoesNotReportAClose, "ehlo-closed", "expected the client to open a connection"),
    ] {
        if fault == Fault::ReportsAFailedWriteBeforeReading && !cfg!(target_os = "linux") {
            continue;
        }
        let kit = Kit::new().only(|name| name == "ehlo-closed").with_patience(Duration::from_secs(3));
        let failures = kit.check(move || OverSockets::new(Some(fault))).expect_err("the fault is caught").0;
        let found = failures.iter().find(|failure| failure.transcript == transcript);
        let found = found.unwrap_or_else(|| panic!("{fault:?} is not caught by {transcript}"));
        assert!(found.to_string().contains(what), "{fault:?}: {found}");
    }
}

//! Why many messages were not delivered: each reason is shown once, and counted.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt::{self, Write},
};

use smtp_proto::{Escaped, Report, Status};

use super::Which;

/// How many reasons to remember.
const MOST: usize = 100;
/// How much of each, in octets at most.
const LONGEST: usize = 1000;

/// The reasons shown so far, with the number of recipients that have the same one.
#[derive(Debug, Default)]
pub(crate) struct Reasons {
    repeated: BTreeMap<(Status, String), usize>,
}

impl Reasons {
    /// The recipients that a message was not delivered to, one per line, without those whose reason was shown before.
    pub(crate) fn lines(&mut self, which: Which<'_>, report: Report<'_>) -> String {
        let mut lines = String::new();
        for recipient in report.recipients().filter(|recipient| recipient.status != Status::Delivered) {
            let reason = recipient.reason().to_string();
            if !self.was_shown(recipient.status, &reason) {
                let path = Escaped(recipient.path.as_str().as_bytes());
                // A string takes everything.
                let _ = writeln!(lines, "{which}: <{path}> {}: {reason}", recipient.status);
            }
        }
        lines
    }

    /// Whether this reason was shown before; it then counts once more.
    fn was_shown(&mut self, status: Status, reason: &str) -> bool {
        let start = (0..=LONGEST.min(reason.len())).rev().find_map(|end| reason.get(..end));
        let has_room = self.repeated.len() < MOST;
        match self.repeated.entry((status, start.unwrap_or_default().to_owned())) {
            Entry::Occupied(mut count) => {
                *count.get_mut() += 1;
                true
            }
            Entry::Vacant(new) => {
                if has_room {
                    new.insert(0);
                }
                false
            }
        }
    }
}

/// How often each reason came again.
impl fmt::Display for Reasons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((status, reason), count) in self.repeated.iter().filter(|(_, count)| **count > 0) {
            let plural = if *count == 1 { "" } else { "s" };
            writeln!(f, "{count} more recipient{plural} {status}: {reason}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_shown_once_for_each_status_and_then_counted() {
        let mut reasons = Reasons::default();
        let long = "ä".repeat(LONGEST);
        for (status, reason, was_shown) in [
            (Status::Deferred, "421 busy", false),
            (Status::Deferred, "421 busy", true),
            (Status::Failed, "421 busy", false),
            (Status::Deferred, "421 busy", true),
            (Status::Deferred, &long, false),
            (Status::Deferred, &format!("{long} and more"), true),
        ] {
            assert_eq!(reasons.was_shown(status, reason), was_shown, "{status}: {reason}");
        }
        let expected =
            format!("2 more recipients deferred: 421 busy\n1 more recipient deferred: {}\n", &long[..LONGEST]);
        assert_eq!(reasons.to_string(), expected);
    }

    #[test]
    fn only_so_many_reasons_are_remembered() {
        let mut reasons = Reasons::default();
        for number in 0..MOST {
            assert!(!reasons.was_shown(Status::Deferred, &number.to_string()));
        }
        assert!(!reasons.was_shown(Status::Deferred, "one more"));
        assert!(!reasons.was_shown(Status::Deferred, "one more"));
        assert!(reasons.was_shown(Status::Deferred, "0"));
    }
}

//! A report that outlives its delivery.

use alloc::{string::String, vec::Vec};
use core::fmt;

use super::Report;
use crate::{envelope::Envelope, ledger::Ledger};

/// A report that outlives its delivery.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct OwnedReport {
    envelope: Envelope,
    ledger: Ledger,
    servers: Vec<Option<String>>,
}

impl OwnedReport {
    pub(super) fn new(report: Report<'_>) -> Self {
        Self { envelope: report.envelope.clone(), ledger: report.ledger.clone(), servers: report.servers.to_vec() }
    }

    /// The report.
    pub fn as_report(&self) -> Report<'_> {
        Report { envelope: &self.envelope, ledger: &self.ledger, servers: &self.servers }
    }
}

impl fmt::Display for OwnedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_report().fmt(f)
    }
}

impl fmt::Debug for OwnedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_report().fmt(f)
    }
}

//! A report that outlives its delivery.

use alloc::{string::String, vec::Vec};
use core::fmt;

use crate::{envelope::Envelope, ledger::Ledger};

/// A report that outlives its delivery.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct OwnedReport {
    pub(super) envelope: Envelope,
    pub(super) ledger: Ledger,
    pub(super) servers: Vec<Option<String>>,
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

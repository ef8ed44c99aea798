//! What was used of the limits of a connection.

use alloc::{string::String, vec::Vec};

/// What was used of the limits of the current connection, by all messages on it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Used {
    /// How many transactions were begun.
    pub(super) transactions: u32,
    /// The domains of recipients, in order and in lowercase; empty if the server does not limit them.
    pub(super) domains: Vec<String>,
}

impl Used {
    /// For a new connection.
    pub(super) fn clear(&mut self) {
        self.transactions = 0;
        self.domains.clear();
    }
}

//! What was used of the limits of a connection.

use alloc::boxed::Box;

use crate::choice::Domains;

/// What was used of the limits of the current connection, by all messages on it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Used {
    /// How many transactions were begun.
    pub(super) transactions: u32,
    /// The domains of recipients; `None` if the server does not limit them.
    pub(super) domains: Option<Box<Domains>>,
}

impl Used {
    /// For a new connection.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

//! A recipient with the parameters of its RCPT.

use crate::{
    address::ForwardPath,
    parameters::{Notify, OriginalRecipient, Parameter, RcptParameters},
};

/// A recipient, and what is asked for it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Recipient {
    pub(crate) path: ForwardPath,
    pub(crate) parameters: RcptParameters,
}

impl Recipient {
    /// A recipient without parameters.
    pub const fn new(path: ForwardPath) -> Self {
        Self { path, parameters: RcptParameters::new() }
    }

    /// The same, with when to notify the sender (RFC 3461 section 4.1). If the server does not offer DSN, the recipient
    /// gets the message without that, which the report says. But [`Notify::NEVER`] is never dropped: such a recipient
    /// fails.
    #[must_use]
    pub fn with_notify(mut self, notify: Notify) -> Self {
        self.parameters = self.parameters.with_notify(Some(notify));
        self
    }

    /// The same, with the recipient that the sender named (RFC 3461 section 4.2).
    #[must_use]
    pub fn with_original_recipient(mut self, original: OriginalRecipient) -> Self {
        self.parameters = self.parameters.with_original_recipient(original);
        self
    }

    /// The same, with one more parameter. The recipient fails if the server does not offer its extension.
    #[must_use]
    pub fn with_parameter(mut self, parameter: Parameter) -> Self {
        self.parameters = self.parameters.with_parameter(parameter);
        self
    }

    /// The address.
    pub const fn path(&self) -> &ForwardPath {
        &self.path
    }

    /// The parameters of its RCPT.
    pub const fn parameters(&self) -> &RcptParameters {
        &self.parameters
    }
}

/// A recipient without parameters.
impl From<ForwardPath> for Recipient {
    fn from(path: ForwardPath) -> Self {
        Self::new(path)
    }
}

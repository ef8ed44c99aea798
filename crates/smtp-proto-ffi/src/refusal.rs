//! Why a call was refused.

use std::fmt;

use smtp_proto::{AddressError, EnvelopeError, MisuseError, ParameterError};

use crate::status::smtp_status;

/// Why a call was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    /// The state machine does not allow the call now.
    Misuse(MisuseError),
    /// A pointer is NULL, or a length is too large.
    Pointer,
    /// A text is not UTF-8.
    Text,
    /// An enum, an option or a number has no such value.
    Value,
    /// A name or an address is not valid.
    Address(AddressError),
    /// A parameter is not valid.
    Parameter(ParameterError),
    /// The parts of the envelope do not fit together.
    Envelope(EnvelopeError),
    /// There is no item with this index.
    Index,
}

impl Refusal {
    pub(crate) const fn status(self) -> smtp_status {
        match self {
            Self::Misuse(_) => smtp_status::SMTP_MISUSE,
            Self::Index => smtp_status::SMTP_NO_SUCH_ITEM,
            Self::Pointer | Self::Text | Self::Value | Self::Address(_) | Self::Parameter(_) | Self::Envelope(_) => {
                smtp_status::SMTP_INVALID_ARGUMENT
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misuse(error) => error.fmt(f),
            Self::Pointer => f.write_str("a pointer is NULL or a length is too large"),
            Self::Text => f.write_str("a text is not UTF-8"),
            Self::Value => f.write_str("there is no such option or value"),
            Self::Address(error) => error.fmt(f),
            Self::Parameter(error) => error.fmt(f),
            Self::Envelope(error) => error.fmt(f),
            Self::Index => f.write_str("there is no item with this index"),
        }
    }
}

impl From<MisuseError> for Refusal {
    fn from(error: MisuseError) -> Self {
        Self::Misuse(error)
    }
}

impl From<AddressError> for Refusal {
    fn from(error: AddressError) -> Self {
        Self::Address(error)
    }
}

impl From<ParameterError> for Refusal {
    fn from(error: ParameterError) -> Self {
        Self::Parameter(error)
    }
}

impl From<EnvelopeError> for Refusal {
    fn from(error: EnvelopeError) -> Self {
        Self::Envelope(error)
    }
}

//! Why content cannot be sent.

use core::fmt;

/// Why content cannot be sent as it is. Positions are in octets of the message, from zero.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ContentError {
    /// There is a LF without a CR before it at this position, and [`LineEndings::Strict`](crate::LineEndings::Strict)
    /// forbids that.
    BareLf(u64),
    /// There is a CR without a LF after it at this position, and [`LineEndings::Strict`](crate::LineEndings::Strict)
    /// forbids that.
    BareCr(u64),
    /// There is an octet above 127 or a NUL at this position, and the content was declared 7-bit.
    EightBit(u64),
    /// The content is longer than its exact size, in octets as [`Size`](crate::Size) counts them.
    TooLong {
        /// The size that was given as exact.
        size: u64,
    },
    /// The content is shorter than its exact size, in octets as [`Size`](crate::Size) counts them.
    TooShort {
        /// The size that was given as exact.
        size: u64,
        /// The actual size.
        found: u64,
    },
}

impl fmt::Display for ContentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BareLf(at) => write!(f, "the content has a bare LF at octet {at}"),
            Self::BareCr(at) => write!(f, "the content has a bare CR at octet {at}"),
            Self::EightBit(at) => {
                write!(f, "the content was declared 7-bit but has an 8-bit octet or NUL at octet {at}")
            }
            Self::TooLong { size } => write!(f, "the content is longer than its announced size of {size} octets"),
            Self::TooShort { size, found } => {
                write!(f, "the content ended after {found} of {size} announced octets")
            }
        }
    }
}

impl core::error::Error for ContentError {}

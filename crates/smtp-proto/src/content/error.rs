//! Why content cannot be sent.

use core::fmt;

/// Why content cannot be sent as it is. Octets are counted from zero.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ContentError {
    /// A LF without a CR before it, where policy forbids it. At this octet of the message.
    BareLf(u64),
    /// A CR without a LF after it, where policy forbids it. At this octet of the message.
    BareCr(u64),
    /// An octet above 127, or NUL, in content that was declared 7-bit. At this octet of the message.
    EightBit(u64),
    /// The content is longer than its exact size, in octets as [`Size`](crate::Size) counts them.
    TooLong {
        /// The size that was given as exact.
        size: u64,
    },
    /// The content has ended short of its exact size, in octets as [`Size`](crate::Size) counts them.
    TooShort {
        /// The size that was given as exact.
        size: u64,
        /// The size that it has.
        found: u64,
    },
}

impl fmt::Display for ContentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BareLf(at) => write!(f, "the content has a bare LF at octet {at}"),
            Self::BareCr(at) => write!(f, "the content has a bare CR at octet {at}"),
            Self::EightBit(at) => write!(f, "the content was declared 7-bit, and has another octet at {at}"),
            Self::TooLong { size } => write!(f, "the content is longer than its announced size of {size} octets"),
            Self::TooShort { size, found } => {
                write!(f, "the content ended after {found} of {size} announced octets")
            }
        }
    }
}

impl core::error::Error for ContentError {}

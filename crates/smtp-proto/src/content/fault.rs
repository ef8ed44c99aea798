//! Why content cannot be sent.

use core::fmt;

/// Why a message cannot be sent as it is. Offsets are in octets of the message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ContentFault {
    /// A LF without a CR before it, where policy is strict.
    BareLf(u64),
    /// A CR without a LF behind it, where policy is strict.
    StrayCr(u64),
    /// An octet above 127, or NUL, in content that was declared 7-bit.
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

impl fmt::Display for ContentFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BareLf(at) => write!(f, "the content has a bare LF at octet {at}"),
            Self::StrayCr(at) => write!(f, "the content has a CR without a LF at octet {at}"),
            Self::EightBit(at) => write!(f, "the content was declared 7-bit and is not at octet {at}"),
            Self::TooLong { size } => write!(f, "the content is longer than the {size} octets it was to have"),
            Self::TooShort { size, found } => {
                write!(f, "the content ended after {found} of the {size} octets it was to have")
            }
        }
    }
}

impl core::error::Error for ContentFault {}

//! What is delivered: sender, recipients, and what the message needs of a server.

use alloc::vec::Vec;
use core::fmt;

use crate::{
    address::{ForwardPath, ReversePath},
    capabilities::Capabilities,
};

/// A message's envelope: one sender, at least one recipient, and what is known of the content.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Envelope {
    reverse_path: ReversePath,
    forward_paths: Vec<ForwardPath>,
    body: Body,
    size: Option<Size>,
    needs: Needs,
}

/// How large the content is: in octets as they go over the wire, each line end counted as two, without
/// doubled dots and the final dot (RFC 1870 section 6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "a size is enforced or it is not")]
pub enum Size {
    /// So many octets. Content that turns out to have more or fewer is not sent to its end.
    Exact(u64),
    /// About so many (RFC 1870 section 5). Declared, and not enforced.
    Estimate(u64),
}

impl Size {
    /// The number of octets, exact or not.
    pub const fn octets(self) -> u64 {
        match self {
            Self::Exact(octets) | Self::Estimate(octets) => octets,
        }
    }
}

/// Which octets the content has (RFC 6152 section 3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Body {
    /// No octet above 127. Content that turns out to have one is not sent to its end.
    #[default]
    SevenBit,
    /// Lines of any octets.
    EightBit,
}

/// Why an envelope cannot be built.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// There is no recipient.
    NoRecipients,
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRecipients => "an envelope needs at least one recipient",
        })
    }
}

impl core::error::Error for EnvelopeError {}

impl Envelope {
    /// 7-bit content of unknown size, from `reverse_path` to `forward_paths`, in this order.
    pub fn new(reverse_path: ReversePath, forward_paths: Vec<ForwardPath>) -> Result<Self, EnvelopeError> {
        if forward_paths.is_empty() {
            return Err(EnvelopeError::NoRecipients);
        }
        let ascii = reverse_path.as_str().is_ascii() && forward_paths.iter().all(|path| path.as_str().is_ascii());
        let needs = if ascii { Needs::NONE } else { Needs::NONE.with(Need::Smtputf8) };
        Ok(Self { reverse_path, forward_paths, body: Body::SevenBit, size: None, needs })
    }

    /// For saying hello only: nobody to deliver to.
    pub(crate) const fn nobody() -> Self {
        Self {
            reverse_path: ReversePath::Null,
            forward_paths: Vec::new(),
            body: Body::SevenBit,
            size: None,
            needs: Needs::NONE,
        }
    }

    /// Which octets the content has.
    #[must_use]
    pub const fn with_body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// The size of the content. It is declared to servers that offer SIZE, and the message is not offered
    /// to servers with a lower limit. An exact size is enforced as well.
    #[must_use]
    pub const fn with_size(mut self, size: Size) -> Self {
        self.size = Some(size);
        self
    }

    /// The message must not go to a server that cannot do this.
    #[must_use]
    pub const fn requiring(mut self, need: Need) -> Self {
        self.needs = self.needs.with(need);
        self
    }

    /// The sender.
    pub const fn reverse_path(&self) -> &ReversePath {
        &self.reverse_path
    }

    /// The recipients, in the order they were given. Reports keep this order.
    pub fn forward_paths(&self) -> &[ForwardPath] {
        &self.forward_paths
    }

    /// Which octets the content has.
    pub const fn body(&self) -> Body {
        self.body
    }

    /// The size of the content, if it is known.
    pub const fn size(&self) -> Option<Size> {
        self.size
    }

    /// What the envelope asks of a server, whatever the policy. 8-bit content is not among it: that
    /// is for the policy to say.
    pub const fn needs(&self) -> Needs {
        self.needs
    }
}

/// What a delivery can need that HELO cannot carry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
#[non_exhaustive]
pub enum Need {
    /// Policy wants the connection secured before MAIL.
    Tls,
    /// Policy wants authentication before MAIL.
    Auth,
    /// An address is not ASCII (RFC 6531).
    Smtputf8,
    /// The content has octets above 127, and policy does not let them go unannounced (RFC 6152).
    EightBitMime,
    /// The content is not made of lines (RFC 3030).
    BinaryMime,
    /// The message asks to be secured on its whole way (RFC 8689).
    RequireTls,
    /// The message is to be returned if it is late (RFC 2852).
    DeliverBy,
}

impl Need {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Tls,
        Self::Auth,
        Self::Smtputf8,
        Self::EightBitMime,
        Self::BinaryMime,
        Self::RequireTls,
        Self::DeliverBy,
    ];

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls => "TLS",
            Self::Auth => "AUTH",
            Self::Smtputf8 => "SMTPUTF8",
            Self::EightBitMime => "8BITMIME",
            Self::BinaryMime => "BINARYMIME",
            Self::RequireTls => "REQUIRETLS",
            Self::DeliverBy => "DELIVERBY",
        })
    }
}

/// A set of [`Need`]s.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Needs(u8);

impl Needs {
    /// Nothing: HELO will do.
    pub const NONE: Self = Self(0);

    /// These and one more.
    #[must_use]
    pub const fn with(self, need: Need) -> Self {
        Self(self.0 | need.bit())
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `need` is among them.
    pub const fn contains(self, need: Need) -> bool {
        self.0 & need.bit() != 0
    }

    /// Each of them, in a fixed order.
    pub fn iter(self) -> impl Iterator<Item = Need> {
        Need::ALL.iter().copied().filter(move |need| self.contains(*need))
    }

    /// Those that a server with these capabilities does not meet, on a connection in clear.
    #[must_use]
    pub(crate) fn unmet_by(self, capabilities: &Capabilities) -> Self {
        self.iter().filter(|need| !meets(capabilities, *need)).fold(Self::NONE, Self::with)
    }

    /// Those that no server can meet, because this crate does not implement them yet.
    pub(crate) fn not_implemented(self) -> Self {
        let not_implemented = |need: &Need| match need {
            Need::Tls | Need::Auth | Need::BinaryMime | Need::RequireTls | Need::DeliverBy => true,
            Need::Smtputf8 | Need::EightBitMime => false,
        };
        self.iter().filter(not_implemented).fold(Self::NONE, Self::with)
    }
}

const fn meets(capabilities: &Capabilities, need: Need) -> bool {
    match need {
        Need::Smtputf8 => capabilities.smtputf8,
        Need::EightBitMime => capabilities.eight_bit_mime,
        Need::Tls | Need::Auth | Need::BinaryMime | Need::RequireTls | Need::DeliverBy => false,
    }
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, need) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{need}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

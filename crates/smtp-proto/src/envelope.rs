//! The envelope of a message: sender, recipients, and what the message needs from a server.

use alloc::vec::Vec;
use core::fmt;

use crate::{
    address::{ForwardPath, ReversePath},
    security::Security,
    session::Session,
};

/// The envelope of a message: one sender, at least one recipient, and facts about the content.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Envelope {
    reverse_path: ReversePath,
    forward_paths: Vec<ForwardPath>,
    body: Body,
    size: Option<Size>,
    needs: Needs,
}

/// The size of the content in octets, as RFC 1870 section 6 counts them: each line end counts as two octets; doubled
/// dots and the final dot do not count.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "a size is either enforced or not")]
pub enum Size {
    /// Exactly this many octets. Content that turns out to have more or fewer is not sent to its end.
    Exact(u64),
    /// About this many octets (RFC 1870 section 5). Declared to the server, but not enforced.
    Estimate(u64),
}

impl Size {
    /// The number of octets, exact or estimated.
    pub const fn octets(self) -> u64 {
        match self {
            Self::Exact(octets) | Self::Estimate(octets) => octets,
        }
    }
}

/// Which octets the content may have (RFC 6152 section 3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Body {
    /// Octets from 1 to 127. Content that turns out to have another is not sent to its end.
    #[default]
    SevenBit,
    /// Any octets, in lines.
    EightBit,
}

/// Why an envelope is not valid.
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
    /// An envelope for 7-bit content of unknown size, with the recipients in this order.
    pub fn new(reverse_path: ReversePath, forward_paths: Vec<ForwardPath>) -> Result<Self, EnvelopeError> {
        if forward_paths.is_empty() {
            return Err(EnvelopeError::NoRecipients);
        }
        let ascii = reverse_path.as_str().is_ascii() && forward_paths.iter().all(|path| path.as_str().is_ascii());
        let needs = if ascii { Needs::NONE } else { Needs::NONE.with(Need::Smtputf8) };
        Ok(Self { reverse_path, forward_paths, body: Body::SevenBit, size: None, needs })
    }

    /// The envelope of a probe: it has no recipients.
    pub(crate) const fn nobody() -> Self {
        Self {
            reverse_path: ReversePath::Null,
            forward_paths: Vec::new(),
            body: Body::SevenBit,
            size: None,
            needs: Needs::NONE,
        }
    }

    /// The same, with another [`body`](Self::body).
    #[must_use]
    pub const fn with_body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// The same, with the size of the content. It is declared to servers that offer SIZE; at a server with a lower
    /// limit, the message fails without being sent. An exact size is also enforced.
    #[must_use]
    pub const fn with_size(mut self, size: Size) -> Self {
        self.size = Some(size);
        self
    }

    /// The same, with one more need: the message must not be sent to a server that does not meet it.
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

    /// Which octets the content may have.
    pub const fn body(&self) -> Body {
        self.body
    }

    /// The size of the content, if it was given.
    pub const fn size(&self) -> Option<Size> {
        self.size
    }

    /// What the envelope needs from a server, whatever the policy. 8-bit content is not among its needs, because the
    /// policy decides about that; see [`Config::needs`](crate::Config::needs).
    pub const fn needs(&self) -> Needs {
        self.needs
    }
}

/// Something that a delivery may need and that is not available after HELO.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
#[non_exhaustive]
pub enum Need {
    /// The policy, the message or the credentials require TLS before MAIL, or the server is
    /// [known](crate::KnownHost) to support it.
    Tls,
    /// The policy requires authentication before MAIL.
    Auth,
    /// An address is not ASCII (RFC 6531).
    Smtputf8,
    /// The content is 8-bit, and the policy does not allow sending it without `BODY=8BITMIME` (RFC 6152).
    EightBitMime,
    /// The content does not consist of lines (RFC 3030).
    BinaryMime,
    /// The message must be secured with TLS on its whole way (RFC 8689).
    RequireTls,
    /// The message has a time limit for its delivery (RFC 2852).
    DeliverBy,
    /// The credentials or the message require that the server's certificate is verified.
    VerifiedTls,
}

impl Need {
    /// All needs.
    pub const ALL: &'static [Self] = &[
        Self::Tls,
        Self::Auth,
        Self::Smtputf8,
        Self::EightBitMime,
        Self::BinaryMime,
        Self::RequireTls,
        Self::DeliverBy,
        Self::VerifiedTls,
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
            Self::VerifiedTls => "a verified certificate",
        })
    }
}

/// A set of [`Need`]s.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Needs(u8);

impl Needs {
    /// No needs: HELO is enough.
    pub const NONE: Self = Self(0);

    /// This set and `need`.
    #[must_use]
    pub const fn with(self, need: Need) -> Self {
        Self(self.0 | need.bit())
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `need` is in the set.
    pub const fn contains(self, need: Need) -> bool {
        self.0 & need.bit() != 0
    }

    /// The needs in the set, in the order of [`Need::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Need> {
        Need::ALL.iter().copied().filter(move |need| self.contains(*need))
    }

    /// This set without `need`.
    #[must_use]
    pub(crate) const fn without(self, need: Need) -> Self {
        Self(self.0 & !need.bit())
    }

    /// The needs that this session does not meet.
    #[must_use]
    pub(crate) fn unmet_by(self, session: &Session) -> Self {
        // Most messages have none.
        if self.is_empty() {
            return self;
        }
        let unmet = self.iter().filter(|need| !meets(session, *need)).fold(Self::NONE, Self::with);
        unmet.with_what_require_tls_lacks(session)
    }

    /// A server that was not verified cannot be trusted about REQUIRETLS, so that is not the only need.
    #[must_use]
    pub(crate) fn with_what_require_tls_lacks(self, session: &Session) -> Self {
        match session.security() {
            Security::Unverified if self.contains(Need::RequireTls) => self.with(Need::VerifiedTls),
            Security::Clear | Security::Unverified | Security::Verified => self,
        }
    }

    /// Whether a message with these needs may not be sent in clear.
    pub(crate) const fn forbid_clear(self) -> bool {
        self.contains(Need::Tls) || self.contains(Need::VerifiedTls) || self.contains(Need::RequireTls)
    }

    /// The needs that no server can meet, because this crate does not implement them yet.
    pub(crate) fn not_implemented(self) -> Self {
        let not_implemented = |need: &Need| match need {
            Need::BinaryMime | Need::DeliverBy => true,
            Need::Tls | Need::VerifiedTls | Need::Auth | Need::RequireTls | Need::Smtputf8 | Need::EightBitMime => {
                false
            }
        };
        self.iter().filter(not_implemented).fold(Self::NONE, Self::with)
    }
}

fn meets(session: &Session, need: Need) -> bool {
    match need {
        Need::Smtputf8 => session.capabilities().smtputf8,
        Need::EightBitMime => session.capabilities().eight_bit_mime,
        Need::Tls => session.security() != Security::Clear,
        Need::VerifiedTls => session.security() == Security::Verified,
        Need::Auth => session.is_authenticated(),
        Need::RequireTls => session.capabilities().require_tls && session.security() == Security::Verified,
        Need::BinaryMime | Need::DeliverBy => false,
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

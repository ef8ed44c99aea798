//! What a delivery may need from a server.

use core::fmt;

use crate::security::Security;

/// Something that a delivery may need and that is not available after HELO.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u16)]
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
    /// The content does not consist of lines: the server must offer CHUNKING and BINARYMIME, and the policy must allow
    /// BDAT (RFC 3030).
    BinaryMime,
    /// The message must be secured with TLS on its whole way (RFC 8689).
    RequireTls,
    /// The message must be returned if it is not delivered within a time (RFC 2852), and the server must accept so short
    /// a time.
    DeliverBy,
    /// The credentials or the message require that the server's certificate is verified.
    VerifiedTls,
    /// MAIL has a parameter of another extension ([`Parameter`](crate::Parameter)).
    Parameter,
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
        Self::Parameter,
    ];

    const fn bit(self) -> u16 {
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
            Self::Parameter => "the extension of an additional parameter",
        })
    }
}

/// A set of [`Need`]s.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Needs(u16);

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

    /// A server that was not verified cannot be trusted about REQUIRETLS, so that is not the only need.
    #[must_use]
    pub(crate) const fn with_what_require_tls_lacks(self, security: Security) -> Self {
        match security {
            Security::Unverified if self.contains(Need::RequireTls) => self.with(Need::VerifiedTls),
            Security::Clear | Security::Unverified | Security::Verified => self,
        }
    }

    /// Whether a message with these needs may not be sent in clear.
    pub(crate) const fn forbid_clear(self) -> bool {
        self.contains(Need::Tls) || self.contains(Need::VerifiedTls) || self.contains(Need::RequireTls)
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

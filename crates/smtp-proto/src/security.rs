//! How a connection is secured.

use core::fmt;

/// How a connection is secured.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[allow(clippy::exhaustive_enums, reason = "a level that a caller does not know would be taken for a safe one")]
pub enum Security {
    /// Not at all: everything is sent in clear.
    #[default]
    Clear,
    /// With TLS, but the server's certificate was not verified, so the server may be anybody.
    Unverified,
    /// With TLS, and the server's certificate was verified, or is one that the caller pinned.
    Verified,
}

/// The version of TLS.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls12 => "TLSv1.2",
            Self::Tls13 => "TLSv1.3",
        })
    }
}

/// What the driver knows after a TLS handshake.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Secured<'a> {
    version: TlsVersion,
    unverified: Option<&'a str>,
    can_bind: bool,
}

impl<'a> Secured<'a> {
    /// The server's certificate was verified for the name that the driver connects to, or is one that the caller
    /// pinned.
    pub const fn verified(version: TlsVersion) -> Self {
        Self { version, unverified: None, can_bind: false }
    }

    /// The server's certificate was accepted although it could not be verified. `why` goes into the report.
    pub const fn unverified(version: TlsVersion, why: &'a str) -> Self {
        Self { version, unverified: Some(why), can_bind: false }
    }

    /// The same, and whether the driver can bind an authentication to this connection (RFC 5056). Without it,
    /// mechanisms whose names end in `-PLUS` are not used.
    #[must_use]
    pub const fn with_channel_binding(mut self, can_bind: bool) -> Self {
        self.can_bind = can_bind;
        self
    }

    /// The version of TLS.
    pub const fn version(&self) -> TlsVersion {
        self.version
    }

    /// Whether the server's certificate was verified.
    pub const fn security(&self) -> Security {
        match self.unverified {
            None => Security::Verified,
            Some(_) => Security::Unverified,
        }
    }

    /// Why the certificate could not be verified; empty if it was.
    pub const fn why_unverified(&self) -> &'a str {
        match self.unverified {
            None => "",
            Some(why) => why,
        }
    }

    /// Whether an authentication can be bound to this connection.
    pub const fn can_bind(&self) -> bool {
        self.can_bind
    }
}

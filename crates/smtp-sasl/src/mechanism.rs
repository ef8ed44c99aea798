//! The mechanisms and their names.

/// A SASL mechanism that this crate can speak.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Mechanism {
    /// RFC 4616: sends the password.
    Plain,
    /// In no RFC: sends the user name and the password, each when it is asked for.
    Login,
    /// RFC 2195: proves the password by a keyed hash of the challenge.
    CramMd5,
    /// RFC 5802: proves the password, and the server proves that it knows it too.
    ScramSha1,
    /// RFC 5802, bound to the TLS channel.
    ScramSha1Plus,
    /// RFC 7677: proves the password, and the server proves that it knows it too.
    ScramSha256,
    /// RFC 7677, bound to the TLS channel.
    ScramSha256Plus,
    /// RFC 4422 appendix A: the connection itself identifies the client, such as by its TLS certificate.
    External,
    /// RFC 7628: sends an OAuth 2.0 bearer token.
    OAuthBearer,
    /// The predecessor of RFC 7628: sends an OAuth 2.0 bearer token.
    XOAuth2,
}

impl Mechanism {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Plain,
        Self::Login,
        Self::CramMd5,
        Self::ScramSha1,
        Self::ScramSha1Plus,
        Self::ScramSha256,
        Self::ScramSha256Plus,
        Self::External,
        Self::OAuthBearer,
        Self::XOAuth2,
    ];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::CramMd5 => "CRAM-MD5",
            Self::ScramSha1 => "SCRAM-SHA-1",
            Self::ScramSha1Plus => "SCRAM-SHA-1-PLUS",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
            Self::External => "EXTERNAL",
            Self::OAuthBearer => "OAUTHBEARER",
            Self::XOAuth2 => "XOAUTH2",
        }
    }

    /// The mechanism with this name, in upper or lower case.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.iter().copied().find(|mechanism| mechanism.name().as_bytes().eq_ignore_ascii_case(name))
    }

    /// Whether the exchange is bound to the TLS channel (the `-PLUS` variants).
    pub const fn is_bound(self) -> bool {
        match self {
            Self::ScramSha1Plus | Self::ScramSha256Plus => true,
            Self::Plain
            | Self::Login
            | Self::CramMd5
            | Self::ScramSha1
            | Self::ScramSha256
            | Self::External
            | Self::OAuthBearer
            | Self::XOAuth2 => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mechanism_is_found_by_its_name_in_any_case() {
        for mechanism in Mechanism::ALL.iter().copied() {
            assert_eq!(Mechanism::from_name(mechanism.name().as_bytes()), Some(mechanism));
            assert_eq!(Mechanism::from_name(mechanism.name().to_ascii_lowercase().as_bytes()), Some(mechanism));
            assert_eq!(mechanism.is_bound(), mechanism.name().ends_with("-PLUS"));
        }
        for name in [&b""[..], b"PLAI", b"PLAIN ", b"GSSAPI", b"SCRAM-SHA-512", b"\xff"] {
            assert_eq!(Mechanism::from_name(name), None);
        }
    }
}

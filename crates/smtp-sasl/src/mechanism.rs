//! The mechanisms and their names.

/// A SASL mechanism that this crate can speak.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
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
    /// All of them, the strongest first among those for the same kind of credentials.
    ///
    /// Pick the first one that the server offers and that you have the credentials for, and for `-PLUS` the channel
    /// binding. Do not try them one after the other: [`SaslError`](crate::SaslError) says what may follow a refusal.
    pub const ALL: &'static [Self] = &[
        Self::ScramSha256Plus,
        Self::ScramSha256,
        Self::ScramSha1Plus,
        Self::ScramSha1,
        Self::CramMd5,
        Self::Plain,
        Self::Login,
        Self::OAuthBearer,
        Self::XOAuth2,
        Self::External,
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

    /// Whether the client sends the password or token itself, so that only TLS with a verified server protects it.
    pub const fn sends_secret(self) -> bool {
        match self {
            Self::Plain | Self::Login | Self::OAuthBearer | Self::XOAuth2 => true,
            Self::CramMd5
            | Self::ScramSha1
            | Self::ScramSha1Plus
            | Self::ScramSha256
            | Self::ScramSha256Plus
            | Self::External => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

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

    #[test]
    fn mechanisms_that_keep_the_password_come_before_those_that_send_it() {
        let place = |wanted| Mechanism::ALL.iter().position(|mechanism| *mechanism == wanted);
        assert_eq!(place(Mechanism::ScramSha256Plus), Some(0));
        assert!(place(Mechanism::ScramSha1Plus) < place(Mechanism::ScramSha1));
        assert!(place(Mechanism::CramMd5) < place(Mechanism::Plain));
        let sending: Vec<_> = Mechanism::ALL.iter().copied().filter(|mechanism| mechanism.sends_secret()).collect();
        assert_eq!(sending, [Mechanism::Plain, Mechanism::Login, Mechanism::OAuthBearer, Mechanism::XOAuth2]);
    }
}

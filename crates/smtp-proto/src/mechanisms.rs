//! The SASL mechanisms that AUTH offers (RFC 4954 section 3).

/// A SASL mechanism that is in use with SMTP.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
#[non_exhaustive]
pub enum Mechanism {
    /// RFC 4616.
    Plain,
    /// Name and password, each asked for; in no RFC.
    Login,
    /// RFC 2195.
    CramMd5,
    /// RFC 2831.
    DigestMd5,
    /// RFC 5802.
    ScramSha1,
    /// RFC 5802, bound to the TLS channel.
    ScramSha1Plus,
    /// RFC 7677.
    ScramSha256,
    /// RFC 7677, bound to the TLS channel.
    ScramSha256Plus,
    /// RFC 4422 appendix A: by what the connection has shown, such as a certificate.
    External,
    /// RFC 4505.
    Anonymous,
    /// RFC 4752: Kerberos.
    GssApi,
    /// In no RFC.
    Ntlm,
    /// RFC 7628.
    OAuthBearer,
    /// What came before RFC 7628.
    XOAuth2,
}

impl Mechanism {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Plain,
        Self::Login,
        Self::CramMd5,
        Self::DigestMd5,
        Self::ScramSha1,
        Self::ScramSha1Plus,
        Self::ScramSha256,
        Self::ScramSha256Plus,
        Self::External,
        Self::Anonymous,
        Self::GssApi,
        Self::Ntlm,
        Self::OAuthBearer,
        Self::XOAuth2,
    ];

    /// Its registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::CramMd5 => "CRAM-MD5",
            Self::DigestMd5 => "DIGEST-MD5",
            Self::ScramSha1 => "SCRAM-SHA-1",
            Self::ScramSha1Plus => "SCRAM-SHA-1-PLUS",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
            Self::External => "EXTERNAL",
            Self::Anonymous => "ANONYMOUS",
            Self::GssApi => "GSSAPI",
            Self::Ntlm => "NTLM",
            Self::OAuthBearer => "OAUTHBEARER",
            Self::XOAuth2 => "XOAUTH2",
        }
    }

    /// The one of this name, in any case.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        // Most servers offer these two, in capitals: no letter has to be folded.
        let usual = [Self::Plain, Self::Login].into_iter().find(|mechanism| mechanism.name().as_bytes() == name);
        usual.or_else(|| Self::ALL.into_iter().find(|mechanism| mechanism.name().as_bytes().eq_ignore_ascii_case(name)))
    }
}

/// A set of mechanisms.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Mechanisms(u16);

impl Mechanisms {
    /// No mechanism.
    pub const NONE: Self = Self(0);

    /// Those that are named, blanks between them. Unknown names are passed over.
    pub fn from_names(names: &[u8]) -> Self {
        let known = names.split(|octet| *octet == b' ').filter_map(Mechanism::from_name);
        known.fold(Self::NONE, Self::with)
    }

    /// This set and `mechanism`.
    #[must_use]
    pub const fn with(self, mechanism: Mechanism) -> Self {
        Self(self.0 | 1 << mechanism as u8)
    }

    /// What is in one of the two sets, or in both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `mechanism` is in this set.
    pub const fn contains(self, mechanism: Mechanism) -> bool {
        self.0 & 1 << mechanism as u8 != 0
    }

    /// Its mechanisms.
    pub fn iter(self) -> impl Iterator<Item = Mechanism> {
        Mechanism::ALL.into_iter().filter(move |mechanism| self.contains(*mechanism))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn known_names_are_found_in_any_case_and_others_passed_over() {
        for (names, expected) in [
            (&b"PLAIN LOGIN"[..], &[Mechanism::Plain, Mechanism::Login][..]),
            (b"  scram-sha-256-plus  Plain PLAIN", &[Mechanism::Plain, Mechanism::ScramSha256Plus]),
            (b"X-OWN PLAINX PLAI \xff", &[]),
            (b"", &[]),
        ] {
            let found: Vec<_> = Mechanisms::from_names(names).iter().collect();
            assert_eq!(found, expected, "{}", crate::Escaped(names));
        }
    }

    #[test]
    fn every_mechanism_is_found_by_its_name_and_is_alone_in_its_set() {
        for mechanism in Mechanism::ALL {
            let set = Mechanisms::from_names(mechanism.name().as_bytes());
            assert_eq!(set, Mechanisms::NONE.with(mechanism));
            assert_eq!(set.iter().collect::<Vec<_>>(), [mechanism]);
            assert_eq!(set.union(set.with(Mechanism::Plain)), set.with(Mechanism::Plain));
        }
    }
}

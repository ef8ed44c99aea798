//! The SASL mechanisms that AUTH offers (RFC 4954 section 3).

use core::fmt;

/// A SASL mechanism that is used with SMTP.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
#[non_exhaustive]
pub enum Mechanism {
    /// RFC 4616.
    Plain,
    /// Asks for the user name, then for the password. Not specified by an RFC.
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
    /// RFC 4422 appendix A: the identity comes from the connection, such as from a client certificate.
    External,
    /// RFC 4505.
    Anonymous,
    /// RFC 4752: Kerberos.
    GssApi,
    /// Not specified by an RFC.
    Ntlm,
    /// RFC 7628.
    OAuthBearer,
    /// The predecessor of RFC 7628.
    XOAuth2,
}

impl Mechanism {
    /// All mechanisms.
    pub const ALL: &'static [Self] = &[
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

    /// Whether the exchange is bound to the TLS connection (RFC 5056).
    pub const fn is_bound(self) -> bool {
        match self {
            Self::ScramSha1Plus | Self::ScramSha256Plus => true,
            Self::Plain
            | Self::Login
            | Self::CramMd5
            | Self::DigestMd5
            | Self::ScramSha1
            | Self::ScramSha256
            | Self::External
            | Self::Anonymous
            | Self::GssApi
            | Self::Ntlm
            | Self::OAuthBearer
            | Self::XOAuth2 => false,
        }
    }

    /// Whether the client sends the password or the token itself.
    pub const fn sends_secret(self) -> bool {
        match self {
            Self::Plain | Self::Login | Self::OAuthBearer | Self::XOAuth2 => true,
            Self::CramMd5
            | Self::DigestMd5
            | Self::ScramSha1
            | Self::ScramSha1Plus
            | Self::ScramSha256
            | Self::ScramSha256Plus
            | Self::External
            | Self::Anonymous
            | Self::GssApi
            | Self::Ntlm => false,
        }
    }

    pub(crate) const fn is_scram(self) -> bool {
        matches!(self, Self::ScramSha1 | Self::ScramSha1Plus | Self::ScramSha256 | Self::ScramSha256Plus)
    }

    /// The mechanism with this name, in any case; `None` if this crate does not know it.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.iter().copied().find(|mechanism| mechanism.name().as_bytes().eq_ignore_ascii_case(name))
    }
}

/// The set of mechanisms that a server offers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Mechanisms {
    known: u16,
    has_others: bool,
}

impl Mechanisms {
    /// No mechanism.
    pub const NONE: Self = Self { known: 0, has_others: false };

    /// The mechanisms with these names, which are separated by spaces.
    pub fn from_names(names: &[u8]) -> Self {
        let names = names.split(|octet| *octet == b' ').filter(|name| !name.is_empty());
        names.fold(Self::NONE, |set, name| match Mechanism::from_name(name) {
            Some(mechanism) => set.with(mechanism),
            None => Self { has_others: true, ..set },
        })
    }

    /// The set of names at the start of `text`, and what follows them. `None` if PLAIN and LOGIN, which most servers
    /// offer, are not all of them.
    #[inline]
    pub(crate) fn usual_at_start(text: &[u8]) -> Option<(Self, &[u8])> {
        let (mut set, mut rest) = (Self::NONE, text);
        loop {
            let (mechanism, behind) = match rest.split_at_checked(5)? {
                (b"PLAIN", behind) => (Mechanism::Plain, behind),
                (b"LOGIN", behind) => (Mechanism::Login, behind),
                _ => return None,
            };
            set = set.with(mechanism);
            match behind {
                [b' ', names @ ..] => rest = names,
                end => return Some((set, end)),
            }
        }
    }

    /// This set and `mechanism`.
    #[must_use]
    pub const fn with(self, mechanism: Mechanism) -> Self {
        Self { known: self.known | 1 << mechanism as u8, ..self }
    }

    /// The mechanisms that are in one of the two sets, or in both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self { known: self.known | other.known, has_others: self.has_others || other.has_others }
    }

    /// Whether `mechanism` is in this set.
    pub const fn contains(self, mechanism: Mechanism) -> bool {
        self.known & 1 << mechanism as u8 != 0
    }

    /// Whether there were names that this crate does not know. Use [`keywords`](crate::keywords) to see them.
    pub const fn has_others(self) -> bool {
        self.has_others
    }

    /// The mechanisms of the set that this crate knows.
    pub fn iter(self) -> impl Iterator<Item = Mechanism> {
        Mechanism::ALL.iter().copied().filter(move |mechanism| self.contains(*mechanism))
    }
}

/// A set of names, with `...` for those that this crate does not know.
impl fmt::Debug for Mechanisms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut set = f.debug_set();
        set.entries(self.iter().map(Mechanism::name));
        if self.has_others {
            set.entry(&format_args!("..."));
        }
        set.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn known_names_are_found_in_any_case_and_others_are_ignored() {
        for (names, expected) in [
            (&b"PLAIN LOGIN"[..], &[Mechanism::Plain, Mechanism::Login][..]),
            (b"  scram-sha-256-plus  Plain PLAIN", &[Mechanism::Plain, Mechanism::ScramSha256Plus]),
            (b"X-OWN PLAINX PLAI \xff", &[]),
            (b"", &[]),
        ] {
            let found = Mechanisms::from_names(names);
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{}", crate::Escaped(names));
            assert_eq!(found.has_others(), names.starts_with(b"X-OWN"), "{}", crate::Escaped(names));
        }
    }

    #[test]
    fn every_mechanism_is_found_by_its_name_and_is_alone_in_its_set() {
        for mechanism in Mechanism::ALL.iter().copied() {
            let set = Mechanisms::from_names(mechanism.name().as_bytes());
            assert_eq!(set, Mechanisms::NONE.with(mechanism));
            assert_eq!(set.iter().collect::<Vec<_>>(), [mechanism]);
            assert_eq!(set.union(set.with(Mechanism::Plain)), set.with(Mechanism::Plain));
        }
    }
}

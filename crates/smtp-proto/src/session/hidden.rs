//! Finds secrets in what a server sends, without holding the secrets.

use alloc::vec::Vec;
use core::{
    fmt,
    hash::{Hash, Hasher},
};

/// The fingerprints of secrets that a server may echo. They are neither shown, compared nor hashed.
#[derive(Clone, Default)]
pub(super) struct Hidden {
    /// First those for all connections, then those for this one.
    fingerprints: Vec<Fingerprint>,
    lasting: usize,
}

/// The length of a secret, and its hash. The hash has too few bits to find out the secret.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Fingerprint {
    len: usize,
    hash: u32,
    /// What the first octet was multiplied with, once another octet has entered the hash.
    factor: u32,
}

const BASE: u32 = 1_000_003;

impl Hidden {
    /// Hides this on all connections.
    pub(super) fn add_lasting(&mut self, secret: &[u8]) {
        let fingerprint = Fingerprint::of(secret);
        let known = self.fingerprints.get(..self.lasting).unwrap_or_default();
        if !secret.is_empty() && !known.contains(&fingerprint) {
            self.fingerprints.insert(self.lasting, fingerprint);
            self.lasting = self.lasting.saturating_add(1);
        }
    }

    /// Hides this on the current connection.
    pub(super) fn add(&mut self, secret: &[u8]) {
        let fingerprint = Fingerprint::of(secret);
        if !secret.is_empty() && !self.fingerprints.contains(&fingerprint) {
            self.fingerprints.push(fingerprint);
        }
    }

    /// Forgets what was hidden on the last connection.
    pub(super) fn restart(&mut self) {
        self.fingerprints.truncate(self.lasting);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fingerprints.is_empty()
    }

    /// Whether one of the secrets is in these octets.
    pub(super) fn is_in(&self, octets: &[u8]) -> bool {
        self.fingerprints.iter().any(|fingerprint| fingerprint.is_in(octets))
    }
}

impl Fingerprint {
    fn of(octets: &[u8]) -> Self {
        let (hash, factor) =
            octets.iter().fold((0, 1_u32), |(hash, factor), octet| (step(hash, *octet), factor.wrapping_mul(BASE)));
        Self { len: octets.len(), hash, factor }
    }

    /// Compares the hash of each part of this length. The hash of the next part follows from that of the one before.
    fn is_in(self, octets: &[u8]) -> bool {
        let Some((first, rest)) = octets.split_at_checked(self.len) else { return false };
        let mut hash = Self::of(first).hash;
        if hash == self.hash {
            return true;
        }
        rest.iter().zip(octets).any(|(enters, leaves)| {
            hash = step(hash, *enters).wrapping_sub(step(0, *leaves).wrapping_mul(self.factor));
            hash == self.hash
        })
    }
}

fn step(hash: u32, octet: u8) -> u32 {
    hash.wrapping_mul(BASE).wrapping_add(u32::from(octet)).wrapping_add(1)
}

impl PartialEq for Hidden {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Hidden {}

impl Hash for Hidden {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_wherever_it_is() {
        let mut hidden = Hidden::default();
        hidden.add(b"secret");
        hidden.add(b"");
        for (octets, expected) in [
            (&b"535 secret"[..], true),
            (b"secret", true),
            (b"secret ", true),
            (b"535 sesecret failed", true),
            (b"535 secre t", false),
            (b"535 Secret", false),
            (b"terces", false),
            (b"secre", false),
            (b"", false),
            (&[0; 100], false),
        ] {
            assert_eq!(hidden.is_in(octets), expected, "{}", crate::Escaped(octets));
        }
    }

    #[test]
    fn only_lasting_secrets_are_hidden_on_the_next_connection() {
        let mut hidden = Hidden::default();
        hidden.add(b"one");
        hidden.add_lasting(b"all");
        hidden.add_lasting(b"all");
        assert!(hidden.is_in(b"one") && hidden.is_in(b"all"));
        hidden.restart();
        assert!(!hidden.is_in(b"one") && hidden.is_in(b"all"));
        assert_eq!(hidden.fingerprints.len(), 1);
    }
}

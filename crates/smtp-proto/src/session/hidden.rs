//! Finds secrets in what a server sends, without holding the secrets.

use alloc::vec::Vec;
use core::{
    fmt,
    hash::{Hash, Hasher},
};

/// The fingerprints of secrets that a server may echo, also on a later connection. They are neither shown, compared nor
/// hashed.
#[derive(Clone, Default)]
pub(super) struct Hidden {
    /// The latest at the end.
    fingerprints: Vec<Fingerprint>,
}

/// More than the responses on one connection, so that only older ones are forgotten.
const MOST: usize = 256;

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
    /// Hides this from now on.
    pub(super) fn add(&mut self, secret: &[u8]) {
        if secret.is_empty() {
            return;
        }
        let fingerprint = Fingerprint::of(secret);
        let known = self.fingerprints.iter().position(|known| *known == fingerprint);
        if let Some(index) = known.or_else(|| (self.fingerprints.len() >= MOST).then_some(0)) {
            self.fingerprints.remove(index);
        }
        self.fingerprints.push(fingerprint);
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
    fn the_latest_secrets_stay_hidden() {
        let mut hidden = Hidden::default();
        for _ in 0..2 {
            hidden.add(b"first");
        }
        assert_eq!(hidden.fingerprints.len(), 1);
        let secret = |number: usize| alloc::format!("response {number:03}");
        for number in 0..MOST {
            hidden.add(b"password");
            hidden.add(secret(number).as_bytes());
        }
        assert_eq!(hidden.fingerprints.len(), MOST);
        for (octets, expected) in [
            ("first", false),
            ("password", true),
            (secret(0).as_str(), false),
            (secret(1).as_str(), true),
            (secret(MOST - 1).as_str(), true),
        ] {
            assert_eq!(hidden.is_in(octets.as_bytes()), expected, "{octets}");
        }
    }
}

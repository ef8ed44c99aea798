//! Finds secrets in what a server sends, without holding the secrets.

use alloc::vec::Vec;
use core::{
    fmt,
    hash::{Hash, Hasher},
};

use zeroize::Zeroizing;

use super::encoded::{any_word_encodes, has_word};

/// The fingerprints of secrets that a server may echo, also on a later connection. They are neither shown, compared nor
/// hashed.
#[derive(Clone, Default)]
pub(super) struct Hidden {
    /// The latest at the end.
    fingerprints: Vec<Fingerprint>,
}

/// More than the responses on one connection, so that only older ones are forgotten.
const MOST: usize = 256;

/// A shorter secret is not searched for in what text would encode if it were base64: it could be there by chance.
const SHORTEST_ENCODED: usize = 4;

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

    /// Whether one of the secrets is in this reply, or in something that it has in base64.
    pub(super) fn is_in(&self, reply: &[u8]) -> bool {
        self.fingerprints.iter().any(|fingerprint| fingerprint.is_in(reply)) || self.is_encoded_in(reply)
    }

    fn is_encoded_in(&self, reply: &[u8]) -> bool {
        let long = || self.fingerprints.iter().filter(|fingerprint| fingerprint.len >= SHORTEST_ENCODED);
        // Three octets are four characters.
        let characters = long().map(|fingerprint| fingerprint.len.saturating_mul(4).div_ceil(3)).min();
        if !characters.is_some_and(|characters| has_word(reply, characters)) {
            return false;
        }
        let mut decoded = Zeroizing::new(Vec::with_capacity(reply.len()));
        // A word may begin anywhere in a group of four characters, or with characters of something else.
        (0..4).any(|missing| {
            any_word_encodes(reply, missing, &mut decoded, |octets| long().any(|secret| secret.is_in(octets)))
        })
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
    use alloc::{format, string::String};

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

    /// In base64 without padding, with these characters for 62 and 63.
    fn base64(octets: &[u8], last: [char; 2]) -> String {
        let alphabet = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(last).collect::<Vec<_>>();
        let bits = octets.iter().flat_map(|octet| (0..8).rev().map(move |at| usize::from(octet >> at & 1)));
        let bits = bits.collect::<Vec<_>>();
        let value = |group: &[usize]| (0..6).fold(0, |value, at| value << 1 | group.get(at).copied().unwrap_or(0));
        bits.chunks(6).map(|group| alphabet[value(group)]).collect()
    }

    #[test]
    fn a_secret_is_found_in_base64_of_a_longer_text() {
        let mut hidden = Hidden::default();
        hidden.add("corr\u{ff}ect?h\u{f6}rse>".as_bytes());
        for (before, after) in
            [("", ""), ("u", "x"), ("us", "xy"), ("user=alice password=", ", as you said"), ("\0a\0", "")]
        {
            let text = format!("{before}corr\u{ff}ect?h\u{f6}rse>{after}");
            for last in [['+', '/'], ['-', '_']] {
                let encoded = base64(text.as_bytes(), last);
                let (first, second) = encoded.split_at(encoded.len() / 2);
                for (reply, expected) in [
                    (format!("535 {encoded}\r\n"), true),
                    (format!("535 5.7.8 you said '{encoded}==' again\r\n"), true),
                    (format!("535 token={encoded}&x\r\n"), true),
                    (format!("535 you-said-{encoded}\r\n"), true),
                    (format!("535 x{encoded}\r\n"), true),
                    (format!("535 {}\r\n", encoded.get(before.len() * 8 / 6..).unwrap()), true),
                    (format!("535-{first}\r\n535 {second}\r\n"), true),
                    (format!("535-5.7.8 {first}\r\n535 5.7.8 {second}\r\n"), true),
                    (format!("{first}\r\n{second}"), true),
                    (format!("535 {}\r\n", encoded.to_uppercase()), false),
                    (format!("535 {first} {second}\r\n"), false),
                    (format!("535 {first}\r\n"), false),
                ] {
                    assert_eq!(hidden.is_in(reply.as_bytes()), expected, "{reply}");
                }
            }
        }
    }

    #[test]
    fn a_short_secret_is_not_found_in_what_text_would_encode() {
        // In base64, these are three octets and four.
        for (secret, expected) in [(&[0xa6, 0x89, 0xcb][..], false), (&[0xa6, 0x89, 0xcb, 0xa2], true)] {
            let mut hidden = Hidden::default();
            hidden.add(secret);
            assert_eq!(hidden.is_in(b"535 ponLokay"), expected);
        }
    }

    #[test]
    fn the_latest_secrets_stay_hidden() {
        let mut hidden = Hidden::default();
        for _ in 0..2 {
            hidden.add(b"first");
        }
        assert_eq!(hidden.fingerprints.len(), 1);
        let secret = |number: usize| format!("response {number:03}");
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

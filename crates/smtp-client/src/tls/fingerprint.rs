//! The fingerprint of a certificate.

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};

/// The SHA-256 of a certificate, as `openssl x509 -fingerprint -sha256` prints it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

/// Why a text is not a valid fingerprint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FingerprintError {
    /// It has a character that is neither a hexadecimal digit nor a colon.
    Character(char),
    /// It has colons, but not exactly one between every two pairs of digits.
    Colons,
    /// It does not have 64 hexadecimal digits, but this many. 40 are probably a SHA-1 fingerprint.
    Length(usize),
}

impl fmt::Display for FingerprintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character(character) => write!(f, "a fingerprint must not contain {character:?}")?,
            Self::Colons => f.write_str("the colons are not between pairs of hexadecimal digits")?,
            Self::Length(40) => f.write_str("this is a SHA-1 fingerprint, not a SHA-256 fingerprint")?,
            Self::Length(digits) => write!(f, "the fingerprint has {digits} hexadecimal digits")?,
        }
        f.write_str("; expected 64 hexadecimal digits, with or without colons between the pairs")
    }
}

impl std::error::Error for FingerprintError {}

impl Fingerprint {
    /// The fingerprint of a certificate in DER.
    pub fn of(certificate: &[u8]) -> Self {
        Self(Sha256::digest(certificate).into())
    }

    /// The octets of the hash.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Fingerprint {
    fn from(hash: [u8; 32]) -> Self {
        Self(hash)
    }
}

/// Parses 64 hexadecimal digits in either case, with a colon between each two pairs or without colons.
impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        if let Some(character) = text.chars().find(|c| !c.is_ascii_hexdigit() && *c != ':') {
            return Err(FingerprintError::Character(character));
        }
        if text.contains(':') && text.split(':').any(|pair| pair.len() != 2) {
            return Err(FingerprintError::Colons);
        }
        let mut hash = [0; 32];
        let mut len = 0;
        for digit in text.chars().filter_map(|character| character.to_digit(16)) {
            if let (Some(octet), Ok(digit)) = (hash.get_mut(len / 2), u8::try_from(digit)) {
                *octet = *octet << 4 | digit;
            }
            len += 1;
        }
        if len == 64 { Ok(Self(hash)) } else { Err(FingerprintError::Length(len)) }
    }
}

/// Lower-case pairs of digits with colons between them.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, octet) in self.0.iter().enumerate() {
            let colon = if position == 0 { "" } else { ":" };
            write!(f, "{colon}{octet:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_with_and_without_colons_in_either_case() {
        let fingerprint = Fingerprint::of(b"");
        let shown = fingerprint.to_string();
        assert!(shown.starts_with("e3:b0:c4:42:98:fc"), "{shown}");
        for text in [shown.clone(), shown.to_uppercase(), shown.replace(':', ""), shown.replace(':', "").to_uppercase()]
        {
            assert_eq!(text.parse(), Ok(fingerprint), "{text}");
        }
    }

    #[test]
    fn anything_else_is_rejected() {
        use FingerprintError::{Character, Colons, Length};
        let digits = "ab".repeat(32);
        for (text, error) in [
            ("", Length(0)),
            (&digits[..62], Length(62)),
            (&digits[..40], Length(40)),
            (&format!("{digits}ab"), Length(66)),
            (&format!("sha256:{digits}"), Character('s')),
            (&format!("{digits}:"), Colons),
            (&format!(":{digits}"), Colons),
            (&format!("ab:{}", &digits[..62]), Colons),
            (&format!("a:b{}", &digits[..62]), Colons),
            (&format!("ab::{}", &digits[..62]), Colons),
            ("ab:cd", Length(4)),
            (&format!("ab {}", &digits[..62]), Character(' ')),
        ] {
            assert_eq!(text.parse::<Fingerprint>(), Err(error), "{text:?}");
        }
        assert!(Length(40).to_string().starts_with("this is a SHA-1 fingerprint"));
    }
}

//! Base64 (RFC 4648 section 4), one bit after the other.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The octets in base64.
pub fn base64(octets: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    for group in octets.chunks(3) {
        let bits = [0, 1, 2].iter().fold(0, |bits, at| bits << 8 | u32::from(group.get(*at).copied().unwrap_or(0)));
        for at in 0..4 {
            let index = (bits >> (18 - 6 * at) & 63) as usize;
            encoded.push(if at <= group.len() { ALPHABET[index] } else { b'=' });
        }
    }
    encoded
}

/// The bits that this character stands for, in either alphabet (RFC 4648 sections 4 and 5).
pub(super) fn value(character: u8) -> Option<usize> {
    let character = match character {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    };
    ALPHABET.iter().position(|known| *known == character)
}

/// The octets that this text encodes; `None` if they would be encoded differently.
pub fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    let (mut octets, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for character in text.iter().take_while(|character| **character != b'=') {
        bits = bits << 6 | u32::try_from(value(*character)?).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            octets.push(u8::try_from(bits >> count & 255).ok()?);
        }
    }
    (base64(&octets) == text).then_some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_vectors_of_the_rfc_hold() {
        for (octets, text) in [
            (&b""[..], &b""[..]),
            (b"f", b"Zg=="),
            (b"fo", b"Zm8="),
            (b"foo", b"Zm9v"),
            (b"foob", b"Zm9vYg=="),
            (b"foobar", b"Zm9vYmFy"),
            (b"\xff\xfe", b"//4="),
        ] {
            assert_eq!(base64(octets), text);
            assert_eq!(from_base64(text).as_deref(), Some(octets));
        }
        for wrong in [&b"Zg"[..], b"Zg=", b"Zh==", b"Zg==\r", b"Z=g=", b"====", b"Zm 9", b"\xff\xff\xff\xff"] {
            assert_eq!(from_base64(wrong), None);
        }
    }
}

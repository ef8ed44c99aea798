//! `xtext`, the encoding of parameter values (RFC 3461 section 4).

use alloc::vec::Vec;

/// `xchar = %d33-42 / %d44-60 / %d62-126`: any other octet is encoded as `hexchar = "+" 2(%x30-39 / %x41-46)`.
const fn is_xchar(octet: u8) -> bool {
    matches!(octet, b'!'..=b'~') && !matches!(octet, b'+' | b'=')
}

/// Appends the octets as xtext.
pub(super) fn encode(octets: &[u8], out: &mut Vec<u8>) {
    for octet in octets {
        if is_xchar(*octet) {
            out.push(*octet);
        } else {
            out.extend_from_slice(&[b'+', hex_digit(octet >> 4), hex_digit(octet & 15)]);
        }
    }
}

/// The length of the octets as xtext.
pub(super) fn encoded_len(octets: &[u8]) -> usize {
    octets.iter().map(|octet| if is_xchar(*octet) { 1 } else { 3_usize }).fold(0, usize::saturating_add)
}

/// A digit below 16, in capitals.
pub(super) const fn hex_digit(digit: u8) -> u8 {
    match digit {
        0..=9 => b'0'.wrapping_add(digit),
        _ => b'A'.wrapping_add(digit.wrapping_sub(10)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_that_are_not_xchars_are_encoded() {
        for (octets, expected) in [
            (&b""[..], &b""[..]),
            (b"QQ314159", b"QQ314159"),
            (b"a+b=c d", b"a+2Bb+3Dc+20d"),
            (b"!~\x7f\0\r\n", b"!~+7F+00+0D+0A"),
            ("é".as_bytes(), b"+C3+A9"),
        ] {
            let mut out = Vec::new();
            encode(octets, &mut out);
            assert_eq!(out, expected);
            assert_eq!(encoded_len(octets), expected.len());
        }
    }
}

//! What can go to a server without 8BITMIME.

/// The octets before the first that is not 7-bit.
pub(super) fn seven_bit_part(octets: &[u8]) -> &[u8] {
    if is_seven_bit(octets) {
        return octets;
    }
    let end = octets.iter().position(|octet| !is_seven_bit(&[*octet]));
    end.and_then(|end| octets.get(..end)).unwrap_or(octets)
}

/// Whether content with these octets can go to a server without 8BITMIME: none above 127, no NUL
/// (RFC 5321 section 4.5.2).
pub fn is_seven_bit(octets: &[u8]) -> bool {
    octets.iter().fold(0, |any, octet| any | octet | octet.wrapping_sub(1)) < 128
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_bit_is_what_has_no_high_bit_and_no_nul() {
        for (octets, expected) in [
            (&b""[..], true),
            (b"\x01 a\r\n\x7f", true),
            (b"\0", false),
            (b"\x80", false),
            (b"a\xffb", false),
            // Two high bits do not make a low one.
            (b"\xc3\x80", false),
        ] {
            assert_eq!(is_seven_bit(octets), expected, "{}", crate::Escaped(octets));
        }
    }
}

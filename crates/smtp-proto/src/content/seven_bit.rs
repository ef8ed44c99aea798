//! Which content is 7-bit.

/// How many octets are examined together.
const BLOCK: usize = 256;

/// The octets before the first one that is not 7-bit.
pub(super) fn seven_bit_part(octets: &[u8]) -> &[u8] {
    if is_seven_bit(octets) {
        return octets;
    }
    let end = octets.iter().position(|octet| !is_seven_bit(&[*octet]));
    end.and_then(|end| octets.get(..end)).unwrap_or(octets)
}

/// Whether all octets are from 1 to 127, so that content made of them can be sent to a server without 8BITMIME
/// (RFC 5321 section 4.5.2).
pub fn is_seven_bit(octets: &[u8]) -> bool {
    // The compiler unrolls the loop for blocks of a known length.
    let mut blocks = octets.chunks_exact(BLOCK);
    blocks.all(are_seven_bit) && are_seven_bit(blocks.remainder())
}

#[inline]
fn are_seven_bit(octets: &[u8]) -> bool {
    // NUL becomes 255.
    octets.iter().fold(0, |most: u8, octet| most.max(octet.wrapping_sub(1))) < 127
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_from_1_to_127_are_seven_bit() {
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
        for place in 0..2 * BLOCK + 3 {
            let mut octets = [b'x'; 2 * BLOCK + 3];
            assert!(is_seven_bit(&octets));
            octets[place] = 0;
            assert!(!is_seven_bit(&octets), "{place}");
        }
    }
}

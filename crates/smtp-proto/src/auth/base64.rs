//! The encoding of challenges and responses (RFC 4954 section 4).

use alloc::vec::Vec;

use base64ct::{Base64, Encoding};

/// Appends `octets` in base64. `out` must have room for [`encoded_len`] more octets: if it grew, it would leave a copy
/// of a secret behind.
pub(crate) fn encode_into(octets: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start.saturating_add(encoded_len(octets.len())), 0);
    // It fits, because it has the length of its encoding.
    if let Some(Err(_)) | None = out.get_mut(start..).map(|room| Base64::encode(octets, room)) {
        out.truncate(start);
    }
}

/// The length of this many octets in base64.
pub(crate) const fn encoded_len(octets: usize) -> usize {
    octets.div_ceil(3).saturating_mul(4)
}

/// The most octets whose base64 fits into `room`.
pub(crate) const fn longest_encoded(room: usize) -> usize {
    (room / 4).saturating_mul(3)
}

/// The octets of a challenge; `None` if the text is not base64.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    Base64::decode_vec(core::str::from_utf8(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_encoded_and_decoded() {
        for len in 0..100 {
            let octets: Vec<u8> = (0_u8..len).map(|at| at.wrapping_mul(37)).collect();
            let mut out = b"AUTH ".to_vec();
            out.reserve_exact(encoded_len(octets.len()));
            let capacity = out.capacity();
            encode_into(&octets, &mut out);
            assert_eq!(out.capacity(), capacity);
            assert_eq!(out.len(), 5 + encoded_len(octets.len()));
            assert_eq!(decode(&out[5..]), Some(octets));
        }
    }

    #[test]
    fn the_longest_text_that_fits_is_known() {
        for room in 0..100 {
            assert!(encoded_len(longest_encoded(room)) <= room);
            assert!(encoded_len(longest_encoded(room) + 1) > room);
        }
    }

    #[test]
    fn what_is_not_base64_is_refused() {
        for text in [&b"a"[..], b"ab==c", b"====", b"YQ=", b"YQ", b"Y Q=", b"\xff\xff\xff\xff", b"YQ==\r"] {
            assert_eq!(decode(text), None);
        }
    }
}

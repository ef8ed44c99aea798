//! Where a line ends.

use memchr::memchr;

/// Octets of a line that are looked at eight at a time. Lines of replies are mostly shorter, and
/// then a vector search costs more to start than it saves.
const SHORT: usize = 64;

/// The first line without its LF, and what is behind it.
#[inline]
pub(super) fn split_line(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (line, behind) = octets.split_at_checked(line_end(octets)?)?;
    Some((line, behind.get(1..)?))
}

/// The place of the first LF.
pub(super) fn line_end(octets: &[u8]) -> Option<usize> {
    let mut at = 0_usize;
    let mut rest = octets;
    while let Some((eight, behind)) = rest.split_first_chunk() {
        if let Some(place) = line_end_of_eight(*eight) {
            return Some(at.saturating_add(place));
        }
        at = at.saturating_add(eight.len());
        if at >= SHORT {
            return memchr(b'\n', behind).map(|place| at.saturating_add(place));
        }
        rest = behind;
    }
    // The last eight once more, rather than one by one: what stands before `at` has no LF.
    match octets.last_chunk() {
        Some(eight) => line_end_of_eight(*eight).map(|place| octets.len().saturating_sub(8).saturating_add(place)),
        None => octets.iter().position(|octet| *octet == b'\n'),
    }
}

/// An octet becomes 0 where it is a LF; of the octets that borrow when 1 is taken off and that have
/// no high bit, the lowest is the lowest 0.
fn line_end_of_eight(eight: [u8; 8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHS: u64 = ONES << 7;
    let differs = u64::from_le_bytes(eight) ^ u64::from_ne_bytes([b'\n'; 8]);
    let zeros = differs.wrapping_sub(ONES) & !differs & HIGHS;
    (zeros != 0).then(|| zeros.trailing_zeros() as usize / 8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn the_first_line_end_is_found_at_any_place_among_any_octets() {
        for len in 0..200 {
            for other in [b'x', 0, 9, 0x0b, 0x8a, 0xff] {
                let mut octets = vec![other; len];
                assert_eq!(line_end(&octets), None);
                for place in (0..len).rev() {
                    octets[place] = b'\n';
                    assert_eq!(line_end(&octets), Some(place), "{len} octets {other}");
                }
            }
        }
    }
}

//! Finds line ends.

use core::ops::ControlFlow;

/// Folds the positions of all LFs in `octets` from `start` on, in order, until `fold` breaks.
///
/// Examines eight octets at a time and calls `fold` within the loop. Lines of replies are short, and starting a
/// search for each of them would cost several times as much.
#[inline]
pub(super) fn fold_line_ends<T, B>(
    octets: &[u8],
    start: usize,
    init: T,
    mut fold: impl FnMut(T, usize) -> ControlFlow<B, T>,
) -> ControlFlow<B, T> {
    let mut folded = init;
    let mut at = start;
    let mut rest = octets.get(start..).unwrap_or_default();
    while let Some((eight, behind)) = rest.split_first_chunk() {
        let mut found = line_ends_of_eight(u64::from_le_bytes(*eight));
        while found != 0 {
            folded = fold(folded, at.wrapping_add(found.trailing_zeros() as usize / 8))?;
            found &= found.wrapping_sub(1);
        }
        at = at.wrapping_add(eight.len());
        rest = behind;
    }
    let mut found = line_ends_of_eight(last_eight(octets, rest.len()));
    while found != 0 {
        folded = fold(folded, at.wrapping_add(found.trailing_zeros() as usize / 8))?;
        found &= found.wrapping_sub(1);
    }
    ControlFlow::Continue(folded)
}

/// The last `len` octets, fewer than eight, followed by zeros.
#[inline]
fn last_eight(octets: &[u8], len: usize) -> u64 {
    match octets.last_chunk() {
        // Shifts out the octets before them. In two steps, because for `len` 0 all 64 bits are shifted out.
        Some(eight) => u64::from_le_bytes(*eight) >> 8 >> 7_usize.wrapping_sub(len).wrapping_mul(8),
        None => octets.iter().rev().take(len).fold(0, |word, octet| word << 8 | u64::from(*octet)),
    }
}

/// Has the high bit set in each octet that is a LF. The first octet is the lowest.
#[inline]
const fn line_ends_of_eight(eight: u64) -> u64 {
    const LOWS: u64 = u64::from_ne_bytes([0x7f; 8]);
    let differs = eight ^ u64::from_ne_bytes([b'\n'; 8]);
    // An octet that differs from LF gets its high bit set by the sum, or has it already. No octet carries into the
    // next.
    !((differs & LOWS).wrapping_add(LOWS) | differs | LOWS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{vec, vec::Vec};

    fn line_ends(octets: &[u8], start: usize) -> Vec<usize> {
        let all = fold_line_ends(octets, start, Vec::new(), |mut found, place| {
            found.push(place);
            ControlFlow::<(), _>::Continue(found)
        });
        all.continue_value().unwrap()
    }

    #[test]
    fn all_line_ends_are_found_in_order() {
        for len in 0..100 {
            for other in [b'x', 0, 9, 0x0b, 0x8a, 0xff] {
                for (start, distance) in [(0, 1), (1, 2), (0, 3), (7, 1), (8, 9), (20, 7), (3, 31), (0, 90)] {
                    let mut octets = vec![other; len];
                    let expected: Vec<_> = (start..len).step_by(distance).collect();
                    // LFs before `start` are not reported.
                    (0..start.min(len)).chain(expected.iter().copied()).for_each(|place| octets[place] = b'\n');
                    assert_eq!(line_ends(&octets, start), expected, "{len} octets {other}");
                }
            }
        }
    }
}

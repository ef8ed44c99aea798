//! Decimal numbers in commands and replies.

use alloc::vec::Vec;

/// Appends the digits of `number` to `out`.
#[inline]
pub(crate) fn extend(out: &mut Vec<u8>, number: u64) {
    let Ok(number @ ..100_000_000) = u32::try_from(number) else { return extend_long(out, number) };
    let digits = eight_digits(number);
    // The first digit is in the lowest octet. The last one stays, even if it is zero.
    let zeros = (digits | 1 << 56).trailing_zeros() / 8;
    let text = (digits | u64::from_le_bytes([b'0'; 8])).wrapping_shr(zeros.wrapping_mul(8));
    // Appending one word is cheaper than a call that copies a few octets.
    out.extend_from_slice(&text.to_le_bytes());
    out.truncate(out.len().saturating_sub(zeros as usize));
}

/// The digits of a number below 10^8, one in each octet, the first in the lowest. Every step splits all numbers in the
/// word at once, which takes fewer instructions than a division for each digit.
const fn eight_digits(number: u32) -> u64 {
    let fours = ((number % 10_000) as u64) << 32 | (number / 10_000) as u64;
    // The multiplications stand for divisions by 100 and by 10. They are exact for numbers of four and of two digits.
    let hundreds = (fours.wrapping_mul(10_486) >> 20) & 0x007f_0000_007f;
    let twos = fours.wrapping_sub(hundreds.wrapping_mul(100)) << 16 | hundreds;
    let tens = (twos.wrapping_mul(103) >> 10) & 0x000f_000f_000f_000f;
    twos.wrapping_sub(tens.wrapping_mul(10)) << 8 | tens
}

/// For a number that may have more digits than a word has octets.
#[cold]
fn extend_long(out: &mut Vec<u8>, number: u64) {
    extend(out, number / 10);
    extend(out, number % 10);
}

/// The number with these digits; `None` if there are none, others, or too many for a `u64`.
pub(crate) fn parse(digits: &[u8]) -> Option<u64> {
    match parse_start(digits)? {
        (number, []) => Some(number),
        (_, [_, ..]) => None,
    }
}

/// The number at the start of `text`, and what follows it.
#[inline]
pub(crate) fn parse_start(text: &[u8]) -> Option<(u64, &[u8])> {
    let [digit @ b'0'..=b'9', rest @ ..] = text else { return None };
    let (mut number, mut rest) = (u64::from(digit & 0x0f), rest);
    while let [digit @ b'0'..=b'9', behind @ ..] = rest {
        number = number.checked_mul(10)?.checked_add(u64::from(digit & 0x0f))?;
        rest = behind;
    }
    Some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::{String, ToString};

    #[test]
    fn numbers_of_any_length_are_written_and_read() {
        let powers = (0..20).map(|exponent| 10_u64.pow(exponent));
        let around = powers.flat_map(|power| [power - 1, power, power + 1]);
        for number in around.chain([12_345_678, 123_456_789, u64::from(u32::MAX), u64::MAX - 1, u64::MAX]) {
            let mut out = b"=".to_vec();
            extend(&mut out, number);
            assert_eq!(out, alloc::format!("={number}").into_bytes());
            assert_eq!(parse(number.to_string().as_bytes()), Some(number));
        }
        for four in 0..10_000 {
            let number = four * 10_000 + (9_999 - four);
            let digits = eight_digits(number).to_le_bytes().map(|digit| char::from(b'0' + digit));
            assert_eq!(String::from_iter(digits), alloc::format!("{number:08}"));
        }
    }

    #[test]
    fn only_digits_are_a_number() {
        for (digits, expected) in [
            ("007", Some(7)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("99999999999999999999", None),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("1 ", None),
            ("1:", None),
            ("/1", None),
        ] {
            assert_eq!(parse(digits.as_bytes()), expected, "{digits:?}");
        }
    }
}

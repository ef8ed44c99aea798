//! Decimal numbers in commands and replies.

use alloc::vec::Vec;

/// Appends the digits of `number` to `out`.
#[inline]
pub(crate) fn extend(out: &mut Vec<u8>, number: u64) {
    let Ok(mut rest @ ..100_000_000) = u32::try_from(number) else { return extend_long(out, number) };
    // The first digit is the lowest octet. Appending one word is cheaper than a call that copies a few octets.
    let mut word = 0;
    loop {
        word = word << 8 | u64::from(b'0') | u64::from(rest % 10);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&word.to_le_bytes());
    out.truncate(out.len().saturating_sub(word.leading_zeros() as usize / 8));
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
    use alloc::string::ToString;

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

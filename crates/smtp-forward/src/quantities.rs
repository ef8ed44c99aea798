//! Numbers with a unit, in arguments.

use std::time::Duration;

/// A duration that is not zero, in seconds.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("must be more than zero, and not too large".to_owned()),
    }
}

/// Octets: a number, or one with a unit, a power of 1024.
pub(crate) fn octets(text: &str) -> Result<u64, String> {
    const UNITS: [(char, u64); 3] = [('K', 1 << 10), ('M', 1 << 20), ('G', 1 << 30)];
    let with_unit = UNITS.iter().find_map(|(suffix, unit)| Some((text.strip_suffix(*suffix)?, *unit)));
    let (number, unit) = with_unit.unwrap_or((text, 1));
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)) {
        None => Err("not a number of octets, or too large".to_owned()),
        Some(0) => Err("must be more than zero".to_owned()),
        Some(octets) => Ok(octets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_number_with_an_optional_unit() {
        for (text, size) in [
            ("1", Some(1)),
            ("3K", Some(3 * 1024)),
            ("2M", Some(2 * 1024 * 1024)),
            ("1G", Some(1024 * 1024 * 1024)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551615K", None),
            ("0", None),
            ("0G", None),
            ("", None),
            ("K", None),
            ("-1", None),
            ("1.5G", None),
            ("1T", None),
            ("1KK", None),
        ] {
            assert_eq!(octets(text).ok(), size, "{text:?}");
        }
    }
}

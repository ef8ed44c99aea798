//! Names and times of certificates as text.

use super::der::{self, Element, GENERALIZED_TIME, OID, SEQUENCE, SET, UTC_TIME};

/// The longest text to keep, in characters.
const MAX_TEXT: usize = 256;

/// Makes text from the peer safe to print: escapes control characters, and characters that change the direction of
/// the text around them.
pub(super) fn printable(text: &str) -> String {
    let mut printable = String::new();
    for character in text.chars().take(MAX_TEXT) {
        if character == ' ' || character.is_ascii_graphic() || character.is_alphanumeric() {
            printable.push(character);
        } else {
            printable.extend(character.escape_unicode());
        }
    }
    if text.chars().nth(MAX_TEXT).is_some() {
        printable.push_str("...");
    }
    printable
}

/// A distinguished name, such as `C=US, O=Example, CN=mx.example.net`, in the order of the certificate.
pub(super) fn distinguished_name(name: Element<'_>) -> String {
    let sets = name.elements().filter(|set| set.tag == SET);
    let attributes = sets.flat_map(Element::elements).filter(|attribute| attribute.tag == SEQUENCE);
    let shown = attributes.filter_map(|attribute| {
        let mut parts = attribute.elements();
        let (oid, value) = (parts.expect(OID)?.contents, parts.next()?);
        Some(format!("{}={}", attribute_name(oid), printable(&string(value))))
    });
    // A name can have thousands of attributes.
    shown.take(16).collect::<Vec<_>>().join(", ")
}

/// RFC 4514 section 3, and the e-mail address that self-signed certificates have.
fn attribute_name(oid: &[u8]) -> String {
    let name = match oid {
        [0x55, 0x04, 0x03] => "CN",
        [0x55, 0x04, 0x06] => "C",
        [0x55, 0x04, 0x07] => "L",
        [0x55, 0x04, 0x08] => "ST",
        [0x55, 0x04, 0x0a] => "O",
        [0x55, 0x04, 0x0b] => "OU",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19] => "DC",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01] => "emailAddress",
        _ => return der::dotted(oid),
    };
    name.to_owned()
}

/// The string types of X.680.
fn string(value: Element<'_>) -> String {
    match value.tag {
        // BMPString
        0x1e => {
            let units =
                value.contents.chunks_exact(2).map(|pair| pair.iter().fold(0, |unit, o| unit << 8 | u16::from(*o)));
            char::decode_utf16(units).map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        // TeletexString, which in practice is Latin-1.
        0x14 => value.contents.iter().copied().map(char::from).collect(),
        _ => String::from_utf8_lossy(value.contents).into_owned(),
    }
}

/// A time of a certificate (RFC 5280 section 4.1.2.5), such as `2026-01-31T12:00:00Z`.
pub(super) fn rfc_3339(time: Element<'_>) -> String {
    let text = String::from_utf8_lossy(time.contents);
    let full = match time.tag {
        UTC_TIME if text.as_bytes() < b"5".as_slice() => format!("20{text}"),
        UTC_TIME => format!("19{text}"),
        GENERALIZED_TIME => text.to_string(),
        _ => String::new(),
    };
    let digits =
        full.strip_suffix('Z').filter(|digits| digits.len() == 14 && digits.bytes().all(|o| o.is_ascii_digit()));
    let Some(digits) = digits else { return printable(&text) };
    let mut shown = String::new();
    for (position, digit) in digits.chars().enumerate() {
        match position {
            4 | 6 => shown.push('-'),
            8 => shown.push('T'),
            10 | 12 => shown.push(':'),
            _ => (),
        }
        shown.push(digit);
    }
    shown.push('Z');
    shown
}

/// Seconds since 1970 in the same form.
pub(super) fn rfc_3339_from_unix(seconds: u64) -> String {
    let (mut days, second) = (seconds / 86_400, seconds % 86_400);
    let is_leap = |year: u64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut year = 1970;
    // The years of certificates have four digits.
    while year < 9999 {
        let len = if is_leap(year) { 366 } else { 365 };
        if days < len {
            break;
        }
        days -= len;
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for len in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < len {
            break;
        }
        days -= len;
        month += 1;
    }
    let (day, hour, minute, second) = (days + 1, second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_as_rfc_3339() {
        for (tag, text, shown) in [
            (UTC_TIME, "260131120000Z", "2026-01-31T12:00:00Z"),
            (UTC_TIME, "491231235959Z", "2049-12-31T23:59:59Z"),
            (UTC_TIME, "500101000000Z", "1950-01-01T00:00:00Z"),
            (GENERALIZED_TIME, "99991231235959Z", "9999-12-31T23:59:59Z"),
            (GENERALIZED_TIME, "2026\n", "2026\\u{a}"),
            (UTC_TIME, "", ""),
            (UTC_TIME, "2601311200Z", "2601311200Z"),
        ] {
            assert_eq!(rfc_3339(Element { tag, contents: text.as_bytes() }), shown, "{text:?}");
        }
        for (seconds, shown) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_798_761_599, "2026-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc_3339_from_unix(seconds), shown);
        }
    }

    #[test]
    fn text_of_the_peer_is_safe_to_print() {
        assert_eq!(printable("B\u{fc}cher \u{1b}[31m\u{202e}"), "B\u{fc}cher \\u{1b}[31m\\u{202e}");
        assert_eq!(printable(&"a".repeat(300)).len(), 259);
    }

    #[test]
    fn every_string_type_is_read() {
        for (tag, contents, text) in [
            (0x0c, "B\u{fc}".as_bytes(), "B\u{fc}"),
            (0x14, &[0x42, 0xfc][..], "B\u{fc}"),
            (0x1e, &[0x00, 0x42, 0x00, 0xfc, 0x00][..], "B\u{fc}"),
            (0x1e, &[0xd8, 0x00][..], "\u{fffd}"),
        ] {
            assert_eq!(string(Element { tag, contents }), text);
        }
    }
}

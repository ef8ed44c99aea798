//! SASLprep (RFC 4013): different ways to type the same text become the same octets.
//!
//! Both are prepared as stored strings. RFC 5802 section 5.1 makes user names query strings, which may have code points
//! that are not assigned in Unicode 3.2; the library cannot prepare those.

use alloc::string::String;

use zeroize::Zeroizing;

use crate::error::{Field, SetupError};

/// The text as SCRAM sends and hashes it. ASCII stays as it is, but must not have control characters (RFC 3454 table
/// C.2.1). It is not empty.
pub(super) fn prepared(field: Field, octets: &[u8]) -> Result<Zeroizing<String>, SetupError> {
    let text = core::str::from_utf8(octets).map_err(|_| SetupError::NotPreparable(field))?;
    let text = match (text.is_ascii(), octets.iter().any(u8::is_ascii_control)) {
        (_, true) => return Err(SetupError::NotPreparable(field)),
        (true, false) => Zeroizing::new(String::from(text)),
        (false, false) => mapped(field, text)?,
    };
    if text.is_empty() { Err(SetupError::NotPreparable(field)) } else { Ok(text) }
}

/// The library leaves unwiped copies behind while it builds its result.
#[cfg(feature = "std")]
fn mapped(field: Field, text: &str) -> Result<Zeroizing<String>, SetupError> {
    match stringprep::saslprep(text) {
        Ok(text) => Ok(Zeroizing::new(text.into_owned())),
        Err(_) => Err(SetupError::NotPreparable(field)),
    }
}

/// RFC 5802 section 2.2: without SASLprep, only ASCII is allowed.
#[cfg(not(feature = "std"))]
fn mapped(field: Field, _: &str) -> Result<Zeroizing<String>, SetupError> {
    Err(SetupError::NotAscii(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Result<String, SetupError> {
        prepared(Field::User, text.as_bytes()).map(|text| String::from(&**text))
    }

    #[test]
    fn ascii_stays_as_it_is_without_control_characters() {
        for text in ["user", "USER", " a,b=c ", "~"] {
            assert_eq!(found(text).as_deref(), Ok(text));
        }
        for text in ["", "\t", "a\x7f", "a\n", "\u{fc}\n"] {
            assert_eq!(found(text), Err(SetupError::NotPreparable(Field::User)), "{text:?}");
        }
        assert_eq!(prepared(Field::User, b"\xff").err(), Some(SetupError::NotPreparable(Field::User)));
    }

    #[cfg(feature = "std")]
    #[test]
    fn the_examples_of_rfc_4013_section_3() {
        for (text, expected) in [
            ("I\u{ad}X", Ok("IX")),
            ("\u{aa}", Ok("a")),
            ("\u{2168}", Ok("IX")),
            ("a\u{a0}b", Ok("a b")),
            ("\u{7}", Err(())),
            ("\u{627}1", Err(())),
            // Nothing remains.
            ("\u{ad}", Err(())),
        ] {
            let expected = expected.map(String::from).map_err(|()| SetupError::NotPreparable(Field::User));
            assert_eq!(found(text), expected, "{text:?}");
        }
    }

    #[cfg(not(feature = "std"))]
    #[test]
    fn other_text_needs_the_feature() {
        assert_eq!(found("\u{fc}"), Err(SetupError::NotAscii(Field::User)));
    }
}

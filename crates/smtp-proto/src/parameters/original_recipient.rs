//! The recipient that the sender named (RFC 3461 section 4.2).

use alloc::{boxed::Box, vec::Vec};
use core::fmt;

use super::{
    error::ParameterError,
    notification::check_printable,
    xtext::{self, hex_digit},
};
use crate::address::Mailbox;

/// The recipient as the sender named it, however the address has changed since: the ORCPT parameter of RCPT (RFC 3461
/// section 4.2).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct OriginalRecipient {
    address_type: Box<str>,
    address: Box<str>,
}

/// The address type for addresses that are not ASCII (RFC 6533 section 3).
const UTF_8: &str = "utf-8";

impl OriginalRecipient {
    /// RFC 3461 section 4 allows 500 octets more for the parameters of RCPT. NOTIFY and the keyword need some of them.
    const MAX: usize = 450;

    /// The mailbox, of the type `rfc822`, or `utf-8` if it is not ASCII (RFC 6533 section 3).
    pub fn new(mailbox: &Mailbox) -> Result<Self, ParameterError> {
        let address = mailbox.as_str();
        Self::of_type(if address.is_ascii() { "rfc822" } else { UTF_8 }, address)
    }

    /// An address of another type, such as `x400`. It must be printable ASCII unless the type is `utf-8`, and at most
    /// 450 octets once it is encoded.
    pub fn of_type(address_type: &str, address: &str) -> Result<Self, ParameterError> {
        let is_atom = |text: &str| text.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
        if address_type.is_empty() || !is_atom(address_type) {
            return Err(ParameterError::Keyword);
        }
        if address_type.eq_ignore_ascii_case(UTF_8) {
            if address.is_empty() {
                return Err(ParameterError::Empty);
            }
            if let Some((at, _)) = address.char_indices().find(|(_, character)| character.is_control()) {
                return Err(ParameterError::Character(at));
            }
        } else {
            check_printable(address)?;
        }
        let original = Self { address_type: address_type.into(), address: address.into() };
        let mut encoded = Vec::new();
        original.encode(false, &mut encoded);
        if encoded.len() > Self::MAX { Err(ParameterError::TooLong(Self::MAX)) } else { Ok(original) }
    }

    /// The type, such as `rfc822`.
    pub fn address_type(&self) -> &str {
        &self.address_type
    }

    /// The address, not encoded.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Appends the value. `raw`: whether characters that are not ASCII may be sent as they are, which they should if
    /// MAIL has SMTPUTF8 (RFC 6533 section 3).
    pub(super) fn encode(&self, raw: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(self.address_type.as_bytes());
        out.push(b';');
        if !self.address_type.eq_ignore_ascii_case(UTF_8) {
            return xtext::encode(self.address.as_bytes(), out);
        }
        let mut buffer = [0; 4];
        for character in self.address.chars() {
            match character {
                // `QCHAR = %x21-2a / %x2c-3c / %x3e-5b / %x5d-7e`
                '!'..='~' if !matches!(character, '+' | '=' | '\\') => {
                    out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
                }
                _ if raw && !character.is_ascii() => {
                    out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
                }
                _ => encode_embedded(character, out),
            }
        }
    }
}

/// `EmbeddedUnicodeChar = %x5C.78 "{" HEXPOINT "}"`, with at least two digits.
fn encode_embedded(character: char, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\\x{");
    let point = u32::from(character);
    for place in (0..6_u32).rev() {
        let rest = point >> place.saturating_mul(4);
        if rest > 0 || place < 2 {
            out.push(hex_digit(u8::try_from(rest & 15).unwrap_or_default()));
        }
    }
    out.push(b'}');
}

impl fmt::Debug for OriginalRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};{:?}", self.address_type, self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    fn encoded(original: &OriginalRecipient, raw: bool) -> String {
        let mut out = Vec::new();
        original.encode(raw, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_type_has_its_form() {
        for (address, ascii, raw) in [
            ("bob@example.net", "rfc822;bob@example.net", "rfc822;bob@example.net"),
            ("a+b=c@example.net", "rfc822;a+2Bb+3Dc@example.net", "rfc822;a+2Bb+3Dc@example.net"),
            ("\"a b\"@example.net", "rfc822;\"a+20b\"@example.net", "rfc822;\"a+20b\"@example.net"),
            ("jürgen+x@example.net", "utf-8;j\\x{FC}rgen\\x{2B}x@example.net", "utf-8;jürgen\\x{2B}x@example.net"),
            ("\"ü \\\\\"@x", "utf-8;\"\\x{FC}\\x{20}\\x{5C}\\x{5C}\"@x", "utf-8;\"ü\\x{20}\\x{5C}\\x{5C}\"@x"),
            ("\u{20ac}\u{1f600}@x", "utf-8;\\x{20AC}\\x{1F600}@x", "utf-8;\u{20ac}\u{1f600}@x"),
        ] {
            let original = OriginalRecipient::new(&Mailbox::new(address).unwrap()).unwrap();
            assert_eq!((encoded(&original, false).as_str(), encoded(&original, true).as_str()), (ascii, raw));
        }
    }

    #[test]
    fn an_address_that_could_end_the_parameter_is_rejected() {
        for (address_type, address, expected) in [
            ("rfc822", "a\r\nb", ParameterError::Character(1)),
            ("utf-8", "a\u{85}", ParameterError::Character(1)),
            ("rfc822", "é", ParameterError::Character(0)),
            ("rfc 822", "a", ParameterError::Keyword),
            ("", "a", ParameterError::Keyword),
            ("x400", "", ParameterError::Empty),
            ("utf-8", "", ParameterError::Empty),
        ] {
            assert_eq!(OriginalRecipient::of_type(address_type, address), Err(expected));
        }
        assert!(OriginalRecipient::of_type("x400", &"a".repeat(445)).is_ok());
        let long = OriginalRecipient::of_type("x400", &"a".repeat(446));
        assert_eq!(long, Err(ParameterError::TooLong(450)));
    }
}

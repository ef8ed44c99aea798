//! Parameters of extensions that this crate does not know (RFC 5321 section 4.1.2).

use alloc::{boxed::Box, vec::Vec};
use core::fmt;

use super::error::ParameterError;

/// A parameter of MAIL or RCPT, and the extension that a server must offer to be sent it. This is how extensions such
/// as FUTURERELEASE (RFC 4865), MT-PRIORITY (RFC 6710) and RRVS (RFC 7293) can be used.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Parameter {
    extension: Box<str>,
    keyword: Box<str>,
    value: Option<Box<str>>,
}

/// The parameters that are set in another way.
const RESERVED: [&str; 10] =
    ["SIZE", "BODY", "SMTPUTF8", "REQUIRETLS", "RET", "ENVID", "BY", "AUTH", "NOTIFY", "ORCPT"];

impl Parameter {
    /// A parameter. `extension` is the keyword that the reply to EHLO must have, such as `FUTURERELEASE` for the
    /// parameter `HOLDFOR`.
    pub fn new(extension: &str, keyword: &str, value: Option<&str>) -> Result<Self, ParameterError> {
        if !is_keyword(extension) || !is_keyword(keyword) {
            return Err(ParameterError::Keyword);
        }
        if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(keyword)) {
            return Err(ParameterError::Reserved);
        }
        // `esmtp-value = 1*(%d33-60 / %d62-126)`
        match value.map(|value| value.bytes().position(|octet| !matches!(octet, 33..=60 | 62..=126))) {
            _ if value == Some("") => Err(ParameterError::Empty),
            Some(Some(at)) => Err(ParameterError::Character(at)),
            Some(None) | None => {
                Ok(Self { extension: extension.into(), keyword: keyword.into(), value: value.map(Into::into) })
            }
        }
    }

    /// The keyword that the reply to EHLO must have.
    pub fn extension(&self) -> &str {
        &self.extension
    }

    /// The keyword of the parameter.
    pub fn keyword(&self) -> &str {
        &self.keyword
    }

    /// Its value, if it has one.
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// The octets that it adds to a command.
    pub(crate) fn len(&self) -> usize {
        let value = self.value.as_ref().map_or(0, |value| value.len().saturating_add(1));
        self.keyword.len().saturating_add(value).saturating_add(1)
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(b' ');
        out.extend_from_slice(self.keyword.as_bytes());
        if let Some(value) = &self.value {
            out.push(b'=');
            out.extend_from_slice(value.as_bytes());
        }
    }
}

impl fmt::Debug for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.extension, self.keyword)?;
        self.value.iter().try_for_each(|value| write!(f, "={value}"))
    }
}

/// `esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")`
fn is_keyword(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_one_word_that_overrides_nothing() {
        for (extension, keyword, value, expected) in [
            ("FUTURERELEASE", "HOLDFOR", Some("60"), None),
            ("MT-PRIORITY", "MT-PRIORITY", Some("-3"), None),
            ("X", "x-flag", None, None),
            ("SIZE", "size", Some("1"), Some(ParameterError::Reserved)),
            ("X", "Notify", Some("NEVER"), Some(ParameterError::Reserved)),
            ("X", "A", Some(""), Some(ParameterError::Empty)),
            ("X", "A", Some("a b"), Some(ParameterError::Character(1))),
            ("X", "A", Some("a=b"), Some(ParameterError::Character(1))),
            ("X", "A", Some("é"), Some(ParameterError::Character(0))),
            ("X", "A\r\nRSET", None, Some(ParameterError::Keyword)),
            ("X", "-A", None, Some(ParameterError::Keyword)),
            ("", "A", None, Some(ParameterError::Keyword)),
        ] {
            assert_eq!(Parameter::new(extension, keyword, value).err(), expected, "{extension} {keyword} {value:?}");
        }
    }
}

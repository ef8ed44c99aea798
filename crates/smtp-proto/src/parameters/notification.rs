//! Requests for delivery status notifications (RFC 3461).

use alloc::{boxed::Box, vec::Vec};
use core::{fmt, str::FromStr};

use super::{error::ParameterError, xtext};

/// What a notification returns: the RET parameter of MAIL (RFC 3461 section 4.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "the grammar has these two")]
pub enum Return {
    /// The whole message.
    Full,
    /// Only its header.
    Headers,
}

impl Return {
    pub(super) const fn keyword(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Headers => "HDRS",
        }
    }
}

/// The name by which the sender recognizes a notification: the ENVID parameter of MAIL (RFC 3461 section 4.4).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EnvelopeId(Box<str>);

impl EnvelopeId {
    /// The most characters, before they are encoded.
    const MAX: usize = 100;

    /// An envelope identifier: 1 to 100 characters of printable ASCII, spaces included. It is encoded as xtext when it
    /// is sent.
    pub fn new(id: &str) -> Result<Self, ParameterError> {
        check_printable(id)?;
        if id.len() > Self::MAX {
            return Err(ParameterError::TooLong(Self::MAX));
        }
        Ok(Self(id.into()))
    }

    /// The identifier, not encoded.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        xtext::encode(self.0.as_bytes(), out);
    }
}

impl FromStr for EnvelopeId {
    type Err = ParameterError;

    fn from_str(id: &str) -> Result<Self, ParameterError> {
        Self::new(id)
    }
}

impl fmt::Debug for EnvelopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Text that is not empty and consists of printable ASCII and spaces.
pub(super) fn check_printable(text: &str) -> Result<(), ParameterError> {
    if text.is_empty() {
        return Err(ParameterError::Empty);
    }
    match text.bytes().position(|octet| !matches!(octet, b' '..=b'~')) {
        Some(at) => Err(ParameterError::Character(at)),
        None => Ok(()),
    }
}

/// When the sender is to be notified about a recipient: the NOTIFY parameter of RCPT (RFC 3461 section 4.1). The empty
/// set is `NEVER`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Notify(u8);

impl Notify {
    /// Under no circumstances.
    pub const NEVER: Self = Self(0);
    /// When the message was delivered.
    pub const SUCCESS: Self = Self(1);
    /// When it cannot be delivered.
    pub const FAILURE: Self = Self(2);
    /// When its delivery is delayed.
    pub const DELAY: Self = Self(4);

    const NAMES: [(&'static str, Self); 3] =
        [("SUCCESS", Self::SUCCESS), ("FAILURE", Self::FAILURE), ("DELAY", Self::DELAY)];

    /// In any of these cases and those.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the sender must not be notified at all.
    pub const fn is_never(self) -> bool {
        self.0 == 0
    }

    /// Whether the sender is to be notified in any of these cases.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Parses `NEVER`, or any of `SUCCESS`, `FAILURE` and `DELAY` with commas between them, in any case.
impl FromStr for Notify {
    type Err = ParameterError;

    fn from_str(text: &str) -> Result<Self, ParameterError> {
        if text.eq_ignore_ascii_case("NEVER") {
            return Ok(Self::NEVER);
        }
        text.split(',').try_fold(Self::NEVER, |set, word| {
            let known = Self::NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
            match known {
                Some((_, condition)) => Ok(set.or(*condition)),
                None if word.eq_ignore_ascii_case("NEVER") => Err(ParameterError::NeverWithOthers),
                None => Err(ParameterError::Condition),
            }
        })
    }
}

/// The value of the parameter.
impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_never() {
            return f.write_str("NEVER");
        }
        let names = Self::NAMES.iter().filter(|(_, condition)| self.contains(*condition));
        for (index, (name, _)) in names.enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            f.write_str(name)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn never_stands_alone() {
        for (text, expected) in [
            ("NEVER", Ok("NEVER")),
            ("never", Ok("NEVER")),
            ("DELAY,success", Ok("SUCCESS,DELAY")),
            ("FAILURE,FAILURE", Ok("FAILURE")),
            ("SUCCESS,FAILURE,DELAY", Ok("SUCCESS,FAILURE,DELAY")),
            ("NEVER,DELAY", Err(ParameterError::NeverWithOthers)),
            ("FAILURE,never", Err(ParameterError::NeverWithOthers)),
            ("", Err(ParameterError::Condition)),
            ("FAILURE,", Err(ParameterError::Condition)),
            ("FAILURE, DELAY", Err(ParameterError::Condition)),
        ] {
            let parsed = text.parse::<Notify>().map(|notify| notify.to_string());
            assert_eq!(parsed, expected.map(ToString::to_string), "{text:?}");
        }
    }

    #[test]
    fn an_envelope_id_has_1_to_100_printable_characters() {
        for (id, expected) in [
            ("a".repeat(100), None),
            ("a".repeat(101), Some(ParameterError::TooLong(100))),
            ("a b+c=d".to_string(), None),
            (alloc::string::String::new(), Some(ParameterError::Empty)),
            ("a\r\nb".to_string(), Some(ParameterError::Character(1))),
            ("é".to_string(), Some(ParameterError::Character(0))),
        ] {
            assert_eq!(EnvelopeId::new(&id).err(), expected, "{id:?}");
        }
        let mut out = Vec::new();
        EnvelopeId::new("a b").unwrap().encode(&mut out);
        assert_eq!(out, b"a+20b");
    }
}

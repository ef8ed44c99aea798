//! Commands that only ask: VRFY and HELP (RFC 5321 sections 4.1.1.6 and 4.1.1.8), and what their replies mean.

use alloc::boxed::Box;
use core::fmt;

use crate::{
    address::AddressError,
    characters::is_invisible,
    reply::{Code, Severity},
};

/// What VRFY or HELP asks about: a mailbox, a user name or a command. It is not empty, has no control characters, and at
/// most 500 octets.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Argument(Box<str>);

impl Argument {
    /// A command line has 512 octets, CR LF included (RFC 5321 section 4.5.3.1.4).
    const MAX: usize = 500;

    /// Checks the text.
    pub fn new(text: &str) -> Result<Self, AddressError> {
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        if text.len() > Self::MAX {
            return Err(AddressError::TooLong);
        }
        if let Some((at, _)) = text.char_indices().find(|(_, character)| character.is_control()) {
            return Err(AddressError::Control(at));
        }
        match text.chars().find(|character| is_invisible(*character)) {
            Some(character) => Err(AddressError::Invisible(character)),
            None => Ok(Self(text.into())),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// What a reply to VRFY says (RFC 5321 section 3.5.3). A 2yz reply to RCPT says the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Verification {
    /// The address is valid (250, or another 2yz).
    Valid,
    /// The user is not local, but messages are forwarded (251).
    Forwarded,
    /// The server will not say, but accepts messages and tries to deliver them (252).
    NotVerified,
    /// Several users have this name (553).
    Ambiguous,
    /// The address is not valid (550), or the user has moved (551).
    NotValid,
    /// The server does not answer such questions (500 to 502 and 504).
    NotImplemented,
    /// Refused for now (4yz).
    Later,
    /// Refused for another reason (5yz).
    Refused,
}

impl Verification {
    /// What a reply with this code says; `None` if it cannot answer the question.
    pub const fn of(code: Code) -> Option<Self> {
        Some(match (code.get(), code.severity()) {
            (251, _) => Self::Forwarded,
            (252, _) => Self::NotVerified,
            (200..300, _) => Self::Valid,
            (550 | 551, _) => Self::NotValid,
            (553, _) => Self::Ambiguous,
            (500..=502 | 504, _) => Self::NotImplemented,
            (_, Some(Severity::Transient)) => Self::Later,
            (_, Some(Severity::Permanent)) => Self::Refused,
            (_, None) => return None,
        })
    }
}

/// What a reply to HELP or NOOP says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Answered {
    /// The reply is the answer (2yz).
    Yes,
    /// The server does not know the command or its argument (500 to 502 and 504).
    NotImplemented,
    /// Refused for now (4yz), or for another reason (5yz).
    Refused(Severity),
}

impl Answered {
    /// What a reply with this code says; `None` if it cannot answer the command.
    pub const fn of(code: Code) -> Option<Self> {
        match (code.get(), code.severity()) {
            (200..300, _) => Some(Self::Yes),
            (500..=502 | 504, _) => Some(Self::NotImplemented),
            (_, Some(severity)) => Some(Self::Refused(severity)),
            (_, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_stays_in_its_line() {
        for (text, expected) in [
            ("Smith", None),
            ("a b <c@d>", None),
            ("a\r\nRSET", Some(AddressError::Control(1))),
            ("", Some(AddressError::Empty)),
            ("a\u{202e}", Some(AddressError::Invisible('\u{202e}'))),
        ] {
            assert_eq!(Argument::new(text).err(), expected, "{text:?}");
        }
        assert_eq!(Argument::new(&"a".repeat(501)), Err(AddressError::TooLong));
        assert!(Argument::new(&"a".repeat(500)).is_ok());
    }

    #[test]
    fn each_code_has_its_meaning() {
        for (code, verified, answered) in [
            (211, Some(Verification::Valid), Some(Answered::Yes)),
            (250, Some(Verification::Valid), Some(Answered::Yes)),
            (251, Some(Verification::Forwarded), Some(Answered::Yes)),
            (252, Some(Verification::NotVerified), Some(Answered::Yes)),
            (354, None, None),
            (450, Some(Verification::Later), Some(Answered::Refused(Severity::Transient))),
            (502, Some(Verification::NotImplemented), Some(Answered::NotImplemented)),
            (550, Some(Verification::NotValid), Some(Answered::Refused(Severity::Permanent))),
            (553, Some(Verification::Ambiguous), Some(Answered::Refused(Severity::Permanent))),
            (554, Some(Verification::Refused), Some(Answered::Refused(Severity::Permanent))),
        ] {
            let code = Code::new(code).unwrap();
            assert_eq!((Verification::of(code), Answered::of(code)), (verified, answered), "{code}");
        }
    }
}

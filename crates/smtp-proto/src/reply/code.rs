//! Reply codes and enhanced status codes.

use core::fmt;

/// Whether a refusal is temporary or permanent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "the RFC has these two")]
pub enum Severity {
    /// `4yz`: the same command may succeed later.
    Transient,
    /// `5yz`: the same command should not be repeated (RFC 5321 section 4.2.1).
    Permanent,
}

/// The meaning of the first digit of a reply code (RFC 5321 section 4.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Class {
    Success,
    Intermediate,
    Refusal(Severity),
}

/// A reply code, from 200 to 599.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u16);

impl Code {
    /// 220, "Service ready": the greeting, or the reply to STARTTLS. It never answers another command.
    pub const SERVICE_READY: Self = Self(220);
    /// 221, "Service closing transmission channel": the reply to QUIT. It never answers another command.
    pub const CHANNEL_CLOSING: Self = Self(221);
    /// 421, "Service not available, closing transmission channel": may arrive at any time.
    pub const SERVICE_CLOSING: Self = Self(421);
    /// 235, "Authentication successful": the reply to AUTH (RFC 4954).
    pub const AUTHENTICATED: Self = Self(235);
    /// 334: the server's challenge, in reply to AUTH or a response (RFC 4954).
    pub const AUTH_CHALLENGE: Self = Self(334);
    /// 354, "Start mail input": the only reply to DATA after which content may be sent.
    pub const START_MAIL_INPUT: Self = Self(354);
    /// 503, "Bad sequence of commands".
    pub const BAD_SEQUENCE: Self = Self(503);
    /// 530: TLS or authentication is required first (RFC 3207, RFC 4954).
    pub const ACCESS_DENIED: Self = Self(530);
    /// 452, "Requested action not taken: insufficient system storage". After a recipient was accepted, it may mean that
    /// there are too many (RFC 5321 section 4.5.3.1.10).
    pub const INSUFFICIENT_STORAGE: Self = Self(452);
    /// 552, "Requested mail action aborted: exceeded storage allocation". It is temporary for a recipient if others
    /// were accepted before (RFC 5321 section 4.5.3.1.10).
    pub const EXCEEDED_STORAGE: Self = Self(552);

    /// The code with this number; `None` unless it is from 200 to 599.
    pub const fn new(code: u16) -> Option<Self> {
        match code {
            200..=599 => Some(Self(code)),
            _ => None,
        }
    }

    /// The number, from 200 to 599.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The first digit, from 2 to 5.
    pub const fn class(self) -> u16 {
        self.0 / 100
    }

    /// The severity of a refusal, 4yz or 5yz; `None` for other codes.
    pub const fn severity(self) -> Option<Severity> {
        match self.meaning() {
            Class::Refusal(severity) => Some(severity),
            Class::Success | Class::Intermediate => None,
        }
    }

    /// Whether this can be the reply to RSET: success, or "unknown command". RSET is allowed at any time and concerns
    /// no message, so any other reply was meant for another command.
    pub(crate) const fn answers_rset(self) -> bool {
        matches!(self.0, 200..300) || self.is_unknown_command()
    }

    /// Whether this can be the reply to QUIT and to no earlier command: 221, or "unknown command".
    pub(crate) const fn answers_quit(self) -> bool {
        matches!(self, Self::CHANNEL_CLOSING) || self.is_unknown_command()
    }

    const fn is_unknown_command(self) -> bool {
        matches!(self.0, 500..=502 | 504)
    }

    pub(crate) const fn meaning(self) -> Class {
        match self.0 {
            ..300 => Class::Success,
            300..400 => Class::Intermediate,
            400..500 => Class::Refusal(Severity::Transient),
            500.. => Class::Refusal(Severity::Permanent),
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// An enhanced status code such as `5.7.509` (RFC 3463).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EnhancedCode {
    class: u16,
    subject: u16,
    detail: u16,
}

impl EnhancedCode {
    pub(crate) const fn new(class: u16, subject: u16, detail: u16) -> Self {
        Self { class, subject, detail }
    }

    /// The first number: 2, 4 or 5.
    pub const fn class(self) -> u16 {
        self.class
    }

    /// The second number, from 0 to 999.
    pub const fn subject(self) -> u16 {
        self.subject
    }

    /// The third number, from 0 to 999.
    pub const fn detail(self) -> u16 {
        self.detail
    }
}

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl fmt::Debug for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_from_200_to_599_and_its_first_digit_is_its_class() {
        for (number, class, severity) in [
            (200, 2, None),
            (299, 2, None),
            (300, 3, None),
            (399, 3, None),
            (400, 4, Some(Severity::Transient)),
            (499, 4, Some(Severity::Transient)),
            (500, 5, Some(Severity::Permanent)),
            (599, 5, Some(Severity::Permanent)),
        ] {
            let code = Code::new(number).unwrap();
            assert_eq!((code.get(), code.class(), code.severity()), (number, class, severity));
        }
        for number in [0, 199, 600, u16::MAX] {
            assert_eq!(Code::new(number), None);
        }
    }
}

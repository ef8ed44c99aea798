//! Reply codes and enhanced status codes.

use core::fmt;

/// Whether a negative answer may change by itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "replies refuse in these two ways")]
pub enum Severity {
    /// `4yz`: trying again later can help.
    Transient,
    /// `5yz`: the same thing must not be tried again unchanged (RFC 5321 section 4.2.1).
    Permanent,
}

/// What the first digit of a reply code says (RFC 5321 section 4.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Class {
    Success,
    Intermediate,
    Refusal(Severity),
}

/// A reply code: 200 to 599. Other first digits are no reply.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u16);

impl Code {
    /// "Service ready": answers a new connection, and later STARTTLS; no other command.
    pub const SERVICE_READY: Self = Self(220);
    /// "Service closing transmission channel": answers QUIT, and no other command.
    pub const CHANNEL_CLOSING: Self = Self(221);
    /// "Service not available, closing transmission channel": may come at any time.
    pub const SERVICE_CLOSING: Self = Self(421);
    /// "Start mail input": the only answer after which content may be sent.
    pub const START_MAIL_INPUT: Self = Self(354);
    /// "Bad sequence of commands".
    pub const BAD_SEQUENCE: Self = Self(503);
    /// "Requested mail action aborted: exceeded storage allocation": temporary for a recipient
    /// who comes after others were taken (RFC 5321 section 4.5.3.1.10).
    pub const EXCEEDED_STORAGE: Self = Self(552);

    /// The code of these digits; `None` unless it is 200 to 599.
    pub const fn new(code: u16) -> Option<Self> {
        match code {
            200..=599 => Some(Self(code)),
            _ => None,
        }
    }

    /// The number, 200 to 599.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The first digit, 2 to 5.
    pub const fn class(self) -> u16 {
        self.0 / 100
    }

    /// Whether this refuses (4yz, 5yz), and for how long.
    pub const fn severity(self) -> Option<Severity> {
        match self.meaning() {
            Class::Refusal(severity) => Some(severity),
            Class::Success | Class::Intermediate => None,
        }
    }

    /// Whether this can answer RSET, which is always in order and never about a message: success, or that
    /// the server does not know it.
    pub(crate) const fn answers_rset(self) -> bool {
        matches!(self.0, 200..300) || self.is_unknown_command()
    }

    /// Whether this can answer QUIT, and nothing else that was asked: 221, or that the server does not know
    /// it.
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

/// An enhanced status code such as `5.7.509` (RFC 3463): class 2, 4 or 5, the others 0 to 999.
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

    /// 2, 4 or 5.
    pub const fn class(self) -> u16 {
        self.class
    }

    /// 0 to 999.
    pub const fn subject(self) -> u16 {
        self.subject
    }

    /// 0 to 999.
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
    fn a_code_is_200_to_599_and_says_by_its_first_digit_what_it_means() {
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

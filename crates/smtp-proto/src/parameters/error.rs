//! Errors of parameters.

use core::fmt;

/// Why a parameter is not valid.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ParameterError {
    /// It is empty.
    Empty,
    /// It is longer than this limit, in octets.
    TooLong(usize),
    /// It has a character that is not allowed, at this octet.
    Character(usize),
    /// NEVER stands beside other conditions (RFC 3461 section 4.1).
    NeverWithOthers,
    /// It is not one of NEVER, SUCCESS, FAILURE and DELAY (RFC 3461 section 4.1).
    Condition,
    /// The time is out of range: at most nine digits, and more than zero if the message is to be returned (RFC 2852
    /// section 4).
    Time,
    /// The keyword is not made of letters, digits and inner hyphens (RFC 5321 section 4.1.2).
    Keyword,
    /// The keyword belongs to a parameter that is set in another way, such as SIZE.
    Reserved,
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::TooLong(limit) => write!(f, "it is longer than {limit} octets"),
            Self::Character(at) => write!(f, "it has a character at octet {at} that is not allowed"),
            Self::NeverWithOthers => f.write_str("NEVER cannot stand beside other conditions"),
            Self::Condition => f.write_str("it is not one of NEVER, SUCCESS, FAILURE and DELAY"),
            Self::Time => f.write_str("the time is out of range"),
            Self::Keyword => f.write_str("the keyword is not made of letters, digits and inner hyphens"),
            Self::Reserved => f.write_str("the keyword belongs to a parameter that is set in another way"),
        }
    }
}

impl core::error::Error for ParameterError {}

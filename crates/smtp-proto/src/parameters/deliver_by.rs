//! A time limit for the delivery (RFC 2852).

use alloc::vec::Vec;
use core::fmt::{self, Write};

use super::error::ParameterError;

/// A time limit for the delivery, counted from when MAIL is sent: the BY parameter (RFC 2852 section 4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct DeliverBy {
    seconds: i32,
    late: Late,
    is_traced: bool,
}

/// What happens to a message that is not delivered in time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "the grammar has these two")]
pub enum Late {
    /// It is returned (`R`). The message must not be sent to a server that does not offer DELIVERBY.
    Return,
    /// It is delivered nevertheless, and the sender is notified (`N`).
    Notify,
}

impl DeliverBy {
    const LONGEST: i32 = 999_999_999;

    /// A limit of this many seconds. It must be more than zero if a late message is to be returned.
    pub const fn new(seconds: i32, late: Late) -> Result<Self, ParameterError> {
        let least = match late {
            Late::Return => 1,
            Late::Notify => -Self::LONGEST,
        };
        if seconds < least || seconds > Self::LONGEST {
            return Err(ParameterError::Time);
        }
        Ok(Self { seconds, late, is_traced: false })
    }

    /// The same; if `is_traced`, each server that passes the message on notifies the sender (`T`).
    #[must_use]
    pub const fn with_trace(mut self, is_traced: bool) -> Self {
        self.is_traced = is_traced;
        self
    }

    /// The limit in seconds.
    pub const fn seconds(&self) -> i32 {
        self.seconds
    }

    /// What happens to a late message.
    pub const fn late(&self) -> Late {
        self.late
    }

    /// Whether each server that passes the message on notifies the sender.
    pub const fn is_traced(&self) -> bool {
        self.is_traced
    }

    /// Whether a server whose least time is `least` accepts the limit. The least time applies only to messages that
    /// are returned (RFC 2852 section 3).
    pub(crate) const fn is_accepted(self, least: u32) -> bool {
        match self.late {
            Late::Return => self.seconds.unsigned_abs() >= least,
            Late::Notify => true,
        }
    }

    pub(super) fn encode(self, out: &mut Vec<u8>) {
        // Writing to a vector cannot fail.
        let _ = write!(Octets(out), "{self}");
    }
}

/// The value of the parameter.
impl fmt::Display for DeliverBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = match self.late {
            Late::Return => "R",
            Late::Notify => "N",
        };
        write!(f, "{};{mode}{}", self.seconds, if self.is_traced { "T" } else { "" })
    }
}

struct Octets<'a>(&'a mut Vec<u8>);

impl Write for Octets<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_limit_is_within_its_range() {
        for (seconds, late, expected) in [
            (120, Late::Return, Ok("120;R")),
            (1, Late::Return, Ok("1;R")),
            (0, Late::Return, Err(ParameterError::Time)),
            (-1, Late::Return, Err(ParameterError::Time)),
            (0, Late::Notify, Ok("0;N")),
            (-999_999_999, Late::Notify, Ok("-999999999;N")),
            (-1_000_000_000, Late::Notify, Err(ParameterError::Time)),
            (1_000_000_000, Late::Return, Err(ParameterError::Time)),
        ] {
            let limit = DeliverBy::new(seconds, late).map(|limit| limit.to_string());
            assert_eq!(limit, expected.map(ToString::to_string));
        }
        let traced = DeliverBy::new(5, Late::Notify).unwrap().with_trace(true);
        let mut out = Vec::new();
        traced.encode(&mut out);
        assert_eq!(out, b"5;NT");
    }

    #[test]
    fn the_least_time_of_a_server_applies_to_messages_that_are_returned() {
        for (seconds, late, least, expected) in [
            (60, Late::Return, 60, true),
            (59, Late::Return, 60, false),
            (1, Late::Return, 0, true),
            (1, Late::Notify, 60, true),
            (-90, Late::Notify, 60, true),
        ] {
            assert_eq!(DeliverBy::new(seconds, late).unwrap().is_accepted(least), expected, "{seconds} {late:?}");
        }
    }
}

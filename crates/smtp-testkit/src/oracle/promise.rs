//! The ten promises, and the error when one is broken.

use std::{borrow::Cow, fmt};

/// What a delivery promises, whatever the server and the driver do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Promise {
    /// 1.
    NoHarm = 1,
    /// 2.
    RetryTable,
    /// 3.
    OneStatus,
    /// 4.
    DeliveredAfterAll,
    /// 5.
    NothingInClear,
    /// 6.
    NothingFromBeforeTls,
    /// 7.
    NoUnsolicited,
    /// 8.
    Groups,
    /// 9.
    WholeLines,
    /// 10.
    NoSecrets,
}

impl Promise {
    /// All of them, in order.
    pub const ALL: [Self; 10] = [
        Self::NoHarm,
        Self::RetryTable,
        Self::OneStatus,
        Self::DeliveredAfterAll,
        Self::NothingInClear,
        Self::NothingFromBeforeTls,
        Self::NoUnsolicited,
        Self::Groups,
        Self::WholeLines,
        Self::NoSecrets,
    ];

    /// 1 to 10.
    pub const fn number(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoHarm => {
                "no input, in any split and any order of calls, makes the machine panic, loop without progress or grow \
                 past its limits"
            }
            Self::RetryTable => {
                "the retry table holds, and a delivery ends after a bounded number of connections and steps"
            }
            Self::OneStatus => {
                "each recipient has exactly one final status: delivered, deferred, failed or unconfirmed"
            }
            Self::DeliveredAfterAll => {
                "delivered means that the server accepted the end of the complete content; if the end was sent and no \
                 reply came, the message is unconfirmed, and never sent again automatically"
            }
            Self::NothingInClear => "nothing is sent in clear that policy wants secured: no AUTH, no MAIL, no content",
            Self::NothingFromBeforeTls => "octets received before TLS started are never interpreted after it",
            Self::NoUnsolicited => "a reply that answers no command is never counted as an answer",
            Self::Groups => {
                "without PIPELINING one command is outstanding; with it, groups follow RFC 2920, and no more is in \
                 flight than the replies can be read"
            }
            Self::WholeLines => {
                "only whole lines are sent: the commands and the one message, with no bare CR or LF and no end of data \
                 but our own"
            }
            Self::NoSecrets => "secrets appear in no debug output, trace or report",
        })
    }
}

/// A broken promise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    promise: Promise,
    what: Cow<'static, str>,
}

impl Violation {
    pub(crate) fn new(promise: Promise, what: impl Into<Cow<'static, str>>) -> Self {
        Self { promise, what: what.into() }
    }

    /// The promise that is broken.
    pub const fn promise(&self) -> Promise {
        self.promise
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "promise {} is broken: {}.\n{}", self.promise.number(), self.promise, self.what)
    }
}

impl std::error::Error for Violation {}

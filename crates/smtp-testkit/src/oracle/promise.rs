//! The ten promises, and what it looks like when one is broken.

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
    /// 6. TLS is not spoken yet: there are no octets before it to forget.
    NothingFromBeforeTls,
    /// 7.
    NoUnsolicited,
    /// 8.
    Groups,
    /// 9.
    WholeLines,
    /// 10. No secret is taken yet: there is none to show.
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
                "no input, in any split and any order of calls, makes it panic, loop without progress or grow past its \
                 limits"
            }
            Self::RetryTable => {
                "the retry table holds, and a delivery ends after a bounded number of connections and steps"
            }
            Self::OneStatus => {
                "each recipient has exactly one final status: delivered, deferred, failed or unconfirmed"
            }
            Self::DeliveredAfterAll => {
                "delivered only after a 2xx to the end of all the content; after the end of content was sent and no \
                 answer came: unconfirmed, and not sent again by itself"
            }
            Self::NothingInClear => {
                "nothing is sent in clear that policy wants secured: not AUTH, not MAIL, not content"
            }
            Self::NothingFromBeforeTls => "octets received before TLS started are never read after it",
            Self::NoUnsolicited => "a reply that answers no command is never counted as an answer",
            Self::Groups => {
                "without PIPELINING one command is outstanding; with it, RFC 2920's groups, and never more in flight \
                 than the replies can be taken in"
            }
            Self::WholeLines => {
                "what is sent is whole lines, no bare CR or LF, nothing but the commands and the one message: no \
                 end-of-data but our own"
            }
            Self::NoSecrets => "secrets appear in no Debug, no trace, no report",
        })
    }
}

/// A promise that was broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    promise: Promise,
    what: Cow<'static, str>,
}

impl Violation {
    pub(crate) fn new(promise: Promise, what: impl Into<Cow<'static, str>>) -> Self {
        Self { promise, what: what.into() }
    }

    /// Which one.
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

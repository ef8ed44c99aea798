//! Commands and their replies.

/// What a reply responds to: a command, or another event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verb {
    /// The connection itself: the server speaks first.
    Greeting,
    Ehlo,
    Helo,
    Lhlo,
    StartTls,
    /// AUTH, with or without an initial response.
    Auth,
    /// The response to a challenge.
    Response,
    /// `*`, which cancels an authentication.
    Star,
    Mail,
    Rcpt,
    Data,
    /// BDAT with a chunk that is not the last.
    Chunk,
    /// The end of the content: the final dot, or BDAT with the last chunk. With LMTP, there is one for each accepted
    /// recipient.
    End,
    Rset,
    Quit,
}

/// `BDAT 4294967295 LAST` and its line end.
pub(super) const LONGEST_BDAT: usize = 22;

/// A command that was shown to the driver, and its reply once there is one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exchange {
    pub(super) verb: Verb,
    /// Whether part of it was handed over while another command was unanswered.
    pub(super) in_group: bool,
    /// The offsets of its start and its end in all octets sent on the connection.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) answer: Option<Answer>,
}

/// A reply: its code, and the offsets of its octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Answer {
    pub(super) code: u16,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Exchange {
    pub(super) const fn is_hello(&self) -> bool {
        matches!(self.verb, Verb::Ehlo | Verb::Helo | Verb::Lhlo)
    }

    /// How many octets count as in flight: those of a chunk do not.
    pub(super) const fn in_flight(&self) -> usize {
        match self.verb {
            Verb::Chunk | Verb::End => LONGEST_BDAT,
            _ => self.end - self.start,
        }
    }

    pub(super) const fn is_of_auth(&self) -> bool {
        matches!(self.verb, Verb::Auth | Verb::Response | Verb::Star)
    }

    pub(super) fn refused(&self) -> bool {
        self.answer.is_some_and(|answer| answer.code >= 400)
    }

    pub(super) fn code(&self) -> Option<u16> {
        self.answer.map(|answer| answer.code)
    }
}

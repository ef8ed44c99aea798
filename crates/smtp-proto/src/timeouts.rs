//! Timeouts, and a clock that measures them.

use core::{
    ops::{Add, Sub},
    time::Duration,
};

use crate::stage::Stage;

/// How long to wait for the peer in each step (RFC 5321 section 4.5.3.2).
///
/// Start with [`Timeouts::RFC_5321`] and change individual timeouts. Zero does not turn a timeout off: it expires at
/// once, so that only what has already arrived is read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Timeouts {
    connect: Duration,
    greeting: Duration,
    hello: Duration,
    tls: Duration,
    auth: Duration,
    mail: Duration,
    rcpt: Duration,
    data: Duration,
    block: Duration,
    content_end: Duration,
    quit: Duration,
}

impl Timeouts {
    /// The timeouts of RFC 5321: 5 minutes for the greeting, MAIL and RCPT, 2 minutes for DATA, 3 minutes for a block,
    /// and 10 minutes for the end of the content. Where the RFC gives none: 30 seconds to connect, 5 minutes for EHLO,
    /// HELO, LHLO, STARTTLS, the TLS handshake, AUTH, RSET and NOOP, and 30 seconds for QUIT.
    pub const RFC_5321: Self = Self {
        connect: Duration::from_secs(30),
        greeting: Duration::from_secs(300),
        hello: Duration::from_secs(300),
        tls: Duration::from_secs(300),
        auth: Duration::from_secs(300),
        mail: Duration::from_secs(300),
        rcpt: Duration::from_secs(300),
        data: Duration::from_secs(120),
        block: Duration::from_secs(180),
        content_end: Duration::from_secs(600),
        quit: Duration::from_secs(30),
    };

    /// The same timeouts, none longer than `limit`.
    #[must_use]
    pub fn at_most(self, limit: Duration) -> Self {
        Self {
            connect: self.connect.min(limit),
            greeting: self.greeting.min(limit),
            hello: self.hello.min(limit),
            tls: self.tls.min(limit),
            auth: self.auth.min(limit),
            mail: self.mail.min(limit),
            rcpt: self.rcpt.min(limit),
            data: self.data.min(limit),
            block: self.block.min(limit),
            content_end: self.content_end.min(limit),
            quit: self.quit.min(limit),
        }
    }

    settings! {
        /// To open a connection to one address. Zero leaves no time to connect.
        connect, with_connect: Duration;
        /// For the greeting.
        greeting, with_greeting: Duration;
        /// For the reply to EHLO, HELO, LHLO, RSET or NOOP.
        hello, with_hello: Duration;
        /// For the reply to STARTTLS, and again for the whole TLS handshake.
        tls, with_tls: Duration;
        /// For each reply to AUTH.
        auth, with_auth: Duration;
        /// For the reply to MAIL.
        mail, with_mail: Duration;
        /// For the reply to RCPT.
        rcpt, with_rcpt: Duration;
        /// For the reply to DATA.
        data, with_data: Duration;
        /// For the peer to accept one block of content or commands, of [`Limits::block`](crate::Limits::block) octets
        /// or all that is left. Also for the reply to a chunk of BDAT that is not the last.
        block, with_block: Duration;
        /// For the reply to the end of the content. Too short a timeout makes recipients unconfirmed although the
        /// server accepts the message; if it is then sent again, it is delivered twice.
        content_end, with_content_end: Duration;
        /// For the reply to QUIT, and the longest wait for anything else once every recipient has its status.
        quit, with_quit: Duration;
    }

    /// The timeout for the reply that is due at `stage`.
    pub(crate) const fn for_reply(&self, stage: Stage) -> Duration {
        match stage {
            Stage::Connect => self.connect,
            Stage::Greeting => self.greeting,
            Stage::Ehlo
            | Stage::Helo
            | Stage::Lhlo
            | Stage::Rset
            | Stage::Vrfy
            | Stage::Help
            | Stage::Noop
            | Stage::Idle => self.hello,
            Stage::StartTls | Stage::Handshake => self.tls,
            Stage::Auth => self.auth,
            Stage::Mail => self.mail,
            Stage::Rcpt => self.rcpt,
            Stage::Data => self.data,
            Stage::Content | Stage::Chunk => self.block,
            Stage::ContentEnd => self.content_end,
            Stage::Quit => self.quit,
        }
    }
}

/// A running timeout: its duration, and a counter that shows when it starts over.
///
/// It is measured from the last change of `progress`. That counter changes with each reply, with each block that was
/// written, and when content is given while nothing is left to write. It does not change with each octet, so a peer
/// that sends one octet a minute cannot hold the client forever. Use a [`Clock`] to measure it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct Timeout {
    /// How long to wait. Zero has expired already.
    pub duration: Duration,
    /// Changes when the timeout starts over. Compare it only for equality.
    pub progress: u32,
}

impl Timeout {
    /// A timeout of this duration, measured from the last change of `progress`.
    pub const fn new(duration: Duration, progress: u32) -> Self {
        Self { duration, progress }
    }
}

/// The longest timeout. Adding a longer one to an instant might overflow.
const LONGEST: Duration = Duration::from_secs(u32::MAX as u64);

/// Measures [`Timeout`]s on the caller's clock: one for each connection.
///
/// `I` is an instant of that clock, such as `std::time::Instant`.
///
/// ```
/// use std::time::{Duration, Instant};
/// use smtp_proto::{Clock, Timeout};
///
/// let mut clock = Clock::new();
/// let start = Instant::now();
/// let timeout = Timeout::new(Duration::from_secs(30), 1);
/// assert_eq!(clock.time_left(timeout, start), Duration::from_secs(30));
/// assert_eq!(clock.time_left(timeout, start + Duration::from_secs(10)), Duration::from_secs(20));
/// // The peer made progress: the timeout starts over.
/// let timeout = Timeout::new(Duration::from_secs(30), 2);
/// assert_eq!(clock.time_left(timeout, start + Duration::from_secs(10)), Duration::from_secs(30));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Clock<I> {
    /// The last value of `progress`, and when it was first seen.
    running: Option<(u32, I)>,
}

impl<I: Copy> Clock<I> {
    /// A clock for a new connection.
    pub const fn new() -> Self {
        Self { running: None }
    }

    /// Starts over, for the next connection or when a kept connection is used again.
    pub fn restart(&mut self) {
        self.running = None;
    }

    /// When `timeout` expires. A duration of more than 136 years counts as 136 years.
    pub fn deadline(&mut self, timeout: Timeout, now: I) -> I
    where
        I: Add<Duration, Output = I>,
    {
        #[allow(clippy::arithmetic_side_effects, reason = "clocks can represent the next 136 years")]
        let deadline = self.since(timeout, now) + timeout.duration.min(LONGEST);
        deadline
    }

    /// How much of `timeout` is left; zero when it has expired.
    pub fn time_left(&mut self, timeout: Timeout, now: I) -> Duration
    where
        I: Sub<Output = Duration> + PartialOrd,
    {
        let since = self.since(timeout, now);
        if now <= since {
            return timeout.duration;
        }
        #[allow(clippy::arithmetic_side_effects, reason = "now is later")]
        let passed = now - since;
        timeout.duration.saturating_sub(passed)
    }

    fn since(&mut self, timeout: Timeout, now: I) -> I {
        let since = match self.running {
            Some((progress, since)) if progress == timeout.progress => since,
            _ => now,
        };
        self.running = Some((timeout.progress, since));
        since
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::time::Instant;

    #[test]
    fn a_deadline_moves_only_with_progress() {
        let mut clock = Clock::new();
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let timeout = |progress| Timeout::new(5 * second, progress);
        assert_eq!(clock.deadline(timeout(7), start), start + 5 * second);
        assert_eq!(clock.deadline(timeout(7), start + 3 * second), start + 5 * second);
        assert_eq!(clock.time_left(timeout(7), start + 6 * second), Duration::ZERO);
        assert_eq!(clock.deadline(timeout(8), start + 3 * second), start + 8 * second);
        clock.restart();
        assert_eq!(clock.deadline(timeout(8), start + 4 * second), start + 9 * second);
        assert!(clock.deadline(Timeout::new(Duration::MAX, 8), start) > start);
    }

    #[test]
    fn at_most_limits_every_timeout() {
        let limit = Duration::from_secs(31);
        let limited = Timeouts::RFC_5321.at_most(limit);
        let all = [
            limited.connect(),
            limited.greeting(),
            limited.hello(),
            limited.tls(),
            limited.auth(),
            limited.mail(),
            limited.rcpt(),
            limited.data(),
            limited.block(),
            limited.content_end(),
            limited.quit(),
        ];
        assert!(all.iter().all(|timeout| *timeout <= limit));
        assert_eq!(limited.quit(), Timeouts::RFC_5321.quit());
    }
}

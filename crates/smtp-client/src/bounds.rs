//! Bounds on a delivery in addition to its timeouts, and on the use of a kept connection.

use std::time::{Duration, Instant};

use crate::awaited::TICK;

/// Bounds on a delivery as a whole. The timeouts for single replies are not enough: a peer that keeps making a
/// little progress never exceeds one of those.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    pub(crate) delivery: Option<Duration>,
    pub(crate) least_rate: Option<LeastRate>,
    pub(crate) age: Option<Duration>,
    pub(crate) idle: Option<Duration>,
}

impl Bounds {
    /// The longest the delivery of one message may take, over all its connections; `None` for no bound. If the
    /// bound is reached after the end of the content was sent, the message is unconfirmed.
    #[must_use]
    pub const fn with_delivery(mut self, limit: Option<Duration>) -> Self {
        self.delivery = limit;
        self
    }

    /// The lowest rate at which a peer may read content; `None` for no bound.
    #[must_use]
    pub const fn with_least_rate(mut self, least: Option<LeastRate>) -> Self {
        self.least_rate = least;
        self
    }

    /// How long a connection may be used for one message after another; `None` for no bound. Servers and load balancers
    /// have limits, too, and it takes a new connection to reach another address of the host.
    #[must_use]
    pub const fn with_age(mut self, limit: Option<Duration>) -> Self {
        self.age = limit;
        self
    }

    /// How long a kept connection may be idle before the next message; `None` for no bound. A server may end it after
    /// five minutes (RFC 5321 section 4.5.3.2.7).
    #[must_use]
    pub const fn with_idle(mut self, limit: Option<Duration>) -> Self {
        self.idle = limit;
        self
    }
}

impl Default for Bounds {
    /// One hour per delivery, and 100 octets of content per second, measured over one minute of waiting. A connection
    /// is used for five minutes, and may be idle for one.
    fn default() -> Self {
        Self {
            delivery: Some(Duration::from_secs(60 * 60)),
            least_rate: Some(LeastRate::new(6000, Duration::from_secs(60))),
            age: Some(Duration::from_secs(5 * 60)),
            idle: Some(Duration::from_secs(60)),
        }
    }
}

/// A minimum number of octets within a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LeastRate {
    pub(crate) octets: u64,
    pub(crate) within: Duration,
}

impl LeastRate {
    /// At least `octets` on the wire within a time. Only the time that the client spends waiting for the peer counts.
    /// `within` should be longer than the pauses that TCP itself makes, for example to retransmit.
    pub const fn new(octets: u64, within: Duration) -> Self {
        Self { octets, within }
    }
}

/// Measures content against the least rate. Only the time spent waiting for the peer counts, not a slow source of
/// the message or other work on the same thread.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    window: Option<Window>,
}

#[derive(Debug, Default)]
struct Window {
    /// Total time spent waiting for room to write.
    waited: Duration,
    /// When the current wait began.
    waits_since: Option<Instant>,
    octets: u64,
}

impl Pace {
    /// Starts measuring, unless already started.
    pub(crate) fn start(&mut self) {
        self.window.get_or_insert_default();
    }

    /// Stops measuring: no content is being sent.
    pub(crate) fn stop(&mut self) {
        self.window = None;
    }

    pub(crate) const fn is_running(&self) -> bool {
        self.window.is_some()
    }

    /// Starts a wait: the peer has no room for more.
    pub(crate) fn wait(&mut self, now: Instant) {
        if let Some(window) = &mut self.window {
            window.waits_since = Some(now);
        }
    }

    pub(crate) fn count(&mut self, octets: usize) {
        if let Some(window) = &mut self.window {
            window.octets += octets as u64;
        }
    }

    /// Whether a window has just ended with too few octets in it. A window that has ended is replaced by a new one.
    pub(crate) fn is_below(&mut self, least: LeastRate, now: Instant) -> bool {
        let Some(window) = &mut self.window else { return false };
        let waited = window.waits_since.take().map_or(Duration::ZERO, |since| now.duration_since(since));
        // A longer wait means that other work held up this thread.
        window.waited += waited.min(TICK);
        let (is_over, octets) = (window.waited >= least.within, window.octets);
        if is_over {
            *window = Window::default();
        }
        is_over && octets < least.octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_with_too_little_in_it_is_below_the_least_rate() {
        let least = LeastRate { octets: 10, within: 2 * TICK };
        let now = Instant::now();
        let mut pace = Pace::default();
        let pass = |pace: &mut Pace, octets, waited| {
            pace.count(octets);
            pace.wait(now);
            pace.is_below(least, now + waited)
        };
        assert!(!pass(&mut pace, 0, 3 * TICK), "not started");
        pace.start();
        assert!(!pass(&mut pace, 9, TICK), "the window is open");
        assert!(!pass(&mut pace, 1, TICK), "enough");
        assert!(!pass(&mut pace, 9, TICK), "the second window is open");
        assert!(pass(&mut pace, 0, TICK), "the first window does not count");
        assert!(!pass(&mut pace, 0, 10 * TICK), "the thread was held up: the third window is open");
        assert!(!pace.is_below(least, now + 10 * TICK), "there was no wait for the peer");
        assert!(pass(&mut pace, 0, TICK));
    }
}

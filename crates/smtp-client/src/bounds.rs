//! Bounds on a delivery beside its timeouts.

use std::time::{Duration, Instant};

use crate::waiting::TICK;

/// Bounds on a delivery that its timeouts for single replies do not give: a peer that makes a little
/// progress all the time never exceeds one of those.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    pub(crate) delivery: Option<Duration>,
    pub(crate) least_rate: Option<LeastRate>,
}

impl Bounds {
    /// The longest a delivery of one message may take, over all its connections; `None` for no bound. If it
    /// is reached after the end of the content was sent, the message is unconfirmed.
    #[must_use]
    pub const fn with_delivery(mut self, limit: Option<Duration>) -> Self {
        self.delivery = limit;
        self
    }

    /// The slowest a peer may read content; `None` for no bound.
    #[must_use]
    pub const fn with_least_rate(mut self, least: Option<LeastRate>) -> Self {
        self.least_rate = least;
        self
    }
}

impl Default for Bounds {
    /// An hour for a delivery, and 100 octets of content a second, measured over a minute of waiting.
    fn default() -> Self {
        Self {
            delivery: Some(Duration::from_secs(60 * 60)),
            least_rate: Some(LeastRate::new(6000, Duration::from_secs(60))),
        }
    }
}

/// At least this many octets within this time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LeastRate {
    pub(crate) octets: u64,
    pub(crate) within: Duration,
}

impl LeastRate {
    /// `octets` on the wire, in a time that the client spends waiting for the peer. The time should be long
    /// enough to bridge a pause that TCP makes by itself.
    pub const fn new(octets: u64, within: Duration) -> Self {
        Self { octets, within }
    }
}

/// Measures content against the least rate, in the time that the peer takes: neither a slow source of
/// the message nor what else its thread does counts.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    window: Option<Window>,
}

#[derive(Debug, Default)]
struct Window {
    /// For room to write, in all.
    waited: Duration,
    /// For how long now.
    waits_since: Option<Instant>,
    octets: u64,
}

impl Pace {
    /// Content is under way, if it was not already.
    pub(crate) fn start(&mut self) {
        self.window.get_or_insert_default();
    }

    /// No content is under way.
    pub(crate) fn stop(&mut self) {
        self.window = None;
    }

    pub(crate) const fn is_running(&self) -> bool {
        self.window.is_some()
    }

    /// The peer has no room for more.
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

    /// Whether the window that has passed, if one has, had too little in it. Starts the next one.
    pub(crate) fn is_below(&mut self, least: LeastRate, now: Instant) -> bool {
        let Some(window) = &mut self.window else { return false };
        let waited = window.waits_since.take().map_or(Duration::ZERO, |since| now.duration_since(since));
        // Whoever comes back later was held up by others on its thread.
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
        assert!(!pass(&mut pace, 0, 3 * TICK), "nothing is under way");
        pace.start();
        assert!(!pass(&mut pace, 9, TICK), "the window is open");
        assert!(!pass(&mut pace, 1, TICK), "enough");
        assert!(!pass(&mut pace, 9, TICK), "the second window is open");
        assert!(pass(&mut pace, 0, TICK), "what came before does not count");
        assert!(!pass(&mut pace, 0, 10 * TICK), "the thread was held up: the third window is open");
        assert!(!pace.is_below(least, now + 10 * TICK), "nobody waited for the peer");
        assert!(pass(&mut pace, 0, TICK));
    }
}

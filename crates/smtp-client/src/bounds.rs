//! What bounds a delivery beside the waits of RFC 5321 section 4.5.3.2.

use std::time::{Duration, Instant};

/// Bounds on a delivery that its waits for single replies do not give: a peer that makes a little
/// progress all the time never exceeds one of those.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Bounds {
    /// For a name to be looked up, and again for each of its addresses to take a connection.
    pub connect: Duration,
    /// For the whole delivery of one message, over all its connections. Reached after the end of the
    /// content was sent, it leaves the message unconfirmed.
    pub delivery: Option<Duration>,
    /// For the peer to take content.
    pub least_rate: Option<LeastRate>,
}

/// So many octets in so long a time, at least.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LeastRate {
    /// Octets on the wire.
    pub octets: u64,
    /// Long enough to bridge a pause that TCP makes by itself.
    pub within: Duration,
}

impl Default for Bounds {
    /// 30 seconds to connect, an hour for a delivery, 100 octets of content a second measured over a
    /// minute.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            delivery: Some(Duration::from_secs(60 * 60)),
            least_rate: Some(LeastRate { octets: 6000, within: Duration::from_secs(60) }),
        }
    }
}

/// Measures content against the least rate, window by window.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    window: Option<(Instant, u64)>,
}

impl Pace {
    /// Content is under way since now, if it was not already.
    pub(crate) fn start(&mut self, now: Instant) {
        self.window.get_or_insert((now, 0));
    }

    /// So much of the time that has passed was not the peer's.
    pub(crate) fn pass_over(&mut self, time: Duration) {
        if let Some((since, _)) = &mut self.window {
            *since += time;
        }
    }

    /// No content is under way.
    pub(crate) fn stop(&mut self) {
        self.window = None;
    }

    pub(crate) const fn is_running(&self) -> bool {
        self.window.is_some()
    }

    pub(crate) fn count(&mut self, octets: usize) {
        if let Some((_, counted)) = &mut self.window {
            *counted += octets as u64;
        }
    }

    /// Whether the window that has passed, if one has, had too little in it. Starts the next one.
    pub(crate) fn is_below(&mut self, least: LeastRate, now: Instant) -> bool {
        match self.window {
            Some((since, octets)) if now.duration_since(since) >= least.within => {
                self.window = Some((now, 0));
                octets < least.octets
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_with_too_little_in_it_is_below_the_least_rate() {
        let least = LeastRate { octets: 10, within: Duration::from_secs(1) };
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut pace = Pace::default();
        assert!(!pace.is_below(least, after(5000)), "nothing is under way");
        pace.start(start);
        pace.count(9);
        assert!(!pace.is_below(least, after(999)), "the window is open");
        pace.count(1);
        assert!(!pace.is_below(least, after(1000)), "enough");
        pace.count(9);
        assert!(!pace.is_below(least, after(1999)), "the second window is open");
        assert!(pace.is_below(least, after(2000)), "what came before does not count");
        pace.pass_over(Duration::from_secs(5));
        assert!(!pace.is_below(least, after(7999)), "the third window is open still");
        assert!(pace.is_below(least, after(8000)), "and was longer by what was passed over");
    }
}

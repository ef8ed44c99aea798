//! Progress, on a terminal, for what takes a while.

use indicatif::{ProgressBar, ProgressStyle};

use crate::message::Message;

/// A single message of fewer octets goes without a bar.
const LARGE: u64 = 1024 * 1024;
/// So do fewer messages, and each is reported by itself.
pub(crate) const MANY: usize = 10;

/// A bar on standard error, or none. indicatif hides it where there is no terminal. Its copies are the
/// same bar.
#[derive(Clone)]
pub(crate) struct Progress {
    bar: ProgressBar,
    count: Count,
}

/// What the bar counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Count {
    Messages,
    Octets,
}

impl Progress {
    pub(crate) fn none() -> Self {
        Self { bar: ProgressBar::hidden(), count: Count::Messages }
    }

    /// For `messages` that make `count` when each is sent as often as it shall be.
    pub(crate) fn of(messages: &[Message], count: usize) -> Self {
        let octets: u64 = messages.iter().map(|message| message.facts().octets).sum();
        let (len, count, template) = if count >= MANY {
            (count as u64, Count::Messages, "{bar:30} {pos}/{len} messages, {eta} left")
        } else if octets >= LARGE {
            (octets, Count::Octets, "{bar:30} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left")
        } else {
            return Self::none();
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self { bar: ProgressBar::new(len).with_style(style), count }
    }

    pub(crate) fn octets(&self, taken: usize) {
        if self.count == Count::Octets {
            self.bar.inc(taken as u64);
        }
    }

    pub(crate) fn message(&self) {
        if self.count == Count::Messages {
            self.bar.inc(1);
        }
    }

    /// Prints something else without tearing the bar.
    pub(crate) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

//! A progress bar on a terminal, for long transfers.

use indicatif::{ProgressBar, ProgressStyle};

use crate::message::Message;

/// From this many octets on, a few messages get a bar that counts octets.
const LARGE: u64 = 1024 * 1024;
/// From this many messages on, the bar counts messages, and the reports are summarized.
pub(crate) const MANY: usize = 10;

/// A bar on standard error, or none. indicatif hides it if there is no terminal. Clones share the bar.
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

    /// A bar for these messages. `count` includes repetitions.
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

    /// Hides the bar while `print` prints something else.
    pub(crate) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

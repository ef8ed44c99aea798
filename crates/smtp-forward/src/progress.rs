//! A progress bar on a terminal, for long transfers.

use std::{
    io::{self, Write},
    sync::Arc,
};

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use crate::{diagnostics::Stderr, message::Message};

/// From this many octets on, a few messages get a bar that counts octets.
const LARGE: u64 = 1024 * 1024;
/// From this many messages on, the bar counts messages, and the reports are summarized.
pub(crate) const MANY: usize = 10;

/// How often the bar is drawn at most, per second.
const REFRESHES: u8 = 20;

/// A bar on standard error if that is a terminal, or none. Clones share the bar.
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
    pub(crate) fn of(messages: &[Arc<Message>], count: usize) -> Self {
        let octets: u64 = messages.iter().map(|message| message.facts().octets).sum();
        let (len, count, template) = if count >= MANY {
            (count as u64, Count::Messages, "{bar:30} {pos}/{len} messages, {eta} left")
        } else if octets >= LARGE {
            (octets, Count::Octets, "{bar:30} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left")
        } else {
            return Self::none();
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let terminal = Term::stderr();
        let target = if terminal.is_term() {
            ProgressDrawTarget::term_like_with_hz(Box::new(Unhurried(terminal)), REFRESHES)
        } else {
            ProgressDrawTarget::hidden()
        };
        Self { bar: ProgressBar::with_draw_target(Some(len), target).with_style(style), count }
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

/// The terminal, written to as other diagnostics are: a terminal that is stopped does not hold up the messages.
#[derive(Debug)]
struct Unhurried(Term);

impl Unhurried {
    /// Moves the cursor by `n` in the direction of an ANSI control sequence.
    fn move_cursor(n: usize, direction: char) -> io::Result<()> {
        if n == 0 { Ok(()) } else { Stderr.write_all(format!("\x1b[{n}{direction}").as_bytes()) }
    }
}

impl TermLike for Unhurried {
    fn width(&self) -> u16 {
        self.0.size().1
    }

    fn height(&self) -> u16 {
        self.0.size().0
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        Self::move_cursor(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        Self::move_cursor(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        Self::move_cursor(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        Self::move_cursor(n, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        Stderr.write_all(format!("{text}\n").as_bytes())
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        Stderr.write_all(text.as_bytes())
    }

    fn clear_line(&self) -> io::Result<()> {
        Stderr.write_all(b"\r\x1b[2K")
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

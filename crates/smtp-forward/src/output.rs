//! Standard output, which may be read slowly, late or never.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write},
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use crate::{diagnostics, exit_status::ExitStatus, interrupt, startup, streams};

/// While more octets than this are unread, messages wait for the reader.
const MOST_UNREAD: usize = 16 * 1024 * 1024;
/// How often to check the interrupt flag while waiting for the reader.
const TICK: Duration = Duration::from_millis(100);
/// How long the reader may take after an interrupt.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is printed and not written yet. Once writing has failed, the rest is dropped.
#[derive(Debug)]
pub(crate) struct Output {
    unwritten: Vec<u8>,
    /// Octets at its start that are written.
    written: usize,
    failed: bool,
}

/// Prints, and waits until it is written. The exit status tells only whether it was.
#[must_use]
pub(crate) fn publish(what: impl Display) -> ExitStatus {
    let mut output = Output::new();
    output.print(what);
    output.finish()
}

impl Output {
    pub(crate) fn new() -> Self {
        let mut output = Self { unwritten: Vec::new(), written: 0, failed: false };
        if startup::output_was_closed() {
            output.fail(&io::Error::other("standard output is closed"));
        }
        output
    }

    /// Prints without waiting for the reader, unless it is far behind.
    pub(crate) fn print(&mut self, what: impl Display) {
        if self.failed {
            return;
        }
        // A vector takes everything.
        let _ = write!(self.unwritten, "{what}");
        self.go_on();
        if self.unread() > MOST_UNREAD {
            self.wait(MOST_UNREAD);
        }
    }

    /// Writes as much as standard output takes without waiting.
    pub(crate) fn go_on(&mut self) {
        while self.unread() > 0 && streams::output_is_ready(Duration::ZERO) {
            self.write();
        }
    }

    pub(crate) fn is_written(&self) -> bool {
        self.unread() == 0
    }

    /// Waits until everything is written. The exit status tells only whether it was.
    #[must_use]
    pub(crate) fn finish(&mut self) -> ExitStatus {
        self.wait(0);
        if self.failed { ExitStatus::Software } else { ExitStatus::Ok }
    }

    fn unread(&self) -> usize {
        self.unwritten.len() - self.written
    }

    /// Waits until no more than `most` octets are unread. After an interrupt, not for long.
    fn wait(&mut self, most: usize) {
        let mut interrupted = None;
        while self.unread() > most {
            if streams::output_is_ready(TICK) {
                self.write();
            } else if interrupt::flag().load(Ordering::Relaxed)
                && interrupted.get_or_insert_with(Instant::now).elapsed() >= PATIENCE
            {
                self.fail(&io::Error::new(ErrorKind::TimedOut, "standard output is not read"));
            }
        }
    }

    fn write(&mut self) {
        let octets = self.unwritten.get(self.written..).unwrap_or_default();
        match streams::write_to_output(octets) {
            Ok(0) => self.fail(&ErrorKind::WriteZero.into()),
            Ok(len) => self.written += len,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => self.fail(&error),
        }
        if self.unread() == 0 {
            self.unwritten.clear();
            self.written = 0;
        }
    }

    fn fail(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.failed, true) {
            diagnostics::error(format_args!("the report cannot be written: {error}"));
        }
        self.unwritten.clear();
        self.written = 0;
    }
}

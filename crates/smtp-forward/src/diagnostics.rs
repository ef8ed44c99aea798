//! Diagnostics on standard error.

use std::{
    env,
    fmt::Display,
    io::{self, Write},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use console::style;
use tracing_subscriber::filter::LevelFilter;

use crate::streams::{self, AT_ONCE};

/// Standard error. Octets that cannot be written in time are dropped: diagnostics must not hold up or lose a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let mut stderr = io::stderr().lock();
        for chunk in octets.chunks(AT_ONCE) {
            if !takes_octets() || stderr.write_all(chunk).is_err() {
                break;
            }
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether standard error can be written to without blocking. If nothing reads it, this waits one second for the first
/// write only.
fn takes_octets() -> bool {
    static STALLED: AtomicBool = AtomicBool::new(false);
    let patience = Duration::from_secs(u64::from(!STALLED.load(Ordering::Relaxed)));
    let takes = streams::errors_are_ready(patience);
    STALLED.store(!takes, Ordering::Relaxed);
    takes
}

/// Starts diagnostics at the level given by `RUST_LOG`, or else by `-v`.
pub(crate) fn start(verbose: u8) {
    let asked = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let level = env::var("RUST_LOG").ok().and_then(|level| level.parse().ok()).unwrap_or(asked);
    let started = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(|| Stderr)
        // They would be reported with `eprintln!`, which panics if standard error cannot be written to.
        .log_internal_errors(false)
        .with_ansi(console::colors_enabled_stderr())
        .with_target(false)
        .without_time()
        .try_init();
    if let Err(failure) = started {
        note(failure);
    }
}

/// Prints an error.
pub(crate) fn error(what: impl Display) {
    line(format_args!("{} {what}", style("error:").for_stderr().red().bold()));
}

/// Prints clap's message about invalid arguments.
pub(crate) fn usage(error: &clap::Error) {
    let message = error.render();
    let message = if console::colors_enabled_stderr() { message.ansi().to_string() } else { message.to_string() };
    let _ = Stderr.write_all(message.as_bytes());
}

/// Prints a note. The program continues.
pub(crate) fn note(what: impl Display) {
    line(format_args!("{} {what}", style("note:").for_stderr().yellow().bold()));
}

/// Writes `what` and a line end.
pub(crate) fn line(what: impl Display) {
    // In one piece, so that it is not mixed with a line of another thread.
    let _ = Stderr.write_all(format!("{what}\n").as_bytes());
}

//! What the program says about itself, on standard error.

use std::{
    env,
    fmt::Display,
    io::{self, Write},
};

use console::style;
use tracing_subscriber::filter::LevelFilter;

/// Standard error. Octets that it does not take are dropped: no diagnostic is worth a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let _ = io::stderr().lock().write_all(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Starts diagnostics at the level of the environment's `RUST_LOG`, or else of `-v`.
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
        // It would report them with `eprintln!`, which panics.
        .log_internal_errors(false)
        .with_ansi(console::colors_enabled_stderr())
        .with_target(false)
        .without_time()
        .try_init();
    if let Err(failure) = started {
        note(failure);
    }
}

/// Why the program does not do what it was asked.
pub(crate) fn error(what: impl Display) {
    line(format_args!("{} {what}", style("error:").for_stderr().red().bold()));
}

/// What the user should know, though it goes on.
pub(crate) fn note(what: impl Display) {
    line(format_args!("{} {what}", style("note:").for_stderr().yellow().bold()));
}

/// Writes `what` and a line end.
pub(crate) fn line(what: impl Display) {
    // In one piece, so that another thread's line does not come in between.
    let _ = Stderr.write_all(format!("{what}\n").as_bytes());
}

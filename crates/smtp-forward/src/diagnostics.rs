//! What the program says about itself, on standard error.

use std::{env, fmt::Display, io};

use console::style;
use tracing_subscriber::filter::LevelFilter;

/// Starts diagnostics at the level of the environment's `RUST_LOG`, or else of `-v`.
pub(crate) fn start(verbose: u8) {
    let asked = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let level = env::var("RUST_LOG").ok().and_then(|level| level.parse().ok()).unwrap_or(asked);
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_ansi(console::colors_enabled_stderr())
        .with_target(false)
        .without_time()
        .init();
}

/// Why the program does not do what it was asked.
pub(crate) fn error(what: impl Display) {
    eprintln!("{} {what}", style("error:").for_stderr().red().bold());
}

/// What the user should know, though it goes on.
pub(crate) fn note(what: impl Display) {
    eprintln!("{} {what}", style("note:").for_stderr().yellow().bold());
}

//! Benchmarks, side by side with other crates.
//!
//! Each operation is written once, in the module of its group, and handed to an [`Instrument`]: the
//! stopwatch, the allocation counter or the instruction counter. Before anything is measured, every
//! peer's result is checked for equality of meaning with ours.
//!
//! Our functions are named `ours`, each peer's by its crate's name; `stalwart` is the crate on
//! crates.io that is called smtp-proto as well. `memcpy` and `memchr` are limits that no code of the
//! kind gets under, and `plain` is a session in which nobody hangs up.
#![allow(clippy::missing_panics_doc, reason = "a benchmark whose results are wrong stops")]

pub mod baseline;
pub mod capabilities;
pub mod command;
pub mod dots;
pub mod inputs;
pub mod instrument;
pub mod load;
pub mod reply;
pub mod reply_long;
pub mod scale;
pub mod session;

pub use instrument::{Instrument, Label};

/// All operations of all groups.
pub fn all(instrument: &mut impl Instrument) {
    reply::single(instrument);
    reply::ehlo(instrument);
    capabilities::twelve_lines(instrument);
    command::mail(instrument);
    session::all(instrument);
    session::retry(instrument);
    dots::all(instrument);
    reply_long::all(instrument);
}

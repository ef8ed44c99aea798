//! Benchmarks, side by side with other crates.
//!
//! Each operation is written once, in the module of its group, and passed to an [`Instrument`]: the
//! stopwatch, the allocation counter or the instruction counter. Before measuring, the benches check that
//! the result of every peer is equivalent to ours.
//!
//! Our implementation is labelled `ours`, the peers by the names of their crates. `stalwart` is
//! Stalwart's crate that is also called smtp-proto. `memcpy` and `memchr` are lower limits for content encoders,
//! and `plain` is a session without a hang-up.
#![allow(clippy::missing_panics_doc, reason = "a benchmark panics if a result is wrong")]

pub mod baseline;
pub mod bdat;
pub mod capabilities;
pub mod command;
pub mod dots;
pub mod inputs;
pub mod instrument;
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
    session::starttls_and_auth(instrument);
    session::retry(instrument);
    dots::all(instrument);
    reply_long::all(instrument);
    bdat::all(instrument);
}

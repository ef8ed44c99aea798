//! The bodies of the fuzz targets are in [`targets`]; the other modules are shared by them. `fuzz/fuzz_targets`
//! has a few lines for each, and `tests/fuzz_corpus.rs` runs them over the checked-in inputs without libFuzzer.

#![allow(clippy::missing_panics_doc, reason = "a body panics where a promise is broken: that is its only output")]
#![allow(clippy::needless_pass_by_value, reason = "`fuzz_target!` passes each input by value")]

mod driver;
mod moves;
mod server;
pub mod targets;
mod values;

use arbitrary::{Arbitrary, Unstructured};

#[cfg(feature = "peers")]
use targets::differential;
use targets::{capabilities, command, content, ehlo_disconnect, reply, sasl, session};

/// A fuzz target: its name, and a function that runs one input. The function returns `false` if the input
/// does not decode.
pub type Target = (&'static str, fn(&[u8]) -> bool);

/// All targets. `differential` needs the feature `peers`.
pub const TARGETS: &[Target] = &[
    ("capabilities", |data| run(data, capabilities::body)),
    ("command", |data| run(data, command::body)),
    ("content", |data| run(data, content::body)),
    #[cfg(feature = "peers")]
    ("differential", |data| run(data, differential::body)),
    ("ehlo_disconnect", |data| run(data, ehlo_disconnect::body)),
    ("reply", |data| run(data, reply::body)),
    ("sasl", |data| run(data, sasl::body)),
    ("session", |data| run(data, session::body)),
];

/// Decodes an input like `fuzz_target!`, and runs a body on it. Returns `false` if it does not decode.
pub fn run<'a, I: Arbitrary<'a>>(data: &'a [u8], body: fn(I)) -> bool {
    if data.len() < I::size_hint(0).0 {
        return false;
    }
    match I::arbitrary_take_rest(Unstructured::new(data)) {
        Ok(input) => {
            body(input);
            true
        }
        Err(_) => false,
    }
}

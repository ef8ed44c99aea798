//! Wall time of `smtp_benches::capabilities`.

use smtp_benches::{capabilities, instrument::Stopwatch};

fn main() {
    Stopwatch::run(|stopwatch| {
        capabilities::twelve_lines(stopwatch);
    });
}

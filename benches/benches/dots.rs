//! Wall time of `smtp_benches::dots`.

use smtp_benches::{dots, inputs, instrument::Stopwatch};

fn main() {
    Stopwatch::run(|stopwatch| {
        stopwatch.throughput(inputs::content(0).len());
        dots::all(stopwatch);
    });
}

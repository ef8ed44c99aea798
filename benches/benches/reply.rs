//! Wall time of `smtp_benches::reply`.

use smtp_benches::{instrument::Stopwatch, reply};

fn main() {
    Stopwatch::run(|stopwatch| {
        reply::single(stopwatch);
        reply::ehlo(stopwatch);
    });
}

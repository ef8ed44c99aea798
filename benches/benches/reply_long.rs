//! Wall time of `smtp_benches::reply_long`.

use smtp_benches::{instrument::Stopwatch, reply_long};

fn main() {
    Stopwatch::run(|stopwatch| {
        reply_long::all(stopwatch);
    });
}

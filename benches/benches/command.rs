//! Wall time of `smtp_benches::command`.

use smtp_benches::{command, instrument::Stopwatch};

fn main() {
    Stopwatch::run(|stopwatch| {
        command::mail(stopwatch);
    });
}

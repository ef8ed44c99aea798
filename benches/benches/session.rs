//! Wall time of `smtp_benches::session`.

use smtp_benches::{instrument::Stopwatch, session};

fn main() {
    Stopwatch::run(|stopwatch| {
        session::all(stopwatch);
        session::starttls_and_auth(stopwatch);
        session::retry(stopwatch);
    });
}

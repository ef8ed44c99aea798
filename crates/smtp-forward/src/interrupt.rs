//! SIGINT and SIGTERM.

use std::{
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::exit_status::ExitStatus;

/// Returns a flag that the first signal sets. A second signal ends the program at once.
pub(crate) fn flag() -> Arc<AtomicBool> {
    let flag = Arc::<AtomicBool>::default();
    let set = Arc::clone(&flag);
    let handler = move || {
        if set.swap(true, Ordering::Relaxed) {
            process::exit(ExitStatus::TempFail.code().into());
        }
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        // A signal then ends the program, as it does by default.
        tracing::warn!("cannot catch signals: {error}");
    }
    flag
}

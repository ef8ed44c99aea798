//! SIGINT and SIGTERM.

use std::{
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::exit_status::ExitStatus;

/// A flag that the first signal sets. The second ends the program at once.
pub(crate) fn flag() -> Arc<AtomicBool> {
    let flag = Arc::<AtomicBool>::default();
    let set = Arc::clone(&flag);
    let handler = move || {
        if set.swap(true, Ordering::Relaxed) {
            process::exit(ExitStatus::TempFail.code().into());
        }
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        // The signal then ends the program as it always did.
        tracing::warn!("signals are not caught: {error}");
    }
    flag
}

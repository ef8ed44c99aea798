//! SIGINT, SIGTERM and SIGHUP.

use std::{
    io,
    sync::{Arc, OnceLock, atomic::AtomicBool},
};

#[cfg(unix)]
use signal_hook::consts::SIGHUP;
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag::{register, register_conditional_shutdown},
};

use crate::exit_status::ExitStatus;

#[cfg(unix)]
const SIGNALS: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];
#[cfg(not(unix))]
const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];

/// Returns a flag that the first signal sets. A second signal ends the program at once.
pub(crate) fn flag() -> Arc<AtomicBool> {
    static FLAG: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    let catch_signals = || {
        let flag = Arc::default();
        if let Err(error) = catch_into(&flag) {
            // A signal then ends the program, as it does by default.
            tracing::warn!("cannot catch signals: {error}");
        }
        flag
    };
    Arc::clone(FLAG.get_or_init(catch_signals))
}

fn catch_into(flag: &Arc<AtomicBool>) -> io::Result<()> {
    for signal in SIGNALS {
        // In this order, so that the first signal does not end the program.
        register_conditional_shutdown(signal, ExitStatus::TempFail.code().into(), Arc::clone(flag))?;
        register(signal, Arc::clone(flag))?;
    }
    Ok(())
}

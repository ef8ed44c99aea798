//! SIGINT, SIGTERM and SIGHUP.

use std::{
    fs, io,
    sync::{Arc, OnceLock, atomic::AtomicBool},
};

#[cfg(unix)]
use signal_hook::consts::SIGHUP;
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag::{register, register_conditional_shutdown},
};

use crate::exit_status::ExitStatus;

/// Returns a flag that the first signal sets. A second SIGINT or SIGTERM ends the program at once.
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
    // Only SIGINT and SIGTERM end the program when they come again: some systems send SIGHUP along with SIGTERM.
    let asked_to_end = Arc::<AtomicBool>::default();
    for signal in [SIGINT, SIGTERM].into_iter().filter(|signal| !is_ignored(*signal)) {
        // The first action replaces the default one, so it sets the flag: otherwise, a signal could be lost here.
        register(signal, Arc::clone(flag))?;
        // In this order, so that the first signal does not end the program.
        register_conditional_shutdown(signal, ExitStatus::TempFail.code().into(), Arc::clone(&asked_to_end))?;
        register(signal, Arc::clone(&asked_to_end))?;
    }
    #[cfg(unix)]
    if !is_ignored(SIGHUP) {
        register(SIGHUP, Arc::clone(flag))?;
    }
    Ok(())
}

/// Whether the program was started with this signal ignored, for example by nohup. Then it stays ignored.
fn is_ignored(signal: i32) -> bool {
    let ignored = || {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        let mask = u64::from_str_radix(mask.trim(), 16).ok()?;
        let bit = u32::try_from(signal).ok()?.checked_sub(1)?;
        Some(mask.checked_shr(bit)? & 1 == 1)
    };
    // Other systems than Linux do not tell.
    ignored().unwrap_or(false)
}

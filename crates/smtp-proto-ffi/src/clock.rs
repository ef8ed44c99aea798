//! Measures timeouts on the caller's clock.

use crate::step::smtp_step;

/// Measures the timeouts of the steps on one connection. Set it to zero for a new connection, and when a kept one is used
/// again.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct smtp_clock {
    /// When the timeout started, in milliseconds.
    pub since: u64,
    /// The `progress` that was last seen.
    pub progress: u32,
    /// 1 if the clock is running.
    pub is_running: u32,
}

/// How much of the timeout of a step is left, in milliseconds; 0 if it has expired. `now` is the time of any clock that
/// does not go back, in milliseconds.
///
/// A timeout is measured from the last change of `progress`, which the clock notes: ask it for each step that has a
/// timeout, before you wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_clock_left(clock: *mut smtp_clock, step: *const smtp_step, now: u64) -> u64 {
    if clock.is_null() || step.is_null() || !clock.is_aligned() || !step.is_aligned() {
        return 0;
    }
    // SAFETY: not NULL and aligned; the caller promises the rest. These members are in the struct of every version.
    let (clock, timeout, progress) = unsafe { (&mut *clock, (*step).timeout, (*step).progress) };
    if clock.is_running != 1 || clock.progress != progress {
        *clock = smtp_clock { since: now, progress, is_running: 1 };
    }
    timeout.saturating_sub(now.saturating_sub(clock.since))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_starts_over_with_progress_only() {
        let mut clock = smtp_clock { since: 0, progress: 0, is_running: 0 };
        let mut left = |progress, now| {
            let step = smtp_step { timeout: 300, progress, ..smtp_step::EMPTY };
            // SAFETY: both are structs of this test.
            unsafe { smtp_clock_left(&raw mut clock, &raw const step, now) }
        };
        for (progress, now, expected) in
            [(7, 1000, 300), (7, 1299, 1), (7, 1300, 0), (7, 5000, 0), (8, 5000, 300), (8, 4000, 300), (8, 5100, 200)]
        {
            assert_eq!(left(progress, now), expected, "{progress} at {now}");
        }
    }
}

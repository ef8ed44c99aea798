//! Which standard streams were closed when the program started.
//!
//! Before `main`, `std` opens the null device in place of a closed stream. Afterwards, a report that is lost looks like
//! one that is discarded on purpose.

use std::sync::atomic::{AtomicBool, Ordering};

static INPUT_WAS_CLOSED: AtomicBool = AtomicBool::new(false);
static OUTPUT_WAS_CLOSED: AtomicBool = AtomicBool::new(false);

pub(crate) fn input_was_closed() -> bool {
    INPUT_WAS_CLOSED.load(Ordering::Relaxed)
}

pub(crate) fn output_was_closed() -> bool {
    OUTPUT_WAS_CLOSED.load(Ordering::Relaxed)
}

#[cfg(unix)]
ctor::declarative::ctor! {
    /// Runs before `std` starts, so it uses nothing but atomics and two system calls.
    #[ctor(unsafe)]
    fn look() {
        use rustix::{
            io::fcntl_getfd,
            stdio::{stdin, stdout},
        };

        INPUT_WAS_CLOSED.store(fcntl_getfd(stdin()).is_err(), Ordering::Relaxed);
        OUTPUT_WAS_CLOSED.store(fcntl_getfd(stdout()).is_err(), Ordering::Relaxed);
    }
}

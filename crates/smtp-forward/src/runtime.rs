//! The runtime: one thread, with a reactor and a clock.

use std::{future::Future, io};

use tokio::runtime::Builder;

/// Runs a future to its end. Fails, without running it, if the system has no room for a reactor.
pub(crate) fn block_on<F: Future>(future: F) -> io::Result<F::Output> {
    let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
    let output = runtime.block_on(future);
    // Look-ups that were given up may take minutes. They end with the program.
    runtime.shutdown_background();
    Ok(output)
}

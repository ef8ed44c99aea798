//! The runtime: one thread, with a reactor and a clock.

use std::{future::Future, io};

use tokio::runtime::Builder;

/// Runs a future to completion. Returns an error, without polling it, if the reactor cannot be created, such as for
/// lack of file descriptors.
pub(crate) fn block_on<F: Future>(future: F) -> io::Result<F::Output> {
    let cannot_wait = |error: io::Error| io::Error::new(error.kind(), format!("cannot wait for connections: {error}"));
    let runtime = Builder::new_current_thread().enable_io().enable_time().build().map_err(cannot_wait)?;
    let output = runtime.block_on(future);
    // Look-ups that were given up may take minutes. They end with the program.
    runtime.shutdown_background();
    Ok(output)
}

//! The standard streams, written to without blocking.

#[cfg(unix)]
pub(crate) use self::unix::{errors_are_ready, output_is_ready, write_to_output};

#[cfg(not(unix))]
pub(crate) use self::other::{errors_are_ready, output_is_ready, write_to_output};

/// A pipe that is ready for writing takes at least this many octets without blocking: `PIPE_BUF` on Linux.
pub(crate) const AT_ONCE: usize = 4096;

#[cfg(unix)]
mod unix {
    use std::{io, os::fd::BorrowedFd, time::Duration};

    use rustix::{
        event::{PollFd, PollFlags, Timespec, poll},
        io::retry_on_intr,
        stdio::{stderr, stdout},
    };

    use super::AT_ONCE;

    /// Whether standard output can be written to without blocking, or becomes so within `patience`.
    pub(crate) fn output_is_ready(patience: Duration) -> bool {
        is_ready(stdout(), patience)
    }

    /// The same for standard error.
    pub(crate) fn errors_are_ready(patience: Duration) -> bool {
        is_ready(stderr(), patience)
    }

    fn is_ready(stream: BorrowedFd<'_>, patience: Duration) -> bool {
        let patience = Timespec::try_from(patience).unwrap_or_default();
        let ready = retry_on_intr(|| poll(&mut [PollFd::new(&stream, PollFlags::OUT)], Some(&patience)));
        // If polling fails, just try to write.
        ready != Ok(0)
    }

    /// Writes some octets to standard output once it is ready. Does not block, even if it is a pipe in blocking mode.
    pub(crate) fn write_to_output(octets: &[u8]) -> io::Result<usize> {
        let some = octets.get(..AT_ONCE).unwrap_or(octets);
        Ok(retry_on_intr(|| rustix::io::write(stdout(), some))?)
    }
}

#[cfg(not(unix))]
mod other {
    use std::{
        io::{self, Write},
        time::Duration,
    };

    pub(crate) const fn output_is_ready(_: Duration) -> bool {
        true
    }

    pub(crate) const fn errors_are_ready(_: Duration) -> bool {
        true
    }

    pub(crate) fn write_to_output(octets: &[u8]) -> io::Result<usize> {
        let mut output = io::stdout().lock();
        output.write_all(octets)?;
        output.flush()?;
        Ok(octets.len())
    }
}

//! The standard streams, written to without blocking.

#[cfg(unix)]
pub(crate) use self::unix::{errors_are_ready, input_was_closed, output_is_ready, output_was_closed, write_to_output};

#[cfg(not(unix))]
pub(crate) use self::other::{errors_are_ready, input_was_closed, output_is_ready, output_was_closed, write_to_output};

/// A pipe that is ready for writing takes at least this many octets without blocking: `PIPE_BUF` on Linux.
pub(crate) const AT_ONCE: usize = 4096;

#[cfg(unix)]
mod unix {
    use std::{
        io::{self, IsTerminal},
        os::{
            fd::{AsFd, BorrowedFd},
            unix::fs::FileTypeExt,
        },
        time::Duration,
    };

    use rustix::{
        event::{PollFd, PollFlags, Timespec, poll},
        fs::{OFlags, fcntl_getfl},
        io::retry_on_intr,
        stdio::{stderr, stdin, stdout},
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

    /// Whether standard input seems to have been closed when the program started.
    pub(crate) fn input_was_closed() -> io::Result<bool> {
        was_closed(stdin())
    }

    /// The same for standard output.
    pub(crate) fn output_was_closed() -> io::Result<bool> {
        Ok(was_closed(stdout())? && !was_closed(stderr())?)
    }

    /// Whether a stream seems to have been closed when the program started: `std` then opens the null device in its
    /// place, for reading and writing. Programs that start others may open it like that, too, to discard the output.
    fn was_closed(stream: BorrowedFd<'_>) -> io::Result<bool> {
        let kind = std::fs::File::from(stream.try_clone_to_owned()?).metadata()?.file_type();
        let is_for_both = (fcntl_getfl(stream.as_fd())? & OFlags::ACCMODE) == OFlags::RDWR;
        Ok(kind.is_char_device() && is_for_both && !stream.is_terminal())
    }
}

#[cfg(not(unix))]
mod other {
    use std::{
        io::{self, Write},
        time::Duration,
    };

    pub(crate) const fn input_was_closed() -> io::Result<bool> {
        Ok(false)
    }

    pub(crate) const fn output_was_closed() -> io::Result<bool> {
        Ok(false)
    }

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

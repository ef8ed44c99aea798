//! Runs a command, for a limited time, and reads what it prints.

use std::{
    fmt,
    io::{self, Read},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use zeroize::Zeroizing;

use crate::interrupt;

/// How long a command may take.
const LONGEST: Duration = Duration::from_secs(60);
/// How often to check the clock and the interrupt flag.
const TICK: Duration = Duration::from_millis(20);
/// The most that a command may print.
const MOST: usize = 64 * 1024;

/// Why a command printed nothing useful.
#[derive(Debug)]
pub(crate) enum CommandError {
    NotStarted(io::Error),
    Unreadable(io::Error),
    Failed(ExitStatus),
    TooMuch,
    TooLong,
    Interrupted,
}

/// What the command prints.
pub(crate) fn of(command: &mut Command) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(CommandError::NotStarted)?;
    let output = child.stdout.take();
    let result = output.map_or(Ok(Zeroizing::default()), |output| read(output, &mut child));
    if result.is_err() {
        // It may have ended by itself.
        let _ = child.kill();
        let _ = child.wait();
    }
    result
}

fn read(mut output: ChildStdout, child: &mut Child) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let deadline = Instant::now() + LONGEST;
    let mut all = Zeroizing::new(Vec::with_capacity(MOST + 1));
    let mut room = Zeroizing::new([0; 4096]);
    loop {
        check(deadline)?;
        if !is_ready(&output) {
            continue;
        }
        match output.read(&mut room[..]).map_err(CommandError::Unreadable)? {
            0 => break,
            len => all.extend_from_slice(&room[..len]),
        }
        if all.len() > MOST {
            return Err(CommandError::TooMuch);
        }
    }
    drop(output);
    loop {
        match child.try_wait().map_err(CommandError::Unreadable)? {
            Some(status) if status.success() => return Ok(all),
            Some(status) => return Err(CommandError::Failed(status)),
            None => thread::sleep(TICK),
        }
        check(deadline)?;
    }
}

fn check(deadline: Instant) -> Result<(), CommandError> {
    if interrupt::flag().load(Ordering::Relaxed) {
        Err(CommandError::Interrupted)
    } else if Instant::now() >= deadline {
        Err(CommandError::TooLong)
    } else {
        Ok(())
    }
}

/// Whether there is something to read, or becomes so soon.
#[cfg(unix)]
fn is_ready(output: &ChildStdout) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let patience = Timespec::try_from(TICK).unwrap_or_default();
    poll(&mut [PollFd::new(output, PollFlags::IN)], Some(&patience)) != Ok(0)
}

/// Reading waits.
#[cfg(not(unix))]
const fn is_ready(_: &ChildStdout) -> bool {
    true
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted(error) => write!(f, "cannot be started: {error}"),
            Self::Unreadable(error) => write!(f, "cannot be read from: {error}"),
            Self::Failed(status) => write!(f, "failed: {status}"),
            Self::TooMuch => write!(f, "printed more than {MOST} octets"),
            Self::TooLong => write!(f, "took longer than {} seconds", LONGEST.as_secs()),
            Self::Interrupted => f.write_str("was interrupted"),
        }
    }
}

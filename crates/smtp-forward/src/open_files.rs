//! How many files and connections the system lets this program have open.

/// Files beside those of the connections: the standard streams, a spooled message, look-ups.
const OTHERS: u64 = 32;
/// What one connection has open: itself, and the message that goes over it.
const FOR_EACH_CONNECTION: u64 = 2;

/// Asks for as many as so many connections need; how many it is allowed if that is too few.
#[cfg(unix)]
pub(crate) fn make_room(connections: usize) -> Result<(), u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let needed = OTHERS + FOR_EACH_CONNECTION * connections as u64;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    match current {
        Some(current) if current < needed => setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum })
            .map_err(|_| maximum.unwrap_or(current)),
        Some(_) | None => Ok(()),
    }
}

/// Elsewhere nobody is asked.
#[cfg(not(unix))]
pub(crate) fn make_room(_: usize) -> Result<(), u64> {
    Ok(())
}

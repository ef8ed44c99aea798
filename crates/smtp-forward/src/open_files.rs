//! The limit on open files and connections.

/// Files other than those of the connections: the standard streams, a spooled message, look-ups.
const OTHERS: u64 = 32;
/// Files per connection: its socket, and the message sent over it.
const FOR_EACH_CONNECTION: u64 = 2;

/// Raises the limit if this many connections need it. If that fails for more than one, returns the highest limit allowed.
#[cfg(unix)]
pub(crate) fn make_room(connections: usize) -> Result<(), u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let needed = OTHERS + FOR_EACH_CONNECTION * connections as u64;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    match current {
        Some(current) if current < needed => {
            let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum });
            // One connection may need less.
            if connections > 1 { raised.map_err(|_| maximum.unwrap_or(current)) } else { Ok(()) }
        }
        Some(_) | None => Ok(()),
    }
}

/// Other systems have no such limit to raise.
#[cfg(not(unix))]
pub(crate) fn make_room(_: usize) -> Result<(), u64> {
    Ok(())
}

//! Room for octets on their way, shared by the clients of a thread.

use std::{
    cell::Cell,
    ops::{Deref, DerefMut},
};

/// Octets to read at once, from the connection or from the message: the default block size of a delivery.
const ROOM: usize = 16 * 1024;

thread_local! {
    static SHARED: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Room for octets. A client needs it only while it advances, so those on one thread take turns.
pub(crate) struct Room(Vec<u8>);

impl Room {
    pub(crate) fn take() -> Self {
        // Empty if this is the first time, if the thread is ending, or if an observer advances another client.
        let shared = SHARED.try_with(Cell::take).unwrap_or_default();
        Self(if shared.is_empty() { vec![0; ROOM] } else { shared })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = SHARED.try_with(|shared| shared.set(std::mem::take(&mut self.0)));
    }
}

impl Deref for Room {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for Room {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

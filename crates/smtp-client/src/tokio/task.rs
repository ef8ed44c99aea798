//! The task that drives a client.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Wake, Waker},
};

/// The task that drives a client. It may be another one at each poll: everything that a client waits for has a waker for
/// this, which wakes the task of the last poll.
#[derive(Debug)]
pub(super) struct Task(Mutex<Waker>);

impl Default for Task {
    /// No task.
    fn default() -> Self {
        Self(Mutex::new(Waker::noop().clone()))
    }
}

impl Task {
    pub(super) fn set(&self, waker: &Waker) {
        self.current().clone_from(waker);
    }

    fn current(&self) -> MutexGuard<'_, Waker> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let task = self.current().clone();
        task.wake();
    }
}

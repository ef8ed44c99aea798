//! What the connections of a batch share.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use smtp_proto::{Cancel, Report};
use tokio::{sync::Notify, time::timeout};

use crate::{
    batch::{Batch, Queue},
    books::Books,
    host::{Host, Next},
    supervision::{TICK, interrupted},
};

/// What the connections of a batch share.
pub(crate) struct Shared {
    pub(crate) batch: Batch,
    queue: Mutex<Queue>,
    host: Mutex<Host>,
    books: Mutex<Books>,
    /// Wakes those who wait for the first login.
    login: Notify,
}

impl Shared {
    pub(crate) fn new(batch: Batch, queue: Queue, host: Host, books: Books) -> Self {
        let (queue, host, books) = (Mutex::new(queue), Mutex::new(host), Mutex::new(books));
        Self { batch, queue, host, books, login: Notify::new() }
    }

    pub(crate) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn host(&self) -> MutexGuard<'_, Host> {
        self.host.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the host may get another message. An error says why it gets none.
    pub(crate) async fn turn(&self) -> Result<(), Cancel> {
        loop {
            if let Some(why) = interrupted() {
                return Err(why);
            }
            let next = self.host().next(Instant::now());
            match next {
                Next::Send => return Ok(()),
                Next::GiveUp(why) => return Err(why),
                // Whether the time has come is seen at the next tick.
                Next::Pause => drop(timeout(TICK, self.login.notified()).await),
            }
        }
    }

    /// Notes what the report on a message says about the credentials.
    pub(crate) fn note_login(&self, report: Report<'_>) {
        let is_news = self.host().note_login(report);
        if is_news {
            self.login.notify_waiters();
        }
    }

    /// Why messages under way are cancelled.
    pub(crate) fn reason_to_cancel(&self) -> Option<Cancel> {
        interrupted().or_else(|| self.host().batch_is_over(Instant::now()))
    }
}

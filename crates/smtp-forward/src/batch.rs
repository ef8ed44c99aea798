//! Many messages over several connections at once.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use smtp_client::NextHop;
use smtp_proto::{Config, Envelope};

use crate::{
    arguments::Send, books::Books, connection::Connection, diagnostics, exit_status::ExitStatus, message::Message,
    progress::Progress,
};

/// What is to be sent, and how.
pub(crate) struct Batch<'a> {
    pub(crate) arguments: &'a Send,
    pub(crate) messages: Vec<Message>,
    /// How many there are when each is sent as often as it shall be.
    pub(crate) count: usize,
    /// Sender and recipients.
    pub(crate) envelope: Envelope,
    pub(crate) config: Config,
    pub(crate) next_hop: NextHop,
    pub(crate) interrupt: Arc<AtomicBool>,
}

impl Batch<'_> {
    /// Delivers every message and reports on each once; the worst status.
    pub(crate) fn send(&self) -> ExitStatus {
        let progress = if self.arguments.trace { Progress::none() } else { Progress::of(&self.messages, self.count) };
        let books = Mutex::new(Books::new(self.arguments.json, self.count, progress));
        let connections = self.count.min(self.arguments.connections.get().into());
        let queue = Queue { batch: self, taken: AtomicUsize::new(0), left: AtomicUsize::new(connections) };
        let connection = || Connection::new(self, &books).serve(&queue);
        thread::scope(|scope| {
            // The first is this thread's.
            for _ in 1..connections {
                if let Err(error) = thread::Builder::new().spawn_scoped(scope, connection) {
                    diagnostics::note(format_args!("one connection fewer: {error}"));
                    queue.leave();
                }
            }
            connection();
        });
        books.into_inner().unwrap_or_else(PoisonError::into_inner).close()
    }
}

/// The messages that nobody has taken yet.
pub(crate) struct Queue<'a> {
    batch: &'a Batch<'a>,
    /// How many were taken.
    taken: AtomicUsize,
    /// Connections that have not left.
    left: AtomicUsize,
}

impl<'a> Queue<'a> {
    pub(crate) fn take(&self) -> Option<Taken<'a>> {
        let Batch { messages, count, .. } = self.batch;
        let at = self.taken.fetch_add(1, Ordering::Relaxed);
        let message = messages.get(at.checked_rem(messages.len())?)?;
        (at < *count).then_some(Taken { number: at + 1, message })
    }

    /// Whether the messages can be left to other connections.
    pub(crate) fn leave(&self) -> bool {
        let one_fewer = |left: usize| left.checked_sub(1).filter(|left| *left > 0);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_fewer).is_ok()
    }
}

/// One message out of the batch.
pub(crate) struct Taken<'a> {
    /// From 1 on.
    pub(crate) number: usize,
    pub(crate) message: &'a Message,
}

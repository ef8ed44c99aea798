//! Many messages over several connections at once, on one thread.

use std::sync::{Arc, atomic::AtomicBool};

use smtp_client::NextHop;
use smtp_proto::{Config, Envelope};

use crate::{
    arguments::Send, books::Books, connection::Connection, exit_status::ExitStatus, message::Message,
    progress::Progress, report::Which,
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
        let mut books = Books::new(self.arguments.json, self.count, progress);
        let asked_for = usize::from(self.arguments.connections.get());
        let mut queue = Queue { batch: self, taken: 0, connections: self.count.min(asked_for) };
        let firsts: Vec<_> = (0..queue.connections).map_while(|_| queue.take()).collect();
        let connection = |first| Connection::new(self, books.progress.clone(), first);
        let mut connections: Vec<_> = firsts.into_iter().map(connection).collect();
        loop {
            connections.retain_mut(|connection| connection.advance(&mut queue, &mut books).is_pending());
            if connections.is_empty() {
                return books.close();
            }
            smtp_client::wait(connections.iter_mut().map(Connection::client));
        }
    }
}

/// The messages that nobody has taken yet.
pub(crate) struct Queue<'a> {
    batch: &'a Batch<'a>,
    /// How many were taken.
    taken: usize,
    /// Connections that have not left.
    connections: usize,
}

impl<'a> Queue<'a> {
    pub(crate) fn take(&mut self) -> Option<Taken<'a>> {
        let Batch { messages, count, .. } = self.batch;
        if self.taken == *count {
            return None;
        }
        let message = messages.get(self.taken.checked_rem(messages.len())?)?;
        self.taken += 1;
        Some(Taken { number: self.taken, message })
    }

    /// Whether there are more messages, and they can be left to other connections.
    pub(crate) fn leave(&mut self) -> bool {
        let leaves = self.connections > 1 && self.taken < self.batch.count;
        self.connections -= usize::from(leaves);
        leaves
    }
}

/// One message out of the batch.
#[derive(Clone, Copy)]
pub(crate) struct Taken<'a> {
    /// From 1 on.
    pub(crate) number: usize,
    pub(crate) message: &'a Message,
}

impl Taken<'_> {
    pub(crate) fn which(self) -> Which {
        Which { number: self.number, file: self.message.name() }
    }
}

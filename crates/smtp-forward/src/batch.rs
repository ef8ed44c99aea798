//! The messages that are to be sent, and which of them are left.

use std::sync::{Arc, atomic::AtomicBool};

use smtp_client::NextHop;
use smtp_proto::{Config, Envelope};

use crate::{arguments::Send, message::Message, report::Which};

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

/// The messages that nobody has taken yet.
pub(crate) struct Queue<'a> {
    batch: &'a Batch<'a>,
    /// How many were taken.
    taken: usize,
    /// Connections that have not left.
    connections: usize,
}

impl<'a> Queue<'a> {
    /// All messages of the batch, for as many connections as it wants.
    pub(crate) fn new(batch: &'a Batch<'a>) -> Self {
        let asked_for = usize::from(batch.arguments.connections.get());
        Self { batch, taken: 0, connections: batch.count.min(asked_for) }
    }

    /// The first message for each connection.
    pub(crate) fn firsts(&mut self) -> Vec<Taken<'a>> {
        (0..self.connections).map_while(|_| self.take()).collect()
    }

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

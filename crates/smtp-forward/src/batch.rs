//! The messages to send, and the queue of those still left.

use std::sync::Arc;

use smtp_client::{KnownHosts, NextHop, tls::TlsConfig};
use smtp_proto::{Config, Envelope};

use crate::{arguments::Send, message::Message, password::PasswordSource, report::Which};

/// What to send, and how.
pub(crate) struct Batch {
    pub(crate) arguments: Send,
    pub(crate) messages: Vec<Arc<Message>>,
    /// How many messages to send, including repetitions.
    pub(crate) count: usize,
    /// The sender and recipients of every message, or of each of them.
    pub(crate) envelopes: Envelopes,
    pub(crate) config: Config,
    pub(crate) next_hop: NextHop,
    pub(crate) tls: TlsConfig,
    pub(crate) credentials: Option<Arc<PasswordSource>>,
    pub(crate) hosts: KnownHosts,
}

/// Whom the messages are from and for.
pub(crate) enum Envelopes {
    Same(Arc<Envelope>),
    /// One for each message.
    Each(Vec<Arc<Envelope>>),
}

/// The messages that no connection has taken yet.
pub(crate) struct Queue {
    /// How many messages were taken.
    taken: usize,
    /// Connections still in use.
    connections: usize,
}

impl Queue {
    /// Queues all messages of the batch, for at most as many connections as were asked for.
    pub(crate) fn new(batch: &Batch) -> Self {
        let asked_for = usize::from(batch.arguments.connections.get());
        Self { taken: 0, connections: batch.count.min(asked_for) }
    }

    /// The first message for each connection.
    pub(crate) fn firsts(&mut self, batch: &Batch) -> Vec<Taken> {
        (0..self.connections).map_while(|_| self.take(batch)).collect()
    }

    pub(crate) fn take(&mut self, batch: &Batch) -> Option<Taken> {
        let Batch { messages, count, envelopes, .. } = batch;
        if self.taken == *count {
            return None;
        }
        let index = self.taken.checked_rem(messages.len())?;
        let message = messages.get(index)?;
        let envelope = match envelopes {
            Envelopes::Same(envelope) => envelope,
            Envelopes::Each(envelopes) => envelopes.get(index)?,
        };
        self.taken += 1;
        Some(Taken { number: self.taken, message: Arc::clone(message), envelope: Arc::clone(envelope) })
    }

    /// Lets a connection leave, if there are more messages and other connections to send them. Returns whether it does.
    pub(crate) fn leave(&mut self, batch: &Batch) -> bool {
        let leaves = self.connections > 1 && self.taken < batch.count;
        self.connections -= usize::from(leaves);
        leaves
    }
}

/// One message of the batch.
#[derive(Clone)]
pub(crate) struct Taken {
    /// Counts from 1.
    pub(crate) number: usize,
    pub(crate) message: Arc<Message>,
    pub(crate) envelope: Arc<Envelope>,
}

impl Taken {
    pub(crate) fn which(&self) -> Which<'_> {
        Which { number: self.number, file: self.message.location() }
    }
}

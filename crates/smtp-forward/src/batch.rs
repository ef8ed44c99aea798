//! The messages to send, and the queue of those still left.

use std::sync::{Arc, atomic::AtomicBool};

use smtp_client::{KnownHosts, NextHop, tls::TlsConfig};
use smtp_proto::{Config, Envelope};

use crate::{arguments::Send, message::Message, password::PasswordSource, report::Which};

/// What to send, and how.
pub(crate) struct Batch<'a> {
    pub(crate) arguments: &'a Send,
    pub(crate) messages: Vec<Message>,
    /// How many messages to send, including repetitions.
    pub(crate) count: usize,
    /// The sender and recipients of every message, or of each of them.
    pub(crate) envelopes: Envelopes,
    pub(crate) config: Config,
    pub(crate) next_hop: NextHop,
    pub(crate) tls: TlsConfig,
    pub(crate) credentials: Option<Arc<PasswordSource>>,
    pub(crate) hosts: KnownHosts,
    pub(crate) interrupt: Arc<AtomicBool>,
}

/// Whom the messages are from and for.
pub(crate) enum Envelopes {
    Same(Box<Envelope>),
    /// One for each message.
    Each(Vec<Envelope>),
}

/// The messages that no connection has taken yet.
pub(crate) struct Queue<'a> {
    batch: &'a Batch<'a>,
    /// How many messages were taken.
    taken: usize,
    /// Connections still in use.
    connections: usize,
}

impl<'a> Queue<'a> {
    /// Queues all messages of the batch, for at most as many connections as were asked for.
    pub(crate) fn new(batch: &'a Batch<'a>) -> Self {
        let asked_for = usize::from(batch.arguments.connections.get());
        Self { batch, taken: 0, connections: batch.count.min(asked_for) }
    }

    /// The first message for each connection.
    pub(crate) fn firsts(&mut self) -> Vec<Taken<'a>> {
        (0..self.connections).map_while(|_| self.take()).collect()
    }

    pub(crate) fn take(&mut self) -> Option<Taken<'a>> {
        let Batch { messages, count, envelopes, .. } = self.batch;
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
        Some(Taken { number: self.taken, message, envelope })
    }

    /// Lets a connection leave, if there are more messages and other connections to send them. Returns whether it does.
    pub(crate) fn leave(&mut self) -> bool {
        let leaves = self.connections > 1 && self.taken < self.batch.count;
        self.connections -= usize::from(leaves);
        leaves
    }
}

/// One message of the batch.
#[derive(Clone, Copy)]
pub(crate) struct Taken<'a> {
    /// Counts from 1.
    pub(crate) number: usize,
    pub(crate) message: &'a Message,
    pub(crate) envelope: &'a Envelope,
}

impl Taken<'_> {
    pub(crate) fn which(self) -> Which {
        Which { number: self.number, file: self.message.name() }
    }
}

//! The interface that a driver under test implements.

use std::{
    fmt,
    io::{Read, Seek},
    net::SocketAddr,
};

use smtp_proto::{Config, Delivery, Envelope};

/// The source of a message, which can be read again from its start.
pub trait Content: Read + Seek {}

impl<T: Read + Seek + ?Sized> Content for T {}

/// One message to deliver.
pub struct Job<'j> {
    /// All addresses of the next hop, in order of preference. For a connection to any place, the driver
    /// uses the first address that accepts one; for a connection to the same place, the address of the
    /// previous connection. A driver that takes only one address uses the first.
    pub servers: &'j [SocketAddr],
    /// The policy, including timeouts.
    pub config: Config,
    /// The sender and the recipients.
    pub envelope: Envelope,
    /// The message.
    pub content: &'j mut dyn Content,
}

impl fmt::Debug for Job<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("servers", &self.servers).field("envelope", &self.envelope).finish_non_exhaustive()
    }
}

/// What a driver returns when a message is done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    /// The report as text, from the `Display` of [`smtp_proto::Report`].
    pub report: String,
    /// Whether the connection is kept for another message.
    pub kept: bool,
}

impl From<&Delivery> for Summary {
    fn from(delivery: &Delivery) -> Self {
        Self { report: delivery.report().to_string(), kept: delivery.is_kept() }
    }
}

/// A driver under test. Implemented for closures that take a [`Job`] and return a [`Summary`].
pub trait Driver {
    /// Delivers one message, over as many connections as necessary. The connection must be closed on
    /// return unless it is kept.
    fn deliver(&mut self, job: Job<'_>) -> Summary;

    /// Whether the driver can keep a connection and send another message over it. If not, the kit skips
    /// the transcripts that need it.
    fn keeps_connections(&self) -> bool {
        false
    }

    /// Whether the driver can secure connections, and trusts [the kit's authority](super::authority_pem). If not, the
    /// kit skips the transcripts that need it.
    fn secures_connections(&self) -> bool {
        false
    }

    /// Delivers another message after the previous one, over the kept connection if there is one. The
    /// servers and the policy are those of the first message.
    fn deliver_next(&mut self, envelope: Envelope, content: &mut dyn Content) -> Summary {
        let _ = (envelope, content);
        unimplemented!("for drivers that keep connections")
    }

    /// Ends the kept connection with QUIT.
    fn quit(&mut self) -> Summary {
        unimplemented!("for drivers that keep connections")
    }
}

impl<F: FnMut(Job<'_>) -> Summary> Driver for F {
    fn deliver(&mut self, job: Job<'_>) -> Summary {
        self(job)
    }
}

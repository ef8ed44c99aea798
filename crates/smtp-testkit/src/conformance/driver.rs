//! What the kit asks of a driver.

use std::{fmt, io::Read, net::SocketAddr};

use smtp_proto::{Config, Delivery, Envelope};

/// One message to deliver.
pub struct Job<'j> {
    /// All addresses of the next hop, in the order of preference. For a connection to any place, the
    /// driver takes the first that accepts one, and for a connection to the same place, the address of
    /// the connection before. A driver that takes a single address gets the first.
    pub servers: &'j [SocketAddr],
    /// The policy, waits included.
    pub config: Config,
    /// From whom, to whom.
    pub envelope: Envelope,
    /// The message.
    pub content: &'j mut dyn Read,
}

impl fmt::Debug for Job<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("servers", &self.servers).field("envelope", &self.envelope).finish_non_exhaustive()
    }
}

/// What a driver says of a message that is done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    /// The report as text: what the `Display` of [`smtp_proto::Report`] writes.
    pub report: String,
    /// Whether the connection is kept for another message.
    pub kept: bool,
}

impl From<&Delivery> for Summary {
    fn from(delivery: &Delivery) -> Self {
        Self { report: delivery.report().to_string(), kept: delivery.is_kept() }
    }
}

/// A driver under test. A closure that takes a [`Job`] and returns a [`Summary`] is one, too.
pub trait Driver {
    /// Delivers one message over as many connections as it takes. Unless the connection is kept, it is
    /// closed when this returns.
    fn deliver(&mut self, job: Job<'_>) -> Summary;

    /// Whether the driver can keep a connection and send another message over it. If it cannot, the kit
    /// leaves out the transcripts that need it.
    fn keeps_connections(&self) -> bool {
        false
    }

    /// Delivers another message after one that is done, over the connection that was kept if there is
    /// one. The servers and the policy are those of the first message.
    fn deliver_next(&mut self, envelope: Envelope, content: &mut dyn Read) -> Summary {
        let _ = (envelope, content);
        unimplemented!("for drivers that keep connections")
    }

    /// Ends the connection that was kept with QUIT.
    fn quit(&mut self) -> Summary {
        unimplemented!("for drivers that keep connections")
    }
}

impl<F: FnMut(Job<'_>) -> Summary> Driver for F {
    fn deliver(&mut self, job: Job<'_>) -> Summary {
        self(job)
    }
}

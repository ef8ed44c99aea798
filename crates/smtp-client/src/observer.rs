//! Whoever wants to see a delivery as it happens.

use std::{io, net::SocketAddr};

use smtp_proto::Disconnect;

/// Observes a delivery as it happens. All methods default to no-ops.
pub trait Observer {
    /// A connection is open.
    fn connected(&mut self, server: SocketAddr) {
        let _ = server;
    }

    /// One address took no connection; or, without an address, the name has none.
    fn connect_failed(&mut self, server: Option<SocketAddr>, error: &io::Error) {
        let _ = (server, error);
    }

    /// These octets were written.
    fn sent(&mut self, octets: &[u8], what: Sent) {
        let _ = (octets, what);
    }

    /// This many octets were written that contain a secret, and are not shown.
    fn sent_secret(&mut self, octets: usize) {
        let _ = octets;
    }

    /// These octets arrived.
    fn received(&mut self, octets: &[u8]) {
        let _ = octets;
    }

    /// So many more octets of the message were taken from its source.
    fn content_taken(&mut self, octets: usize) {
        let _ = octets;
    }

    /// The source of the message failed.
    fn content_unreadable(&mut self, error: &io::Error) {
        let _ = error;
    }

    /// The connection was lost.
    fn lost(&mut self, how: Disconnect) {
        let _ = how;
    }

    /// The client closed the connection.
    fn closed(&mut self) {}
}

/// Which octets are sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "octets are commands or content")]
pub enum Sent {
    /// Whole commands, or parts of them.
    Commands,
    /// Content, its end included.
    Content,
}

/// Nobody looks.
impl Observer for () {}

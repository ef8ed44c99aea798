//! Observing a delivery as it happens.

use std::{io, net::SocketAddr};

use smtp_proto::Disconnect;

use crate::{endpoint::Endpoint, tls::TlsFacts};

/// Observes a delivery as it happens. All methods default to no-ops.
pub trait Observer {
    /// A connection to `server` is open. `local` is the local address of a TCP connection, if it is known.
    fn connected(&mut self, server: &Endpoint, local: Option<SocketAddr>) {
        let _ = (server, local);
    }

    /// Connecting to `server` failed; or, if it is `None`, looking up the name failed.
    fn connect_failed(&mut self, server: Option<&Endpoint>, error: &io::Error) {
        let _ = (server, error);
    }

    /// These octets were written.
    fn sent(&mut self, octets: &[u8], what: Sent) {
        let _ = (octets, what);
    }

    /// This many octets were written. They contain a secret and are not passed on.
    fn sent_secret(&mut self, octets: usize) {
        let _ = octets;
    }

    /// These octets arrived.
    fn received(&mut self, octets: &[u8]) {
        let _ = octets;
    }

    /// This many octets arrived, up to the end of a line. They contain a secret that was sent to authenticate, and are
    /// not passed on. The reply code before them is.
    fn received_secret(&mut self, octets: usize) {
        let _ = octets;
    }

    /// The connection is secured.
    fn secured(&mut self, facts: &TlsFacts) {
        let _ = facts;
    }

    /// The TLS handshake failed, for this reason.
    fn secure_failed(&mut self, why: &str) {
        let _ = why;
    }

    /// This many more octets of the message were read from its source.
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

/// What kind of octets was sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "octets are commands or content")]
pub enum Sent {
    /// Whole commands, or parts of them.
    Commands,
    /// Content, including its end.
    Content,
}

/// Ignores everything.
impl Observer for () {}

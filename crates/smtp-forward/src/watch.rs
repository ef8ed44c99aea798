//! All observers of a delivery under way.

use std::{io, net::SocketAddr};

use smtp_client::{Endpoint, Observer, Sent, tls::TlsFacts};
use smtp_proto::Disconnect;

use crate::{diagnostics, progress::Progress, report::how_lost, trace};

/// The trace if it was asked for, the progress bar, and diagnostics.
pub(crate) struct Watch {
    trace: Box<dyn Observer>,
    pub(crate) progress: Progress,
    /// The name of the current message, for diagnostics.
    pub(crate) message: String,
    /// What is known about the TLS layer of the last connection that was secured.
    pub(crate) tls: Option<TlsFacts>,
}

impl Watch {
    pub(crate) fn new(trace: bool, progress: Progress) -> Self {
        let trace: Box<dyn Observer> = if trace { Box::new(trace::new()) } else { Box::new(()) };
        Self { trace, progress, message: String::new(), tls: None }
    }
}

impl Observer for Watch {
    fn connected(&mut self, server: &Endpoint, local: Option<SocketAddr>) {
        tracing::info!(%server, "connected");
        self.trace.connected(server, local);
    }

    fn connect_failed(&mut self, server: Option<&Endpoint>, error: &io::Error) {
        tracing::info!(?server, %error, "no connection");
        self.trace.connect_failed(server, error);
    }

    fn sent(&mut self, octets: &[u8], what: Sent) {
        tracing::trace!(octets = octets.len(), "sent");
        self.trace.sent(octets, what);
    }

    fn received(&mut self, octets: &[u8]) {
        tracing::trace!(octets = octets.len(), "received");
        self.trace.received(octets);
    }

    fn sent_secret(&mut self, octets: usize) {
        tracing::trace!(octets, "sent");
        self.trace.sent_secret(octets);
    }

    fn received_secret(&mut self, octets: usize) {
        tracing::trace!(octets, "received");
        self.trace.received_secret(octets);
    }

    fn secured(&mut self, facts: &TlsFacts) {
        tracing::info!(version = %facts.version, suite = facts.cipher_suite, resumed = facts.resumed, "secured");
        self.trace.secured(facts);
        self.tls = Some(facts.clone());
    }

    fn secure_failed(&mut self, why: &str) {
        tracing::info!(why, "not secured");
        self.trace.secure_failed(why);
    }

    fn content_taken(&mut self, octets: usize) {
        self.progress.octets(octets);
    }

    fn content_unreadable(&mut self, error: &io::Error) {
        self.progress.suspend(|| diagnostics::error(format_args!("{}: {error}", self.message)));
    }

    fn lost(&mut self, how: Disconnect) {
        tracing::info!("{}", how_lost(how));
        self.trace.lost(how);
    }

    fn closed(&mut self) {
        tracing::debug!("closed");
        self.trace.closed();
    }
}

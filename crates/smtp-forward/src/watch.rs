//! All observers of a delivery under way.

use std::{io, net::SocketAddr};

use smtp_client::{Endpoint, Observer, Sent, tls::TlsFacts};
use smtp_proto::Disconnect;

use crate::{batch::Taken, diagnostics, progress::Progress, record::Recorder, report::how_lost, trace};

/// The trace and the recording if they were asked for, the progress bar, and diagnostics.
pub(crate) struct Watch {
    trace: Box<dyn Observer + Send>,
    pub(crate) recorder: Option<Recorder>,
    pub(crate) progress: Progress,
    /// The current message, for diagnostics. A probe has none.
    pub(crate) message: Option<Taken>,
    /// What is known about the TLS layer of the last connection that was secured.
    pub(crate) tls: Option<TlsFacts>,
}

impl Watch {
    pub(crate) fn new(trace: bool, progress: Progress) -> Self {
        let trace: Box<dyn Observer + Send> = if trace { Box::new(trace::new()) } else { Box::new(()) };
        Self { trace, recorder: None, progress, message: None, tls: None }
    }

    /// Passes an event on to those who show or keep it.
    fn pass(&mut self, event: impl Fn(&mut dyn Observer)) {
        event(&mut *self.trace);
        if let Some(recorder) = &mut self.recorder {
            event(recorder);
        }
    }
}

impl Observer for Watch {
    fn connected(&mut self, server: &Endpoint, local: Option<SocketAddr>) {
        tracing::info!(%server, "connected");
        self.pass(|observer| observer.connected(server, local));
    }

    fn connect_failed(&mut self, server: Option<&Endpoint>, error: &io::Error) {
        tracing::info!(?server, %error, "no connection");
        self.pass(|observer| observer.connect_failed(server, error));
    }

    fn sent(&mut self, octets: &[u8], what: Sent) {
        tracing::trace!(octets = octets.len(), "sent");
        self.pass(|observer| observer.sent(octets, what));
    }

    fn received(&mut self, octets: &[u8]) {
        tracing::trace!(octets = octets.len(), "received");
        self.pass(|observer| observer.received(octets));
    }

    fn sent_secret(&mut self, octets: usize) {
        tracing::trace!(octets, "sent");
        self.pass(|observer| observer.sent_secret(octets));
    }

    fn received_secret(&mut self, octets: usize) {
        tracing::trace!(octets, "received");
        self.pass(|observer| observer.received_secret(octets));
    }

    fn secured(&mut self, facts: &TlsFacts) {
        tracing::info!(version = %facts.version, suite = facts.cipher_suite, resumed = facts.resumed, "secured");
        self.pass(|observer| observer.secured(facts));
        self.tls = Some(facts.clone());
    }

    fn secure_failed(&mut self, why: &str) {
        tracing::info!(why, "not secured");
        self.pass(|observer| observer.secure_failed(why));
    }

    fn content_taken(&mut self, octets: usize) {
        self.progress.octets(octets);
    }

    fn content_unreadable(&mut self, error: &io::Error) {
        self.progress.suspend(|| match &self.message {
            Some(message) => diagnostics::error(format_args!("{}: {error}", message.which())),
            None => diagnostics::error(error),
        });
    }

    fn lost(&mut self, how: Disconnect) {
        tracing::info!("{}", how_lost(how));
        self.pass(|observer| observer.lost(how));
    }

    fn closed(&mut self) {
        tracing::debug!("closed");
        self.pass(|observer| observer.closed());
    }
}

//! Spans and events for `tracing`. Without the feature `tracing`, all of this does nothing.
//!
//! They never contain addresses of people, content, credentials, or text of replies, which may repeat any of these.
#![cfg_attr(
    not(feature = "tracing"),
    allow(unused_imports, unused_variables, clippy::unused_self, reason = "nothing is recorded")
)]

use std::{future::Future, io, net::SocketAddr, time::Duration};

use smtp_proto::{Cause, Disconnect, Protocol, Report, Status};
use tokio::time::Instant;

use crate::{Endpoint, NextHop, Observer, Sent, tls::TlsFacts};

/// Records an event, as the macro of the same name of `tracing`.
macro_rules! event {
    ($level:ident, $($event:tt)+) => {{
        #[cfg(feature = "tracing")]
        tracing::event!(target: "smtp_client", tracing::Level::$level, $($event)+);
    }};
}

/// The span of a delivery.
#[derive(Debug)]
pub(super) struct Span {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

impl Span {
    pub(super) fn of_delivery(to: &NextHop, protocol: Protocol, recipients: usize) -> Self {
        let protocol = match protocol {
            Protocol::Smtp => "smtp",
            Protocol::Lmtp => "lmtp",
        };
        Self {
            #[cfg(feature = "tracing")]
            span: tracing::info_span!(
                target: "smtp_client",
                "delivery",
                host = to.host(),
                port = to.port(),
                protocol,
                recipients
            ),
        }
    }

    /// A disabled span: entering it changes nothing.
    pub(super) const fn none() -> Self {
        Self {
            #[cfg(feature = "tracing")]
            span: tracing::Span::none(),
        }
    }

    /// Runs this inside the span.
    pub(super) fn in_scope<T>(&self, run: impl FnOnce() -> T) -> T {
        #[cfg(feature = "tracing")]
        let _entered = self.span.enter();
        run()
    }

    /// Enters the span whenever the future is polled.
    pub(super) fn instrument<F: Future>(self, future: F) -> impl Future<Output = F::Output> + use<F> {
        #[cfg(feature = "tracing")]
        let future = tracing::Instrument::instrument(future, self.span);
        future
    }
}

/// A delivery has its turn, for which it has waited since then.
pub(super) fn turn(since: Instant) {
    event!(DEBUG, waited_ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX), "turn");
}

/// A delivery uses a kept connection.
pub(super) fn reused(messages: u32) {
    event!(DEBUG, messages, "connection reused");
}

/// An idle connection is ended.
pub(super) fn ended(to: &NextHop, why: &'static str) {
    event!(DEBUG, %to, why, "idle connection ended");
}

/// The pool backs off from a host for this long, after this many failures in a row.
pub(super) fn backed_off(to: &NextHop, failures: u32, left: Duration) {
    event!(WARN, %to, failures, seconds = left.as_secs(), "backed off");
}

/// A delivery is deferred without trying, because of earlier ones.
pub(super) fn not_tried(why: &'static str) {
    event!(WARN, why, "not tried");
}

/// A delivery is done.
pub(super) fn done(report: &Report<'_>) {
    if let Some(Cause::AuthRefused { reply, .. }) = report.recipients().map(|recipient| recipient.cause).next() {
        event!(WARN, code = reply.code().get(), "credentials refused");
    }
    let count = |status| report.recipients().filter(|recipient| recipient.status == status).count();
    event!(
        INFO,
        delivered = count(Status::Delivered),
        deferred = count(Status::Deferred),
        failed = count(Status::Failed),
        unconfirmed = count(Status::Unconfirmed),
        "done"
    );
}

/// Records what it observes, and passes it on.
pub(super) struct Traced<'a>(pub(super) &'a mut (dyn Observer + Send));

impl Observer for Traced<'_> {
    fn connected(&mut self, server: &Endpoint, local: Option<SocketAddr>) {
        event!(DEBUG, %server, "connection opened");
        self.0.connected(server, local);
    }

    fn connect_failed(&mut self, server: Option<&Endpoint>, error: &io::Error) {
        event!(DEBUG, server = server.map(tracing::field::display), %error, "connection failed");
        self.0.connect_failed(server, error);
    }

    fn sent(&mut self, octets: &[u8], what: Sent) {
        // It replaces EHLO, on this connection or on one that was closed after it.
        if what == Sent::Commands && octets.starts_with(b"HELO ") {
            event!(DEBUG, "HELO instead of EHLO");
        }
        self.0.sent(octets, what);
    }

    fn sent_secret(&mut self, octets: usize) {
        self.0.sent_secret(octets);
    }

    fn received(&mut self, octets: &[u8]) {
        self.0.received(octets);
    }

    fn received_secret(&mut self, octets: usize) {
        self.0.received_secret(octets);
    }

    fn secured(&mut self, facts: &TlsFacts) {
        event!(DEBUG, version = %facts.version, verified = facts.verification.is_ok(), facts.resumed, "TLS established");
        self.0.secured(facts);
    }

    fn secure_failed(&mut self, why: &str) {
        event!(DEBUG, "TLS failed");
        self.0.secure_failed(why);
    }

    fn content_taken(&mut self, octets: usize) {
        self.0.content_taken(octets);
    }

    fn content_unreadable(&mut self, error: &io::Error) {
        event!(DEBUG, kind = ?error.kind(), "content unreadable");
        self.0.content_unreadable(error);
    }

    fn lost(&mut self, how: Disconnect) {
        event!(DEBUG, ?how, "connection lost");
        self.0.lost(how);
    }

    fn closed(&mut self) {
        event!(DEBUG, "connection closed");
        self.0.closed();
    }
}

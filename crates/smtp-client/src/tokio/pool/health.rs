//! Hosts that accept nobody, and credentials that were refused.

use std::{collections::HashMap, time::Duration};

use smtp_proto::{AttemptEnd, Cause, Report, Severity, Stage};
use tokio::time::Instant;

use super::destination::Destination;
use crate::NextHop;

/// How many deliveries in a row must fail before a host is left alone.
const ENOUGH: u32 = 3;
/// How long it is left alone at first. Each further failure doubles that.
const FIRST: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// What deliveries have shown about hosts and credentials.
#[derive(Default, Debug)]
pub(super) struct Health {
    unreachable: HashMap<NextHop, Unreachable>,
    /// The reply that refused the credentials of each.
    refused: HashMap<Destination, String>,
}

/// A host that has accepted nobody since some delivery.
#[derive(Debug)]
struct Unreachable {
    failures: u32,
    until: Instant,
}

impl Health {
    /// Why no connection may be opened to this destination now.
    pub(super) fn obstacle(&self, to: &Destination) -> Option<String> {
        if let Some(reply) = self.refused.get(to) {
            return Some(format!("the credentials were refused before: {reply}"));
        }
        let host = self.unreachable.get(to.next_hop())?;
        let left = host.until.saturating_duration_since(Instant::now());
        let many = host.failures;
        (!left.is_zero()).then(|| format!("{many} deliveries in a row could not connect; waiting {} s", left.as_secs()))
    }

    /// Learns from a delivery that has opened, or tried to open, a connection.
    pub(super) fn learn(&mut self, to: &Destination, report: &Report<'_>) {
        if let Some(Cause::AuthRefused { reply, .. }) = report.recipients().map(|recipient| recipient.cause).next() {
            // After any other reply, the server may accept the same credentials later.
            if reply.code().severity() == Some(Severity::Permanent) {
                self.refused.insert(to.clone(), reply.to_string());
            }
        }
        let has_accepted = report.attempts().any(|attempt| match attempt.stage() {
            Stage::Connect => false,
            Stage::Greeting => attempt.end().is_none(),
            _ => attempt.end() != Some(AttemptEnd::ConnectFailed),
        });
        if has_accepted {
            self.unreachable.remove(to.next_hop());
            return;
        }
        let now = Instant::now();
        self.unreachable.retain(|_, host| now < host.until + LONGEST);
        let host = self.unreachable.entry(to.next_hop().clone()).or_insert(Unreachable { failures: 0, until: now });
        if now < host.until {
            // This delivery was under way when the others had failed.
            return;
        }
        host.failures += 1;
        if let Some(more) = host.failures.checked_sub(ENOUGH) {
            host.until = now + FIRST.saturating_mul(2_u32.saturating_pow(more)).min(LONGEST);
        }
    }

    /// The credentials may be tried again.
    pub(super) fn forgive(&mut self, to: &Destination) {
        self.refused.remove(to);
    }
}

//! Hosts that cannot be connected to, and credentials that were refused.

use std::{collections::HashMap, fmt, time::Duration};

use smtp_proto::{AttemptEnd, Cause, Report, Severity, Stage};
use tokio::time::Instant;

use super::destination::Destination;
use crate::{NextHop, tokio::trace};

/// How many deliveries in a row must fail before the pool backs off from a host.
const ENOUGH: u32 = 3;
/// The first backoff. Each further failure doubles it.
const FIRST: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// What deliveries have shown about hosts and credentials.
#[derive(Default, Debug)]
pub(super) struct Health {
    unreachable: HashMap<NextHop, Unreachable>,
    /// The reply that refused the credentials of each.
    refused: HashMap<Destination, String>,
}

/// Why no connection may be opened now.
#[derive(Debug)]
pub(super) enum Obstacle {
    /// The credentials were refused with this reply.
    Refused(String),
    /// The last deliveries could not connect to the host, and the backoff has not expired.
    Unreachable { failures: u32, left: Duration },
}

/// A host that the last deliveries could not connect to.
#[derive(Debug)]
struct Unreachable {
    failures: u32,
    until: Instant,
}

impl Health {
    /// Why no connection may be opened to this destination now.
    pub(super) fn obstacle(&self, to: &Destination) -> Option<Obstacle> {
        if let Some(reply) = self.refused.get(to) {
            return Some(Obstacle::Refused(reply.clone()));
        }
        let host = self.unreachable.get(to.next_hop())?;
        let left = host.until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(Obstacle::Unreachable { failures: host.failures, left })
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
            let left = FIRST.saturating_mul(2_u32.saturating_pow(more)).min(LONGEST);
            host.until = now + left;
            trace::backed_off(to.next_hop(), host.failures, left);
        }
    }

    /// The credentials may be tried again.
    pub(super) fn forgive(&mut self, to: &Destination) {
        self.refused.remove(to);
    }
}

impl Obstacle {
    /// The same without what the server said.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Refused(_) => "the credentials were refused before",
            Self::Unreachable { .. } => "backing off from the host",
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(reply) => write!(f, "the credentials were refused before: {reply}"),
            Self::Unreachable { failures, left } => {
                write!(f, "{failures} deliveries in a row could not connect; waiting {} s", left.as_secs())
            }
        }
    }
}

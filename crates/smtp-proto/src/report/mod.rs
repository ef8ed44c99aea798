//! Reports on a delivery: on each recipient, and on each connection.

mod attempt;
mod bounded;
#[cfg(feature = "serde")]
mod json;
mod owned;
mod recipient;

pub use attempt::{AttemptReport, TlsReport};
pub use owned::OwnedReport;
pub use recipient::RecipientReport;

use alloc::{string::String, vec::Vec};
use core::fmt;

use self::attempt::Attempts;
use crate::{
    envelope::Envelope,
    kept::KeptReply,
    ledger::Ledger,
    outcome::{Outcome, Status},
    recipients::Recipient,
};

/// A report on a delivery. It [is complete](Self::is_complete) when the delivery is done.
///
/// A report borrows from its delivery. To keep it, call [`into_owned`](Self::into_owned).
///
/// With the feature `serde`, it can be serialized. As JSON, it is what `smtp-forward send --json` prints:
///
/// ```json
/// {"outcome":"delivered",
///  "recipients":[{"address":"bob@example.net","status":"delivered",
///    "reply":{"code":250,"enhanced":"2.0.0","text":"2.0.0 Queued"},"reason":"250 2.0.0 Queued"}],
///  "attempts":[{"server":"192.0.2.1:25","greeting":"ehlo",
///    "tls":{"version":"TLSv1.3","verified":true,"reason":null},"auth":null,
///    "stage":"quit","ended":"quit","reason":null}]}
/// ```
///
/// Text from the server is escaped. A reply that settled several recipients is given in full for the first of them and
/// cut off after 500 characters for the others. The member `longest_line` is present only if
/// [`longest_line`](Self::longest_line) has a value, and `notification_dropped` of a recipient only if
/// [that](RecipientReport::notification_dropped) has one.
#[derive(Clone, Copy)]
pub struct Report<'a> {
    envelope: &'a Envelope,
    ledger: &'a Ledger,
    servers: &'a [Option<String>],
}

impl<'a> Report<'a> {
    pub(crate) const fn new(envelope: &'a Envelope, ledger: &'a Ledger) -> Self {
        Self { envelope, ledger, servers: &[] }
    }

    /// The same report, with the name of the server for each of the [`attempts`](Self::attempts), in order. The
    /// delivery does not know these names.
    #[must_use]
    pub const fn with_servers(self, servers: &'a [Option<String>]) -> Self {
        Self { servers, ..self }
    }

    /// A copy that does not borrow from the delivery.
    pub fn into_owned(self) -> OwnedReport {
        OwnedReport { envelope: self.envelope.clone(), ledger: self.ledger.clone(), servers: self.servers.to_vec() }
    }

    /// Every recipient that has its final status, in the order of the envelope. Other recipients are left out until the
    /// report [is complete](Self::is_complete).
    pub fn recipients(&self) -> impl Iterator<Item = RecipientReport<'a>> + use<'a> {
        let report = *self;
        // At most one reply settles several recipients, and it arrived after those that settled one.
        let mut latest = None;
        let dropped = report.envelope.requests().zip(report.ledger.dropped.as_ref());
        let paths = report.envelope.forward_paths().iter();
        paths.zip(report.ledger.recipients.iter()).enumerate().filter_map(
            move |(at, (path, recipient))| match recipient {
                Recipient::Pending | Recipient::Accepted | Recipient::AcceptedLate | Recipient::Left(_) => None,
                Recipient::Settled(settled) => {
                    let kept_at = settled.by.reply().map(KeptReply::position);
                    let is_repeated = kept_at.is_some() && kept_at == latest;
                    latest = latest.max(kept_at);
                    let cause = recipient::cause(settled.by, report.envelope, report.ledger);
                    Some(RecipientReport {
                        path,
                        status: settled.status,
                        cause,
                        // Why the notifications will not be sent, although the message was.
                        notification_dropped: match settled.status {
                            Status::Delivered | Status::Unconfirmed => {
                                dropped.and_then(|(requests, dropped)| requests.dropped(at, dropped))
                            }
                            Status::Deferred | Status::Failed => None,
                        },
                        attempts: report.as_attempts(),
                        is_repeated,
                    })
                }
            },
        )
    }

    /// Whether every recipient has its final status. Always `false` for a [probe](crate::Delivery::probe), which has no
    /// recipients.
    pub fn is_complete(&self) -> bool {
        self.ledger.recipients.all_settled() && !self.envelope.forward_paths().is_empty()
    }

    /// The outcome for the whole message; `None` until the report [is complete](Self::is_complete).
    pub fn outcome(&self) -> Option<Outcome> {
        if self.is_complete() { Outcome::of(self.recipients().map(|recipient| recipient.status)) } else { None }
    }

    /// Every connection that was used or attempted, in order.
    pub fn attempts(&self) -> impl Iterator<Item = AttemptReport<'a>> + use<'a> {
        self.as_attempts().iter()
    }

    const fn as_attempts(&self) -> Attempts<'a> {
        Attempts { ledger: self.ledger, servers: self.servers }
    }

    /// The length of the longest line of the content, in octets without its line end, if it is above
    /// [`LONGEST_LINE`](crate::LONGEST_LINE). Such a line is sent as it is, but some servers refuse it.
    pub const fn longest_line(&self) -> Option<u64> {
        match self.ledger.longest_line {
            Some(octets) => Some(octets.get()),
            None => None,
        }
    }
}

impl OwnedReport {
    /// The report, borrowed.
    pub fn as_report(&self) -> Report<'_> {
        Report { envelope: &self.envelope, ledger: &self.ledger, servers: &self.servers }
    }
}

impl fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report")
            .field("recipients", &self.recipients().collect::<Vec<_>>())
            .field("attempts", &self.attempts().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// For humans: one line for each recipient, then one for each connection, and one if a line of the content is too long.
impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for recipient in self.recipients() {
            writeln!(f, "{recipient}")?;
        }
        for (index, attempt) in self.attempts().enumerate() {
            writeln!(f, "connection {}: {attempt}", index.saturating_add(1))?;
        }
        match self.longest_line() {
            Some(longest) => writeln!(f, "the content has a line of {longest} octets, which some servers refuse"),
            None => Ok(()),
        }
    }
}

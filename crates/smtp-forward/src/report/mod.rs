//! Reports on messages, as text and as JSON.

pub(crate) mod json;
pub(crate) mod many;
pub(crate) mod people;
pub(crate) mod reasons;

use std::fmt::{self, Display};

use serde::{Serialize, Serializer};
use smtp_client::tls::looks_like_tls;
use smtp_proto::{
    AttemptEnd, AttemptReport, Cause, Disconnect, ForwardPath, Need, RecipientReport, Report, Stage, TlsReport,
};

use crate::file::Location;

/// Which of several messages a report is about. With several connections, reports may come out of order.
#[derive(Clone, Copy, Serialize, Debug)]
pub(crate) struct Which<'a> {
    /// Counts from 1.
    pub(crate) number: usize,
    #[serde(serialize_with = "serialize_name")]
    pub(crate) file: &'a Location,
}

impl Display for Which<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message {}, {}", self.number, self.file.name())
    }
}

fn serialize_name<S: Serializer>(file: &Location, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&file.name())
}

/// What the user can do about a message that was not sent.
pub(crate) fn hint(report: Report<'_>) -> Option<String> {
    let failed_for = |need: Need, recipient: &RecipientReport<'_>| matches!(recipient.cause, Cause::Needs { needs, .. } if needs.contains(need));
    let is_for_content = |recipient: RecipientReport<'_>| failed_for(Need::EightBitMime, &recipient);
    let is_for_domain = |recipient: RecipientReport<'_>| {
        failed_for(Need::Smtputf8, &recipient) && needs_smtputf8_for_its_domain(recipient.path)
    };
    // A server that waits for a TLS handshake sends no greeting, or a TLS alert once it receives something else.
    let may_want_tls = |attempt: AttemptReport<'_>| match attempt.end() {
        Some(AttemptEnd::TimedOut) => attempt.stage() == Stage::Greeting,
        Some(AttemptEnd::InvalidReply(_)) => looks_like_tls(attempt.detail()),
        _ => false,
    };
    let is_in_clear = |attempt: &AttemptReport<'_>| !matches!(attempt.tls(), TlsReport::Secured { .. });
    let hints = [
        (
            report.attempts().filter(is_in_clear).any(may_want_tls),
            "The server may expect TLS from the start: `--tls implicit`.\n",
        ),
        (report.recipients().any(is_for_content), "`--8bit send` sends 8-bit content without announcing it.\n"),
        (
            report.recipients().any(is_for_domain),
            "With the domain in its xn-- form, the address does not need SMTPUTF8.\n",
        ),
    ];
    let hints: String = hints.into_iter().filter_map(|(applies, hint)| applies.then_some(hint)).collect();
    (!hints.is_empty()).then_some(hints)
}

fn needs_smtputf8_for_its_domain(path: &ForwardPath) -> bool {
    match path {
        ForwardPath::Postmaster => false,
        ForwardPath::Mailbox(mailbox) => mailbox.local_part().is_ascii() && !mailbox.domain().is_ascii(),
    }
}

pub(crate) const fn how_lost(how: Disconnect) -> &'static str {
    match how {
        Disconnect::Closed => "the server closed the connection",
        Disconnect::Reset => "the server reset the connection",
        Disconnect::WriteFailed => "writing failed",
        _ => "reading failed",
    }
}

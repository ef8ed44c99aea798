//! Reports on messages, as text and as JSON.

pub(crate) mod json;
pub(crate) mod many;
pub(crate) mod people;

use std::{
    fmt::{self, Display},
    io::{self, Write},
    net::SocketAddr,
};

use serde::Serialize;
use smtp_proto::{
    AttemptEnd, AttemptReport, Cause, Disconnect, Need, RecipientReport, Reply, Report, Severity, Status,
};

use crate::{diagnostics, exit_status::ExitStatus};

/// A report, and the server of each of its attempts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account<'a> {
    pub(crate) report: Report<'a>,
    pub(crate) servers: &'a [Option<SocketAddr>],
}

impl<'a> Account<'a> {
    /// Each attempt with the address that was connected to or tried.
    pub(crate) fn attempts(self) -> impl Iterator<Item = (AttemptReport<'a>, Option<SocketAddr>)> {
        let servers = self.servers.iter().copied().chain(std::iter::repeat(None));
        self.report.attempts().zip(servers)
    }
}

/// Which of several messages a report is about. With several connections, reports may come out of order.
#[derive(Serialize, Debug)]
pub(crate) struct Which {
    /// Counts from 1.
    pub(crate) number: usize,
    /// Its name, escaped.
    pub(crate) file: String,
}

impl Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message {}, {}", self.number, self.file)
    }
}

/// What the user can do about a message that was not sent.
pub(crate) fn hint(report: Report<'_>) -> Option<&'static str> {
    let needs_8bit = |cause| matches!(cause, Cause::Needs { needs, .. } if needs.contains(Need::EightBitMime));
    let any = report.recipients().any(|recipient| needs_8bit(recipient.cause));
    any.then_some("`--8bit send` sends 8-bit content without announcing it.\n")
}

/// Why a recipient has its status: the server's reply, or the troubles of all attempts, so that the last one does not
/// hide the first.
pub(crate) fn reason(recipient: &RecipientReport<'_>, report: Report<'_>) -> String {
    let troubles: Vec<_> = report.attempts().filter_map(|attempt| trouble(&attempt)).collect();
    // If the reply does not explain the status, the connections do.
    let in_doubt = |reply: Reply<'_>| match recipient.status {
        Status::Deferred => reply.code().severity() == Some(Severity::Permanent),
        Status::Unconfirmed => reply.code().severity().is_some(),
        Status::Delivered | Status::Failed => false,
    };
    match (recipient.cause, recipient.reply()) {
        (Cause::Reply(_), Some(reply)) if in_doubt(reply) && !troubles.is_empty() => {
            format!("{reply} ({})", troubles.join("; "))
        }
        (Cause::Reply(_), Some(reply)) => reply.to_string(),
        (Cause::Connections, _) if !troubles.is_empty() => troubles.join("; "),
        (cause, Some(reply)) => format!("{cause}: {reply}"),
        (cause, None) if troubles.is_empty() => cause.to_string(),
        (cause, None) => format!("{cause} ({})", troubles.join("; ")),
    }
}

/// Why an attempt ended as it did. `None` if it ended normally, with nothing to report.
pub(crate) fn trouble(attempt: &AttemptReport<'_>) -> Option<String> {
    match (attempt.end(), attempt.reply()) {
        (None | Some(AttemptEnd::Quit | AttemptEnd::Kept), None) => None,
        _ => Some(attempt.to_string()),
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

/// Writes to standard output.
pub(crate) fn print(what: impl Display) -> io::Result<()> {
    let mut output = io::stdout().lock();
    write!(output, "{what}")?;
    output.flush()
}

/// Prints a report, or an error if it cannot be written. The exit status tells only whether it was written.
#[must_use]
pub(crate) fn publish(report: impl Display) -> ExitStatus {
    match print(report) {
        Ok(()) => ExitStatus::Ok,
        Err(error) => {
            diagnostics::error(format_args!("the report cannot be written: {error}"));
            ExitStatus::Software
        }
    }
}

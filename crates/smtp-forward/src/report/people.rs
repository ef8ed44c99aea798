//! Text reports on single messages and connections.

use std::fmt;

use console::style;
use smtp_proto::{AttemptEnd, AttemptReport, Disconnect, Escaped, LONGEST_LINE, Report, Stage, Status, TlsReport};

use super::Which;

/// The status of each recipient, and what happened on the connections if they did not simply end normally.
pub(crate) struct Message<'a> {
    /// Set if there are several messages.
    pub(crate) which: Option<Which<'a>>,
    pub(crate) report: Report<'a>,
}

impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { which, report } = self;
        let which = which.as_ref().map(|which| format!("{which}: ")).unwrap_or_default();
        for recipient in report.recipients() {
            let word = style(recipient.status.as_str()).bold();
            let word = match recipient.status {
                Status::Delivered => word.green(),
                Status::Deferred | Status::Unconfirmed => word.yellow(),
                Status::Failed => word.red(),
            };
            let path = Escaped(recipient.path.as_str().as_bytes());
            writeln!(f, "{which}<{path}> {word}: {}", recipient.reason())?;
            if let Some(dropped) = recipient.notification_dropped {
                writeln!(f, "  It was sent {dropped}.")?;
            }
            if recipient.status == Status::Unconfirmed {
                writeln!(
                    f,
                    "  The whole message was sent and may have been accepted. If sent again, it may arrive twice."
                )?;
            }
        }
        write!(f, "{}{}", Connections(*report), Secured(*report))?;
        match report.longest_line() {
            Some(longest) => {
                writeln!(f, "A line has {longest} octets: not every server accepts more than {LONGEST_LINE}.")
            }
            None => Ok(()),
        }
    }
}

/// How the last connection was secured.
struct Secured<'a>(Report<'a>);

impl fmt::Display for Secured<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let was_used = |attempt: &AttemptReport<'_>| attempt.reused() || attempt.hello_reply().is_some();
        let Some(attempt) = self.0.attempts().last().filter(was_used) else { return Ok(()) };
        match attempt.tls() {
            TlsReport::Secured { version, unverified: None } => write!(f, "Over {version}, to a verified server")?,
            TlsReport::Secured { version, unverified: Some(why) } => {
                write!(f, "Over {version}, to a server that was not verified: {}", Escaped(why))?;
            }
            TlsReport::NotOffered => f.write_str("In clear: the server does not offer STARTTLS")?,
            TlsReport::Refused(reply) => write!(f, "In clear: the server refused STARTTLS with {reply}")?,
            _ => f.write_str("In clear")?,
        }
        match attempt.mechanism() {
            Some(mechanism) => writeln!(f, "; authenticated with {}.", mechanism.name()),
            None => f.write_str(".\n"),
        }
    }
}

/// The connections, if there is something to report about them.
pub(crate) struct Connections<'a>(pub(crate) Report<'a>);

impl fmt::Display for Connections<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(report) = self;
        let is_told = |attempt: AttemptReport<'_>| {
            // What kept it from opening, or from being secured, is the reason of every recipient.
            let is_unused = attempt.stage() == Stage::Connect || attempt.end() == Some(AttemptEnd::TlsFailed);
            let is_the_reason = is_unused && report.recipients().next().is_some();
            is_the_reason || !attempt.is_in_trouble()
        };
        if report.attempts().nth(1).is_none() && report.attempts().all(is_told) {
            return Ok(());
        }
        for (before, _) in report.attempts().zip(report.attempts().skip(1)) {
            writeln!(f, "{}", why_again(&before))?;
        }
        for (number, attempt) in (1..).zip(report.attempts()) {
            write!(f, "  connection {number}")?;
            if let Some(server) = attempt.server() {
                write!(f, " to {server}")?;
            }
            if let Some(hello) = attempt.hello() {
                write!(f, ", {}", hello.verb())?;
            }
            writeln!(f, ": {attempt}")?;
        }
        Ok(())
    }
}

/// Why another connection followed: to replace a kept one, or to try HELO.
fn why_again(before: &AttemptReport<'_>) -> String {
    if before.reused() {
        return "The kept connection could not be used any more: a new one was opened.".to_owned();
    }
    let what = match before.end() {
        Some(AttemptEnd::Lost(Disconnect::Closed)) => "The server closed the connection",
        Some(AttemptEnd::Lost(Disconnect::Reset)) => "The server reset the connection",
        Some(AttemptEnd::TimedOut) => "The server fell silent",
        Some(AttemptEnd::TlsFailed) => {
            return "The TLS handshake failed: a new connection was opened without TLS.".to_owned();
        }
        _ => "The connection was lost",
    };
    if let Stage::StartTls | Stage::Handshake = before.stage() {
        return format!("{what} at {}: a new connection was opened without TLS.", before.stage());
    }
    let when = match (before.ehlo_refusal(), before.hello_reply()) {
        (Some(_), _) => "after EHLO was refused",
        (None, Some(_)) => "after EHLO was answered",
        (None, None) if before.detail().is_empty() => "on EHLO, without a reply",
        (None, None) => "in the middle of the reply to EHLO",
    };
    format!("{what} {when}: a new connection was opened for HELO.")
}

//! The result of `probe --verify`: whether a server would accept a recipient.

use std::fmt;

use serde::Serialize;
use smtp_proto::{
    Envelope, EnvelopeError, Escaped, ForwardPath, RecipientReport, Reply, Report, ReversePath, Severity,
};

use crate::exit_status::ExitStatus;

/// The envelope of the question.
pub(crate) fn envelope(from: Option<&ReversePath>, to: &ForwardPath) -> Result<Envelope, EnvelopeError> {
    let from = from.cloned().unwrap_or(ReversePath::Null);
    Ok(Envelope::new(from, vec![to.clone()])?.as_inquiry())
}

/// Whether the server would accept a recipient.
pub(crate) struct Verified<'a>(RecipientReport<'a>);

/// The same for JSON.
#[derive(Serialize)]
pub(crate) struct Json<'a> {
    address: &'a str,
    accepted: bool,
    reply: Option<Reply<'a>>,
    reason: String,
}

impl<'a> Verified<'a> {
    /// `None` if nothing was asked.
    pub(crate) fn of(report: Report<'a>) -> Option<Self> {
        report.recipients().next().map(Self)
    }

    /// In an inquiry, only the reply to RCPT settles a recipient with a success.
    fn is_accepted(&self) -> bool {
        self.0.reply().is_some_and(|reply| reply.code().class() == 2)
    }

    pub(crate) fn status(&self) -> ExitStatus {
        let severity = self.0.reply().and_then(|reply| reply.code().severity());
        match (self.is_accepted(), self.0.status, severity) {
            (true, _, _) => ExitStatus::Ok,
            (false, smtp_proto::Status::Failed, _) | (false, _, Some(Severity::Permanent)) => ExitStatus::Unavailable,
            (false, _, _) => ExitStatus::TempFail,
        }
    }

    pub(crate) fn to_json(&self) -> Json<'a> {
        Json {
            address: self.0.path.as_str(),
            accepted: self.is_accepted(),
            reply: self.0.reply(),
            reason: self.0.reason().to_string(),
        }
    }
}

impl fmt::Display for Verified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = Escaped(self.0.path.as_str().as_bytes());
        let word = if self.is_accepted() { "would accept" } else { "would not accept" };
        writeln!(f, "It {word} <{path}>: {}", self.0.reason())
    }
}

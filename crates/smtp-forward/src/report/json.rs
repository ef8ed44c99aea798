//! Reports as JSON: one object on one line. Unknown values are null.

use serde::Serialize;
use smtp_proto::{AttemptEnd, AttemptReport, Hello, Outcome, Reply};

use super::{Account, Which, reason, trouble};

/// The report on one message.
#[derive(Serialize, Debug)]
pub(crate) struct Message<'a> {
    /// Set if there are several messages.
    #[serde(flatten)]
    which: Option<Which>,
    outcome: Option<&'static str>,
    recipients: Vec<Recipient<'a>>,
    attempts: Vec<Attempt>,
    /// Octets of the longest line, if not every server accepts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    longest_line: Option<u64>,
}

#[derive(Serialize, Debug)]
struct Recipient<'a> {
    address: &'a str,
    status: &'static str,
    reply: Option<JsonReply>,
    reason: String,
}

/// A reply, with its text escaped.
#[derive(Serialize, Debug)]
pub(crate) struct JsonReply {
    code: u16,
    enhanced: Option<String>,
    text: String,
}

/// One attempt to connect and deliver.
#[derive(Serialize, Debug)]
pub(crate) struct Attempt {
    server: Option<String>,
    greeting: Option<String>,
    tls: bool,
    stage: &'static str,
    ended: Option<&'static str>,
    reason: Option<String>,
}

impl<'a> Message<'a> {
    pub(crate) fn new(which: Option<Which>, account: Account<'a>) -> Self {
        let report = account.report;
        let recipients = report.recipients().map(|recipient| Recipient {
            address: recipient.path.as_str(),
            status: recipient.status.as_str(),
            reply: recipient.reply().map(JsonReply::from),
            reason: reason(&recipient, report),
        });
        let outcome = report.outcome().map(Outcome::as_str);
        Self {
            which,
            outcome,
            recipients: recipients.collect(),
            attempts: attempts(account),
            longest_line: report.longest_line(),
        }
    }
}

impl From<Reply<'_>> for JsonReply {
    fn from(reply: Reply<'_>) -> Self {
        Self {
            code: reply.code().get(),
            enhanced: reply.enhanced().map(|enhanced| enhanced.to_string()),
            text: reply.text("\n").to_string(),
        }
    }
}

/// All attempts, in order.
pub(crate) fn attempts(account: Account<'_>) -> Vec<Attempt> {
    let one = |(attempt, server): (AttemptReport<'_>, Option<std::net::SocketAddr>)| Attempt {
        server: server.map(|server| server.to_string()),
        greeting: attempt.hello().map(hello),
        tls: false,
        stage: attempt.stage().as_str(),
        ended: attempt.end().map(AttemptEnd::as_str),
        reason: trouble(&attempt),
    };
    account.attempts().map(one).collect()
}

/// One object on one line.
pub(crate) fn line(value: &impl Serialize) -> String {
    // Serializing strings, numbers and lists cannot fail.
    let mut line = serde_json::to_string(value).unwrap_or_default();
    line.push('\n');
    line
}

/// The word for a hello.
pub(crate) fn hello(hello: Hello) -> String {
    hello.verb().to_ascii_lowercase()
}

//! Reports for programs: one JSON object on one line. What is not known is null.

use serde::Serialize;
use smtp_proto::{AttemptReport, Disconnect, Ended, Hello, Reply, Stage, Status};

use super::{Account, Outcome, Which, reason, trouble};

/// What became of one message.
#[derive(Serialize, Debug)]
pub(crate) struct Message<'a> {
    /// Where there are several.
    #[serde(flatten)]
    which: Option<Which>,
    outcome: &'static str,
    recipients: Vec<Recipient<'a>>,
    attempts: Vec<Attempt>,
    /// Octets of the longest line, where not every server takes it.
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

/// A reply, its text safe to show.
#[derive(Serialize, Debug)]
pub(crate) struct JsonReply {
    code: u16,
    enhanced: Option<String>,
    text: String,
}

/// One connection that was tried.
#[derive(Serialize, Debug)]
pub(crate) struct Attempt {
    server: Option<String>,
    greeting: Option<&'static str>,
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
            status: status(recipient.status),
            reply: recipient.reply.map(JsonReply::from),
            reason: reason(&recipient, report),
        });
        let outcome = Outcome::from(report).word();
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
        stage: stage(attempt.stage()),
        ended: attempt.ended().map(ended),
        reason: trouble(&attempt),
    };
    account.attempts().map(one).collect()
}

/// One object on one line.
pub(crate) fn line(value: &impl Serialize) -> String {
    // Strings, numbers and lists: nothing that can fail.
    let mut line = serde_json::to_string(value).unwrap_or_default();
    line.push('\n');
    line
}

/// The word for a status.
pub(crate) const fn status(status: Status) -> &'static str {
    match status {
        Status::Delivered => "delivered",
        Status::Deferred => "deferred",
        Status::Failed => "failed",
        Status::Unconfirmed => "unconfirmed",
    }
}

/// The word for a hello.
pub(crate) const fn hello(hello: Hello) -> &'static str {
    match hello {
        Hello::Ehlo => "ehlo",
        Hello::Helo => "helo",
        Hello::Lhlo => "lhlo",
    }
}

const fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Connect => "connect",
        Stage::Greeting => "greeting",
        Stage::Ehlo | Stage::Helo | Stage::Lhlo => "hello",
        Stage::Mail => "mail",
        Stage::Rcpt => "rcpt",
        Stage::Data => "data",
        Stage::Content => "content",
        Stage::ContentEnd => "content-end",
        Stage::Rset => "rset",
        Stage::Noop => "noop",
        Stage::Quit => "quit",
        Stage::Idle => "idle",
    }
}

const fn ended(ended: Ended) -> &'static str {
    match ended {
        Ended::Quit => "quit",
        Ended::Kept => "kept",
        Ended::ConnectFailed => "connect-failed",
        Ended::Lost(Disconnect::Closed) => "closed",
        Ended::Lost(Disconnect::Reset) => "reset",
        Ended::Lost(Disconnect::WriteFailed) => "write-failed",
        Ended::Lost(Disconnect::ReadFailed) => "read-failed",
        Ended::TimedOut => "timed-out",
        Ended::ServiceClosing => "service-closing",
        Ended::NotAReply(_) => "not-a-reply",
        Ended::Unsolicited => "unsolicited",
        Ended::Unexpected => "unexpected",
        Ended::ContentRefused => "content-refused",
        Ended::Abandoned => "abandoned",
        Ended::SessionLimit => "session-limit",
    }
}

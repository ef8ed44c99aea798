//! Reports for programs: one JSON object on one line. What is not known is null.

use serde::Serialize;
use smtp_proto::{AttemptReport, Disconnect, Ended, Hello, Reply, Report, Stage, Status};

use super::{Account, reason, trouble};

/// What became of one message.
#[derive(Serialize, Debug)]
pub(crate) struct Message<'a> {
    outcome: &'static str,
    recipients: Vec<Recipient<'a>>,
    attempts: Vec<Attempt>,
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

impl<'a> From<Account<'a>> for Message<'a> {
    fn from(account: Account<'a>) -> Self {
        let report = account.report;
        let recipients = report.recipients().map(|recipient| Recipient {
            address: recipient.path.as_str(),
            status: status(recipient.status),
            reply: recipient.reply.map(JsonReply::from),
            reason: reason(&recipient, report),
        });
        Self { outcome: outcome(report), recipients: recipients.collect(), attempts: attempts(account) }
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

/// One word for a message: what its sender must know first.
fn outcome(report: Report<'_>) -> &'static str {
    let any = |status| report.recipients().any(|recipient| recipient.status == status);
    if report.recipients().all(|recipient| recipient.status == Status::Delivered) {
        "delivered"
    } else if any(Status::Delivered) {
        "partial"
    } else if any(Status::Unconfirmed) {
        "unconfirmed"
    } else if any(Status::Deferred) {
        "deferred"
    } else {
        "failed"
    }
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
    }
}

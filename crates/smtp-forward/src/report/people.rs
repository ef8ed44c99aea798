//! Reports for people.

use std::fmt;

use console::style;
use smtp_proto::{AttemptReport, Ended, Hello, LONGEST_LINE, Status};

use super::{Account, json, reason, trouble};

/// What happened to each recipient, and where there is more to a connection than its end in order,
/// why.
pub(crate) struct Message<'a>(pub(crate) Account<'a>);

impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(account) = self;
        for recipient in account.report.recipients() {
            let word = style(json::status(recipient.status)).bold();
            let word = match recipient.status {
                Status::Delivered => word.green(),
                Status::Deferred | Status::Unconfirmed => word.yellow(),
                Status::Failed => word.red(),
            };
            writeln!(f, "<{}> {word}: {}", recipient.path, reason(&recipient, account.report))?;
            if recipient.status == Status::Unconfirmed {
                writeln!(f, "  The whole message was sent and no answer came: sent again, it may arrive twice.")?;
            }
        }
        write!(f, "{}", Connections(*account))?;
        match account.report.longest_line() {
            Some(longest) if longest > LONGEST_LINE => {
                writeln!(f, "A line has {longest} octets: not every server takes more than {LONGEST_LINE}.")
            }
            _ => Ok(()),
        }
    }
}

/// The connections, if there is something to say of them.
pub(crate) struct Connections<'a>(pub(crate) Account<'a>);

impl fmt::Display for Connections<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(account) = self;
        let attempts: Vec<_> = account.attempts().collect();
        if attempts.len() < 2 && attempts.iter().all(|(attempt, _)| trouble(attempt).is_none()) {
            return Ok(());
        }
        for pair in attempts.windows(2) {
            if let [(before, _), (after, _)] = pair {
                writeln!(f, "{}", why_again(before, after))?;
            }
        }
        for (number, (attempt, server)) in (1..).zip(&attempts) {
            write!(f, "  connection {number}")?;
            if let Some(server) = server {
                write!(f, " to {server}")?;
            }
            if let Some(hello) = attempt.hello() {
                write!(f, ", {}", json::hello(hello).to_ascii_uppercase())?;
            }
            writeln!(f, ": {attempt}")?;
        }
        Ok(())
    }
}

fn why_again(before: &AttemptReport<'_>, after: &AttemptReport<'_>) -> &'static str {
    match (before.reused(), after.hello(), before.ended()) {
        (true, ..) => "The connection that was kept was of no use any more: a new one was opened.",
        (false, Some(Hello::Helo), Some(Ended::TimedOut)) => {
            "The server was silent after EHLO: a new connection was opened, for HELO."
        }
        (false, Some(Hello::Helo), _) => "The server did not stay for EHLO: a new connection was opened, for HELO.",
        (false, ..) => "The first connection was of no use: a new one was opened.",
    }
}

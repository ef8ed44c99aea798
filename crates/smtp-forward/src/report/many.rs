//! The summary of many messages.

use std::{collections::BTreeMap, fmt, time::Duration};

use smtp_proto::{Cause, LONGEST_LINE, Outcome, Report, Stage, Status};

use super::hint;

/// The summary of all messages.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    outcomes: BTreeMap<Outcome, usize>,
    connections: usize,
    /// How many messages have a line that not every server accepts.
    long_lines: usize,
    /// How many recipients got their message without the notifications that were asked for.
    dropped: usize,
    hint: Option<String>,
    pub(crate) time: Duration,
}

impl Summary {
    pub(crate) fn add(&mut self, report: Report<'_>) {
        if let Some(outcome) = report.outcome() {
            *self.outcomes.entry(outcome).or_default() += 1;
        }
        let opened = report.attempts().filter(|attempt| !attempt.reused() && attempt.stage() != Stage::Connect);
        self.connections += opened.count();
        self.long_lines += usize::from(report.longest_line().is_some());
        self.dropped += report.recipients().filter(|recipient| recipient.notification_dropped.is_some()).count();
        self.hint = self.hint.take().or_else(|| hint(report)).or_else(|| hint_at_limit(report));
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages: usize = self.outcomes.values().sum();
        let outcomes: Vec<_> = self.outcomes.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
        let seconds = self.time.as_secs_f64();
        write!(f, "{messages} messages: {}; ", outcomes.join(", "))?;
        let plural = if self.connections == 1 { "" } else { "s" };
        #[allow(clippy::cast_precision_loss, reason = "it is a rate")]
        let rate = messages as f64 / seconds;
        writeln!(f, "{} connection{plural}, {seconds:.2} s, {rate:.0} per second", self.connections)?;
        if self.long_lines > 0 {
            let (count, limit) = (self.long_lines, LONGEST_LINE);
            writeln!(f, "{count} with a line of more than {limit} octets: not every server accepts it.")?;
        }
        if self.dropped > 0 {
            writeln!(
                f,
                "{} recipients without the requested notifications, which the server does not support.",
                self.dropped
            )?;
        }
        f.write_str(self.hint.as_deref().unwrap_or_default())
    }
}

/// What the user can do about a server that defers what comes late on a connection.
fn hint_at_limit(report: Report<'_>) -> Option<String> {
    let is_late = report.attempts().any(|attempt| attempt.reused());
    let is_deferred = report
        .recipients()
        .any(|recipient| matches!((recipient.status, recipient.cause), (Status::Deferred, Cause::Reply(_))));
    (is_late && is_deferred).then(|| "`--per-connection N` sends at most N messages over a connection.\n".to_owned())
}

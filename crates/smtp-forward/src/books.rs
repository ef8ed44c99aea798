//! Printing the reports of many messages as they come.

use std::time::Instant;

use smtp_proto::Outcome;

use crate::{
    batch::Taken,
    exit_status::ExitStatus,
    progress::{MANY, Progress},
    report::{
        self, Account, json,
        many::{NotDelivered, Summary},
        people,
    },
};

/// The results of the messages so far, and how to print them.
pub(crate) struct Books {
    json: bool,
    /// How many messages there are.
    count: usize,
    pub(crate) progress: Progress,
    summary: Summary,
    /// The worst status of the messages.
    status: ExitStatus,
    /// Whether printing succeeded.
    written: ExitStatus,
    since: Instant,
}

impl Books {
    pub(crate) fn new(json: bool, count: usize, progress: Progress) -> Self {
        Self {
            json,
            count,
            progress,
            summary: Summary::default(),
            status: ExitStatus::Ok,
            written: ExitStatus::Ok,
            since: Instant::now(),
        }
    }

    /// Reports on one message. `status` tells of failures outside its delivery.
    pub(crate) fn enter(&mut self, taken: Taken<'_>, account: Account<'_>, status: ExitStatus) {
        let report = account.report;
        self.status = self.status.max(status).max(report.into());
        self.summary.add(report);
        self.progress.message();
        let which = taken.which();
        if self.json {
            let which = (self.count > 1).then_some(which);
            self.print(&json::line(&json::Message::new(which, account)));
        } else if self.count < MANY {
            let hint = report::hint(report).unwrap_or_default();
            let which = (self.count > 1).then_some(which);
            self.print(&format!("{}{hint}", people::Message { which, account }));
        } else if report.outcome() != Some(Outcome::Delivered) {
            self.print(&NotDelivered { which, report }.to_string());
        }
    }

    /// Prints the summary if there are many messages. Returns the worst status.
    pub(crate) fn close(mut self) -> ExitStatus {
        self.progress.finish();
        self.summary.time = self.since.elapsed();
        if self.count >= MANY && !self.json {
            self.print(&self.summary.to_string());
        }
        self.status.max(self.written)
    }

    /// Prints, unless an earlier report could not be written.
    fn print(&mut self, what: &str) {
        if self.written == ExitStatus::Ok {
            self.written = self.progress.suspend(|| report::publish(what));
        }
    }
}

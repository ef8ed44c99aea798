//! Printing the reports of many messages as they come.

use std::{fmt::Display, time::Instant};

use smtp_proto::{Outcome, Report};

use crate::{
    batch::Taken,
    exit_status::ExitStatus,
    output::Output,
    progress::{MANY, Progress},
    report::{self, json, many::Summary, people, reasons::Reasons},
};

/// The results of the messages so far, and how to print them.
pub(crate) struct Books {
    json: bool,
    /// How many messages there are.
    count: usize,
    pub(crate) progress: Progress,
    summary: Summary,
    reasons: Reasons,
    /// The worst status of the messages.
    status: ExitStatus,
    output: Output,
    since: Instant,
}

impl Books {
    pub(crate) fn new(json: bool, count: usize, progress: Progress) -> Self {
        Self {
            json,
            count,
            progress,
            summary: Summary::default(),
            reasons: Reasons::default(),
            status: ExitStatus::Ok,
            output: Output::new(),
            since: Instant::now(),
        }
    }

    /// Reports on one message. `status` tells of failures outside its delivery.
    pub(crate) fn enter(&mut self, taken: &Taken, report: Report<'_>, status: ExitStatus) {
        self.status = self.status.and(status).and(report.into());
        self.summary.add(report);
        self.progress.message();
        let which = taken.which();
        if self.json {
            let which = (self.count > 1).then_some(which);
            self.print(json::Line(json::Message { which, report }));
        } else if self.count < MANY {
            let hint = report::hint(report).unwrap_or_default();
            let which = (self.count > 1).then_some(which);
            self.print(format_args!("{}{hint}", people::Message { which, report }));
        } else if report.outcome() != Some(Outcome::Delivered) {
            let lines = self.reasons.lines(which, report);
            self.print(lines);
        }
    }

    /// Prints the summary if there are many messages. Returns the worst status.
    pub(crate) fn close(&mut self) -> ExitStatus {
        self.progress.finish();
        self.summary.time = self.since.elapsed();
        if self.count >= MANY && !self.json {
            let (reasons, summary) = (std::mem::take(&mut self.reasons), std::mem::take(&mut self.summary));
            self.print(format_args!("{reasons}{summary}"));
        }
        self.status.max(self.output.finish())
    }

    /// Goes on writing what standard output did not take before.
    pub(crate) fn go_on(&mut self) {
        if !self.output.is_written() {
            self.progress.suspend(|| self.output.go_on());
        }
    }

    fn print(&mut self, what: impl Display) {
        self.progress.suspend(|| self.output.print(what));
    }
}

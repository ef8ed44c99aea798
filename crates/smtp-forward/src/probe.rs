//! The command `probe`: greets a server and lists the extensions it offers.

use std::fmt;

use serde::Serialize;
use smtp_client::{Client, NextHop};
use smtp_proto::{AttemptReport, Delivery, Hello, Reply, Report, Severity, keywords};

use crate::{
    arguments::Probe,
    diagnostics,
    exit_status::ExitStatus,
    interrupt,
    output::publish,
    progress::Progress,
    report::{json, people::Connections},
    watch::Watch,
};

pub(crate) fn run(arguments: &Probe) -> ExitStatus {
    let next_hop = arguments.server.next_hop();
    let mut delivery = Delivery::probe(arguments.server.config());
    let mut client = Client::new(next_hop.clone()).with_interrupt(interrupt::flag());
    let mut watch = Watch::new(arguments.trace, Progress::none());
    if let Err(misuse) = client.deliver(&mut delivery, &mut std::io::empty(), &mut watch) {
        diagnostics::error(format_args!("internal error: {misuse}"));
        return ExitStatus::Software;
    }
    let findings = Findings::of(&next_hop, client.report(&delivery));
    let published = if arguments.json { publish(json::Line(findings.to_json())) } else { publish(&findings) };
    published.max(findings.status())
}

/// The results of a probe.
struct Findings<'a> {
    next_hop: &'a NextHop,
    report: Report<'a>,
    greeting: Option<Reply<'a>>,
    /// The hello that was accepted, and the reply to it.
    taken: Option<(Hello, Reply<'a>)>,
}

#[derive(Serialize)]
struct Json<'a> {
    server: String,
    greeting: Option<Reply<'a>>,
    /// The hello that was accepted.
    hello: Option<Hello>,
    /// Whether HELO was accepted after EHLO had failed.
    helo_needed: bool,
    offers: Vec<Offer>,
    attempts: Vec<AttemptReport<'a>>,
}

#[derive(Serialize)]
struct Offer {
    keyword: String,
    parameters: String,
}

impl<'a> Findings<'a> {
    fn of(next_hop: &'a NextHop, report: Report<'a>) -> Self {
        let greeting = report.attempts().filter_map(|attempt| attempt.greeting()).last();
        let taken = report.attempts().filter_map(|attempt| attempt.hello().zip(attempt.hello_reply())).last();
        Self { next_hop, report, greeting, taken }
    }

    /// What the reply to EHLO offers. A reply to HELO never offers anything.
    fn offers(&self) -> impl Iterator<Item = smtp_proto::Keyword<'a>> {
        let reply = self.taken.filter(|(hello, _)| *hello != Hello::Helo).map(|(_, reply)| reply);
        reply.into_iter().flat_map(|reply| keywords(&reply))
    }

    fn helo_needed(&self) -> bool {
        matches!(self.taken, Some((Hello::Helo, _)))
    }

    fn status(&self) -> ExitStatus {
        let for_good = |reply: Reply<'_>| reply.code().severity() == Some(Severity::Permanent);
        // As in a delivery, a hang-up is never permanent, nor is a refusal of HELO after a transient refusal of EHLO.
        let mut attempts = self.report.attempts().peekable();
        let refused_for_good = attempts.peek().is_some()
            && attempts
                .all(|attempt| attempt.reply().is_some_and(for_good) && attempt.ehlo_refusal().is_none_or(for_good));
        match self.taken {
            Some(_) => ExitStatus::Ok,
            None if refused_for_good => ExitStatus::Unavailable,
            None => ExitStatus::TempFail,
        }
    }

    fn to_json(&self) -> Json<'a> {
        let offer = |keyword: smtp_proto::Keyword<'_>| Offer {
            keyword: String::from_utf8_lossy(keyword.name()).into_owned(),
            parameters: smtp_proto::Escaped(keyword.parameters()).to_string(),
        };
        Json {
            server: self.next_hop.to_string(),
            greeting: self.greeting,
            hello: self.taken.map(|(hello, _)| hello),
            helo_needed: self.helo_needed(),
            offers: self.offers().map(offer).collect(),
            attempts: self.report.attempts().collect(),
        }
    }
}

impl fmt::Display for Findings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(greeting) = self.greeting {
            writeln!(f, "{} greets: {greeting}", self.next_hop)?;
        }
        match self.taken {
            None => writeln!(f, "No EHLO or HELO was accepted.")?,
            Some((Hello::Helo, reply)) => {
                writeln!(f, "It accepts only HELO, and offers no extensions: {} {}", reply.code(), reply.text(" / "))?;
            }
            Some((hello, _)) => {
                let hello = hello.verb();
                if self.offers().next().is_none() {
                    writeln!(f, "It accepts {hello}, and offers no extensions.")?;
                } else {
                    writeln!(f, "It accepts {hello}, and offers:")?;
                }
                for keyword in self.offers() {
                    writeln!(f, "  {keyword}")?;
                }
            }
        }
        write!(f, "{}", Connections(self.report))
    }
}

//! What the client did, as text and as JSON.

use std::fmt;

use console::style;
use serde::Serialize;

use super::{
    conversation::{Conversation, Ended},
    promise::{Finding, findings},
    scenario::Scenario,
};
use crate::exit_status::ExitStatus;

/// The final verdict on a client.
pub(super) struct Verdict<'v> {
    scenario: &'v Scenario,
    conversations: &'v [Conversation],
    findings: Vec<Finding>,
    /// How many messages were sent to their end.
    sent: usize,
    /// How many of them the server accepted.
    taken: usize,
}

impl<'v> Verdict<'v> {
    pub(super) fn new(scenario: &'v Scenario, conversations: &'v [Conversation]) -> Self {
        let messages: Vec<_> = conversations.iter().flat_map(Conversation::messages).collect();
        Self {
            scenario,
            conversations,
            findings: findings(conversations, scenario.acts.sends),
            sent: messages.len(),
            taken: messages.iter().filter(|reply| matches!(reply, Some(200..=299))).count(),
        }
    }

    /// Whether the message arrived if the scenario allows it, and no promise was broken.
    pub(super) fn is_good(&self) -> bool {
        let arrived = match self.scenario.acts.delivers {
            0 => self.taken <= 1,
            messages => self.taken == messages,
        };
        let connected = !self.conversations.is_empty();
        connected && arrived && self.findings.iter().all(|finding| finding.broken.is_none())
    }

    pub(super) fn status(&self) -> ExitStatus {
        if self.is_good() { ExitStatus::Ok } else { ExitStatus::NotGood }
    }

    fn message(&self) -> &'static str {
        match (self.taken, self.sent) {
            (1, 1) => "The message arrived, complete and exactly once.",
            (taken, sent) if taken > 1 && taken == sent && taken == self.scenario.acts.delivers => {
                "Every message arrived, complete and exactly once."
            }
            (0, 0) if self.scenario.acts.delivers > 0 => "The message did not arrive.",
            (0, 0) => "The message did not arrive. In this scenario it cannot.",
            (0, _) => "The whole message was sent, but not accepted.",
            (1, _) => "The message arrived once, but was sent more than once.",
            _ => "The message arrived more than once.",
        }
    }

    pub(super) fn to_json(&self) -> impl Serialize + use<> {
        let connections = self.conversations.iter().map(|conversation| Connection {
            said: conversation
                .exchanges
                .iter()
                .map(|exchange| Said { client: exchange.shown(), server: exchange.replies.clone() })
                .collect(),
            ended: conversation.ended,
        });
        let promises = self.findings.iter().map(|finding| Promise {
            name: finding.name,
            asks: finding.asks,
            kept: finding.broken.is_none(),
            how: finding.broken.clone(),
        });
        Json {
            scenario: self.scenario.name.clone(),
            delivers: self.scenario.acts.delivers > 0,
            connections: connections.collect(),
            sent: self.sent,
            taken: self.taken,
            promises: promises.collect(),
            good: self.is_good(),
        }
    }
}

impl fmt::Display for Verdict<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.conversations.is_empty() {
            return writeln!(f, "No client connected.");
        }
        for (number, conversation) in (1..).zip(self.conversations) {
            writeln!(f, "connection {number}: {}", conversation.summary())?;
        }
        writeln!(f, "{}", self.message())?;
        for finding in &self.findings {
            match &finding.broken {
                None => writeln!(f, "  {} {}: {}", style("kept  ").green(), finding.name, finding.asks)?,
                Some(how) => {
                    let word = style("broken").red().bold();
                    writeln!(f, "  {word} {}: {} ({how})", finding.name, finding.asks)?;
                }
            }
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Json {
    scenario: String,
    /// Whether a correct client gets its message through.
    delivers: bool,
    connections: Vec<Connection>,
    sent: usize,
    taken: usize,
    promises: Vec<Promise>,
    good: bool,
}

#[derive(Serialize)]
struct Connection {
    said: Vec<Said>,
    ended: Option<Ended>,
}

#[derive(Serialize)]
struct Said {
    client: String,
    server: Vec<u16>,
}

#[derive(Serialize)]
struct Promise {
    name: &'static str,
    asks: &'static str,
    kept: bool,
    how: Option<String>,
}

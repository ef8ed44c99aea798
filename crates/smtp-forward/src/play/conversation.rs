//! What was sent on one connection, and how it ended. A verdict is based on this alone.

use std::time::Instant;

use serde::Serialize;
use smtp_proto::Escaped;

use super::acts::verb;

/// One connection, as the server saw it.
#[derive(Clone, Default, Debug)]
pub(crate) struct Conversation {
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) ended: Option<Ended>,
    /// The client spoke before the greeting had ended.
    pub(crate) spoke_first: bool,
    /// The client sent something before the reply that was due, and the server had not offered PIPELINING.
    pub(crate) did_not_wait: bool,
    /// When something last happened.
    pub(crate) last: Option<Instant>,
    /// The server is silent on purpose: the client must end the connection.
    pub(crate) is_left_alone: bool,
}

/// One thing the client sent, and what the server replied to it.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) sent: Sent,
    /// The codes of all complete replies before the client sent more.
    pub(crate) replies: Vec<u16>,
    /// Keywords of the reply to EHLO, in upper case.
    pub(crate) offers: Vec<String>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Sent {
    Command(Vec<u8>),
    Content {
        /// As received, without the final dot.
        octets: Vec<u8>,
        /// Whether the final dot was received.
        complete: bool,
    },
}

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ended {
    ClosedByServer,
    ResetByServer,
    ClosedByClient,
    AfterQuit,
}

impl Conversation {
    pub(crate) fn heard(&mut self, line: &[u8]) {
        self.exchanges.push(Exchange::new(Sent::Command(line.trim_ascii_end().to_vec())));
    }

    pub(crate) fn content(&mut self, octets: Vec<u8>, complete: bool) {
        self.exchanges.push(Exchange::new(Sent::Content { octets, complete }));
    }

    /// The server sent these octets.
    pub(crate) fn said(&mut self, octets: &[u8]) {
        let Some(last) = self.exchanges.last_mut() else { return };
        for line in octets.split_inclusive(|octet| *octet == b'\n') {
            let Some(text) = line.strip_suffix(b"\r\n").or_else(|| line.strip_suffix(b"\n")) else { continue };
            let code: Option<u16> = text.get(..3).and_then(|code| std::str::from_utf8(code).ok()?.parse().ok());
            if text.get(3) != Some(&b'-') {
                last.replies.extend(code);
            }
            last.offers.extend(text.get(4..).map(verb));
        }
    }

    /// The verbs of the commands, in order, without content.
    pub(crate) fn verbs(&self) -> impl Iterator<Item = (String, &Exchange)> {
        self.exchanges.iter().filter_map(|exchange| Some((exchange.verb()?, exchange)))
    }

    /// The code of the reply to each complete message, if there was one.
    pub(crate) fn messages(&self) -> impl Iterator<Item = Option<u16>> {
        self.exchanges.iter().filter_map(|exchange| match exchange.sent {
            Sent::Content { complete: true, .. } => Some(exchange.replies.first().copied()),
            _ => None,
        })
    }

    /// What happened, on one line.
    pub(crate) fn summary(&self) -> String {
        let mut parts: Vec<_> = self.exchanges.iter().map(Exchange::summary).collect();
        if parts.is_empty() {
            parts.push("no commands".to_owned());
        }
        parts.push(
            match self.ended {
                Some(Ended::ClosedByServer) => "closed by the server",
                Some(Ended::ResetByServer) => "reset by the server",
                Some(Ended::ClosedByClient) => "closed by the client",
                Some(Ended::AfterQuit) => "ended with QUIT",
                None => "still open",
            }
            .to_owned(),
        );
        parts.join(", ")
    }
}

impl Exchange {
    fn new(sent: Sent) -> Self {
        Self { sent, replies: Vec::new(), offers: Vec::new() }
    }

    /// The verb of a command, in upper case.
    pub(crate) fn verb(&self) -> Option<String> {
        match &self.sent {
            Sent::Command(line) => Some(verb(line)),
            Sent::Content { .. } => None,
        }
    }

    /// What the client sent, escaped.
    pub(crate) fn shown(&self) -> String {
        const MOST: usize = 200;
        match &self.sent {
            Sent::Command(line) => Escaped(&line[..line.len().min(MOST)]).to_string(),
            Sent::Content { octets, complete: true } => format!("a message of {} octets", octets.len()),
            Sent::Content { octets, .. } => format!("{} octets of a message without its end", octets.len()),
        }
    }

    fn summary(&self) -> String {
        let codes: Vec<_> = self.replies.iter().map(u16::to_string).collect();
        if codes.is_empty() { self.shown() } else { format!("{} ({})", self.shown(), codes.join(", ")) }
    }
}

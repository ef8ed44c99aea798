//! The trace of a conversation, on standard error.

use console::style;

use crate::{
    conversation::{Conversation, Entry},
    diagnostics,
    report::how_lost,
};

/// How many lines of each message's content to show.
const CONTENT_LINES: u64 = 10;

/// Writes each entry as it comes.
pub(crate) fn new() -> Conversation<fn(Entry)> {
    Conversation::new(CONTENT_LINES, write)
}

fn write(entry: Entry) {
    let mark = |text: &str| style(text).for_stderr().dim().to_string();
    diagnostics::line(match entry {
        Entry::Client(line) => format!("C: {line}"),
        Entry::Server(line) => format!("S: {line}"),
        Entry::Connected { server, .. } => mark(&format!("-- connected to {server}")),
        Entry::ConnectFailed(why) => mark(&format!("-- no connection: {why}")),
        Entry::Omitted { lines, octets } => mark(&format!("-- the client sent {lines} more lines, {octets} octets")),
        Entry::ClientSecret(octets) => mark(&format!("C: ({octets} octets to authenticate are not shown)")),
        Entry::ServerSecret { code, octets } => {
            mark(&format!("S: {code}({octets} octets with a secret in them are not shown)"))
        }
        Entry::Secured(how) => mark(&format!("-- secured with {how}")),
        Entry::SecureFailed(why) => mark(&format!("-- the TLS handshake failed: {why}")),
        Entry::Lost(how) => mark(&format!("-- {}", how_lost(how))),
        Entry::Closed => mark("-- the client closed the connection"),
    });
}

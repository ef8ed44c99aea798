//! The conversation, on standard error.

use console::style;

use crate::{conversation::Conversation, conversation::Entry, report::how_lost};

/// Lines of each message's content that a trace shows.
const CONTENT_LINES: u64 = 10;

/// Writes each entry as it comes.
pub(crate) fn new() -> Conversation<fn(Entry)> {
    Conversation::new(CONTENT_LINES, write)
}

fn write(entry: Entry) {
    let mark = |text: String| style(text).for_stderr().dim();
    match entry {
        Entry::Client(line) => eprintln!("C: {line}"),
        Entry::Server(line) => eprintln!("S: {line}"),
        Entry::Connected(server) => eprintln!("{}", mark(format!("-- connected to {server}"))),
        Entry::ConnectFailed(why) => eprintln!("{}", mark(format!("-- no connection: {why}"))),
        Entry::Omitted { lines, octets } => {
            eprintln!("{}", mark(format!("-- the client sent {lines} more lines, {octets} octets")));
        }
        Entry::Lost(how) => eprintln!("{}", mark(format!("-- {}", how_lost(how)))),
        Entry::Closed => eprintln!("{}", mark("-- the client closed the connection".to_owned())),
    }
}

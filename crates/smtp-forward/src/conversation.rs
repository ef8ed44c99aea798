//! Splits a conversation into lines, in whatever pieces it arrives.

use std::{io, net::SocketAddr};

use smtp_client::{Endpoint, Observer, Sent, tls::TlsFacts};
use smtp_proto::{Disconnect, Escaped};

/// A longer line is shown in pieces of this size, in octets.
const LONGEST: usize = 1024;

/// One line to show. Texts are escaped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Entry {
    Connected {
        server: Endpoint,
        local: Option<SocketAddr>,
    },
    ConnectFailed(String),
    Client(String),
    Server(String),
    /// The number of lines and octets of content that are not shown.
    Omitted {
        lines: u64,
        octets: u64,
    },
    /// This many octets, with a secret in them, are not shown.
    ClientSecret(usize),
    ServerSecret {
        /// What precedes them on their line.
        code: String,
        octets: usize,
    },
    /// The version of TLS, and whether the server was verified.
    Secured(String),
    SecureFailed(String),
    Lost(Disconnect),
    Closed,
}

/// Turns what it observes into entries, and passes each to `show`.
pub(crate) struct Conversation<F> {
    show: F,
    client: Lines,
    server: Lines,
    /// How many lines of the content to show.
    most: u64,
    content: Content,
}

#[derive(Default)]
struct Content {
    shown: u64,
    lines: u64,
    octets: u64,
}

impl<F: FnMut(Entry)> Conversation<F> {
    /// Shows at most `most` lines of the content.
    pub(crate) fn new(most: u64, show: F) -> Self {
        Self { show, client: Lines::default(), server: Lines::default(), most, content: Content::default() }
    }

    fn content_line(&mut self, line: Shown) {
        if line.begins && line.text == "." {
            // The final dot is not a line of the content.
            self.flush_omitted();
            (self.show)(Entry::Client(line.text));
        } else if self.content.shown < self.most {
            self.content.shown += 1;
            (self.show)(Entry::Client(line.text));
        } else {
            self.content.lines += 1;
            self.content.octets += line.octets as u64;
        }
    }

    fn flush_omitted(&mut self) {
        let Content { lines, octets, .. } = std::mem::take(&mut self.content);
        if lines > 0 {
            (self.show)(Entry::Omitted { lines, octets });
        }
    }

    /// Shows what is pending from the client, before the server speaks.
    fn flush_client(&mut self) {
        if let Some((rest, len)) = self.client.rest() {
            if self.content.lines == 0 {
                (self.show)(Entry::Client(rest));
            } else {
                self.content.octets += len as u64;
            }
        }
        self.flush_omitted();
    }

    fn end(&mut self, entry: Entry) {
        self.flush_client();
        if let Some((rest, _)) = self.server.rest() {
            (self.show)(Entry::Server(rest));
        }
        (self.show)(entry);
    }
}

impl<F: FnMut(Entry)> Observer for Conversation<F> {
    fn connected(&mut self, server: &Endpoint, local: Option<SocketAddr>) {
        (self.show)(Entry::Connected { server: server.clone(), local });
    }

    fn connect_failed(&mut self, server: Option<&Endpoint>, error: &io::Error) {
        let entry = server.map_or_else(|| error.to_string(), |server| format!("{server}: {error}"));
        (self.show)(Entry::ConnectFailed(entry));
    }

    fn sent(&mut self, octets: &[u8], what: Sent) {
        self.client.add(octets);
        while let Some(line) = self.client.next() {
            match what {
                Sent::Commands => (self.show)(Entry::Client(line.text)),
                Sent::Content => self.content_line(line),
            }
        }
    }

    fn received(&mut self, octets: &[u8]) {
        self.flush_client();
        self.server.add(octets);
        while let Some(line) = self.server.next() {
            (self.show)(Entry::Server(line.text));
        }
    }

    fn sent_secret(&mut self, octets: usize) {
        (self.show)(Entry::ClientSecret(octets));
    }

    fn received_secret(&mut self, octets: usize) {
        self.flush_client();
        let code = self.server.take_unended();
        (self.show)(Entry::ServerSecret { code, octets });
    }

    fn secured(&mut self, facts: &TlsFacts) {
        let verified = match &facts.verification {
            Ok(()) => "verified".to_owned(),
            Err(why) => format!("not verified: {why}"),
        };
        (self.show)(Entry::Secured(format!("{}, {}, {verified}", facts.version, facts.cipher_suite)));
    }

    fn secure_failed(&mut self, why: &str) {
        (self.show)(Entry::SecureFailed(why.to_owned()));
    }

    fn lost(&mut self, how: Disconnect) {
        self.end(Entry::Lost(how));
    }

    fn closed(&mut self) {
        self.end(Entry::Closed);
    }
}

/// Octets of one side whose line has not ended yet.
#[derive(Default)]
struct Lines {
    pending: Vec<u8>,
    /// Octets of `pending` already shown.
    taken: usize,
    /// Whether the last text shown was a piece of a line that continues.
    inside: bool,
}

/// A whole line, or a piece of one that is too long.
struct Shown {
    text: String,
    /// The length on the wire.
    octets: usize,
    /// Whether this is the beginning of a line.
    begins: bool,
}

impl Lines {
    fn add(&mut self, octets: &[u8]) {
        self.pending.drain(..self.taken);
        self.taken = 0;
        self.pending.extend_from_slice(octets);
    }

    fn next(&mut self) -> Option<Shown> {
        let rest = &self.pending[self.taken..];
        let window = &rest[..rest.len().min(LONGEST)];
        let len = match window.iter().position(|octet| *octet == b'\n') {
            Some(at) => at + 1,
            None if rest.len() >= LONGEST => LONGEST,
            None => return None,
        };
        let line = &rest[..len];
        let text = line.strip_suffix(b"\r\n").or_else(|| line.strip_suffix(b"\n")).unwrap_or(line);
        let shown = Shown { text: Escaped(text).to_string(), octets: len, begins: !self.inside };
        self.inside = !line.ends_with(b"\n");
        self.taken += len;
        Some(shown)
    }

    /// Takes the rest, which has no line end.
    fn rest(&mut self) -> Option<(String, usize)> {
        let octets = self.pending.len() - self.taken;
        let text = self.take_unended();
        (octets > 0).then(|| (format!("{text} (no line end)"), octets))
    }

    /// The same, as it is.
    fn take_unended(&mut self) -> String {
        let text = Escaped(&self.pending[self.taken..]).to_string();
        self.pending.clear();
        self.taken = 0;
        self.inside = false;
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_shown_whole_and_escaped_for_every_split() {
        let octets = b"250-a\x1b[31m\r\n250 b\n250";
        for at in 0..=octets.len() {
            let mut shown = Vec::new();
            let mut conversation = Conversation::new(0, |entry| shown.push(entry));
            conversation.received(&octets[..at]);
            conversation.received(&octets[at..]);
            conversation.lost(Disconnect::Closed);
            let line = |text: &str| Entry::Server(text.to_owned());
            let expected =
                [line("250-a\\u{1b}[31m"), line("250 b"), line("250 (no line end)"), Entry::Lost(Disconnect::Closed)];
            assert_eq!(shown, expected);
        }
    }

    #[test]
    fn the_code_before_a_secret_stays() {
        let mut shown = Vec::new();
        let mut conversation = Conversation::new(0, |entry| shown.push(entry));
        conversation.received(b"535-no\r\n535 ");
        conversation.received_secret(20);
        conversation.received(b"221 bye\r\n");
        let expected = [
            Entry::Server("535-no".to_owned()),
            Entry::ServerSecret { code: "535 ".to_owned(), octets: 20 },
            Entry::Server("221 bye".to_owned()),
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn content_is_shown_up_to_a_number_of_lines() {
        let mut shown = Vec::new();
        let mut conversation = Conversation::new(1, |entry| shown.push(entry));
        conversation.sent(b"DATA\r\n", Sent::Commands);
        conversation.received(b"354 go\r\n");
        conversation.sent(b"one\r\ntwo\r\nth", Sent::Content);
        conversation.sent(b"ree\r\n.\r\n", Sent::Content);
        conversation.received(b"250 ok\r\n");
        let client = |text: &str| Entry::Client(text.to_owned());
        let server = |text: &str| Entry::Server(text.to_owned());
        let expected = [
            client("DATA"),
            server("354 go"),
            client("one"),
            Entry::Omitted { lines: 2, octets: 12 },
            client("."),
            server("250 ok"),
        ];
        assert_eq!(shown, expected);
    }
}

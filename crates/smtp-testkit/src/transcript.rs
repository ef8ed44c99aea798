//! Conversations as plain text: the format of `testdata/transcripts`.
//!
//! `testdata/README.md` describes the format.

mod marks;
mod parameters;
mod script;
mod settings;
mod text;
mod write;
mod written_parameters;

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use smtp_proto::{AuthPolicy, Config, TlsPolicy};

use marks::Mark;
use settings::Settings;

pub use script::{Action, Flight, Handshake, Item, LeftOut, Message};
pub(crate) use text::content_on_the_wire;
pub use write::{Content, MessageSettings, PolicySettings};

/// One conversation, and the messages that are delivered in it.
#[derive(Clone, Debug)]
pub struct Transcript {
    /// The policy of the client.
    pub config: Config,
    /// The messages to deliver, in order. At least one.
    pub messages: Vec<Message>,
    /// What happens, in order.
    pub script: Vec<Item>,
    /// The caller's token for XOAUTH2 and OAUTHBEARER has at least this many octets.
    pub token_length: usize,
    /// Whether the caller can read the content again.
    pub can_rewind: bool,
}

/// The error for a file that is not a valid transcript.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    /// The line number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for ParseError {}

impl Transcript {
    /// Why only the player can play it; `None` if drivers can be checked with it.
    pub fn not_for_drivers(&self) -> Option<&'static str> {
        if *self.config.auth() != AuthPolicy::Never {
            return Some("the client authenticates: only played in memory");
        }
        if !self.can_rewind {
            return Some("content that can be read only once: only played in memory");
        }
        let must_verify = matches!(self.config.tls(), TlsPolicy::Required | TlsPolicy::Implicit);
        self.script.iter().find_map(|item| match &item.action {
            Action::Tls(Handshake::Fails(_)) => Some("a TLS handshake that fails, for a reason in the driver's words"),
            Action::Tls(Handshake::Secured { unverified: Some(_), .. }) if must_verify => {
                Some("a certificate that is refused, for a reason in the driver's words")
            }
            Action::LeftOut(_) => Some("a recording that leaves octets out: only played in memory"),
            Action::Know(_) => Some("something is known about the server: only played in memory"),
            _ => None,
        })
    }

    /// Whether the client secures a connection.
    pub(crate) fn needs_tls(&self) -> bool {
        self.config.tls() != TlsPolicy::Never
    }

    /// All transcripts of `testdata`, with their file names without extension, sorted by name.
    ///
    /// # Panics
    ///
    /// If one cannot be read or parsed.
    pub fn all() -> Vec<(String, Self)> {
        let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
        let files = fs::read_dir(testdata.join("transcripts")).expect("testdata is there");
        let mut files: Vec<_> = files.map(|file| file.expect("it can be read").path()).collect();
        files.sort();
        let read = |file: PathBuf| {
            let name = file.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
            let source = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{name}.smtp: {error}"));
            let transcript = Self::parse(&source, &testdata.join("messages"));
            let transcript = transcript.unwrap_or_else(|error| panic!("{name}.smtp, {error}"));
            (name, transcript)
        };
        files.into_iter().map(read).collect()
    }

    /// Parses a transcript. `messages` is the directory of the files that `message-file` names.
    pub fn parse(source: &str, messages: &Path) -> Result<Self, ParseError> {
        let mut parser = Parser::new(messages);
        for (index, line) in source.lines().enumerate() {
            let number = index + 1;
            parser.line(number, line).map_err(|what| ParseError { line: number, what })?;
        }
        let last = source.lines().count().max(1);
        parser.finish().map_err(|what| ParseError { line: last, what })
    }
}

struct Parser<'a> {
    settings: Settings,
    directory: &'a Path,
    messages: Vec<Message>,
    script: Vec<Item>,
    /// Whether settings may follow: at the start, and after `-- next message`.
    in_settings: bool,
}

impl<'a> Parser<'a> {
    fn new(directory: &'a Path) -> Self {
        Self { settings: Settings::default(), directory, messages: Vec::new(), script: Vec::new(), in_settings: true }
    }

    fn line(&mut self, number: usize, line: &str) -> Result<(), String> {
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        if line.ends_with([' ', '\t']) {
            return Err("the line ends in a blank, which is invisible: write it as \\x20 or \\t".into());
        }
        if let Some(rest) = line.strip_prefix('|') {
            return self.in_settings()?.content_line(without_space(rest));
        }
        if let Some(rest) = line.strip_prefix("S:") {
            let (octets, unended) = text::line(without_space(rest))?;
            self.server(number, &octets, unended);
            return self.settings_end();
        }
        if let Some(rest) = line.strip_prefix("C:") {
            let (octets, unended) = text::line(without_space(rest))?;
            self.settings_end()?;
            self.client(number, &octets, unended);
            return Ok(());
        }
        if let Some(mark) = line.strip_prefix("-- ") {
            self.settings_end()?;
            return self.mark(number, Mark::parse(mark)?);
        }
        match line.split_once(':') {
            Some((key, value)) => {
                let directory = self.directory;
                self.in_settings()?.set(key.trim(), value.trim(), directory)
            }
            None => Err("expected a setting (key: value), S:, C:, -- or a comment (#)".into()),
        }
    }

    fn mark(&mut self, number: usize, mark: Mark) -> Result<(), String> {
        match mark {
            Mark::Action(Action::NextMessage) => {
                self.settings.next_message();
                self.in_settings = true;
                self.script.push(Item { line: number, action: Action::NextMessage });
            }
            Mark::Action(action) => {
                // The client's flight goes on with what is left out.
                if let (Action::LeftOut(LeftOut::Content(_) | LeftOut::Client(_)), Some(last)) =
                    (&action, self.script.last_mut())
                {
                    if let Action::Client(flight) = &mut last.action {
                        flight.unended = true;
                    }
                }
                self.script.push(Item { line: number, action });
            }
            Mark::Content => {
                let content = &self.messages.last().ok_or("there is no message yet")?.content;
                let wire = text::content_on_the_wire(content);
                self.client(number, &wire, false);
            }
        }
        Ok(())
    }

    fn server(&mut self, number: usize, octets: &[u8], unended: bool) {
        if let Some(Item { action: Action::Server(flight), .. }) = self.script.last_mut() {
            return flight.push(number, octets, unended);
        }
        let mut flight = Flight::default();
        flight.push(number, octets, unended);
        self.script.push(Item { line: number, action: Action::Server(flight) });
    }

    fn client(&mut self, number: usize, octets: &[u8], unended: bool) {
        if let Some(Item { action: Action::Client(flight), .. }) = self.script.last_mut() {
            return flight.push(number, octets, unended);
        }
        let mut flight = Flight::default();
        flight.push(number, octets, unended);
        self.script.push(Item { line: number, action: Action::Client(flight) });
    }

    fn in_settings(&mut self) -> Result<&mut Settings, String> {
        if self.in_settings {
            Ok(&mut self.settings)
        } else {
            Err("settings must come at the start or directly after `-- next message`".into())
        }
    }

    fn settings_end(&mut self) -> Result<(), String> {
        if self.in_settings {
            self.in_settings = false;
            self.messages.push(self.settings.message()?);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Transcript, String> {
        self.settings_end()?;
        match self.script.last() {
            None => return Err("no `-- connect` line was found".into()),
            Some(Item { action: Action::Done { .. }, .. }) => {}
            _ => return Err("the last line must be `-- done` or `-- kept`, so the end is missing".into()),
        }
        let Self { settings, messages, mut script, .. } = self;
        if let Some(known) = settings.known() {
            script.insert(0, Item { line: 1, action: Action::Know(known) });
        }
        let (token_length, can_rewind) = (settings.token_length(), settings.can_rewind());
        Ok(Transcript { config: settings.config(), messages, script, token_length, can_rewind })
    }
}

fn without_space(text: &str) -> &str {
    text.strip_prefix(' ').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(source: &str) -> Result<Transcript, ParseError> {
        Transcript::parse(source, Path::new("no-such-directory"))
    }

    #[test]
    fn lines_of_one_side_are_one_flight() {
        let transcript = parse("-- connect\nS: 220-a\n# slow\nS: 220 b\nC: EHLO x\n-- done").unwrap();
        let flights: Vec<_> = transcript
            .script
            .iter()
            .filter_map(|item| match &item.action {
                Action::Server(flight) | Action::Client(flight) => Some((item.line, flight)),
                _ => None,
            })
            .collect();
        assert_eq!(flights.len(), 2);
        assert_eq!(flights[0].1.octets, b"220-a\r\n220 b\r\n");
        assert_eq!(flights[0].1.line_at(6), 2);
        assert_eq!(flights[0].1.line_at(7), 4);
        assert_eq!(flights[1].0, 5);
    }

    #[test]
    fn an_error_names_its_line() {
        for (source, line, what) in [
            ("-- connect\nS: 220 \n-- done", 2, "the line ends in a blank"),
            ("-- connect\nS: \\q\n-- done", 2, "\\q"),
            ("-- connect\n-- vanish\n-- done", 2, "vanish"),
            ("-- connect\nto: b@example.net\n-- done", 2, "settings must come at the start"),
            ("", 1, "no `-- connect` line was found"),
            ("to: b@example.net", 1, "no `-- connect` line was found"),
            ("colour: red\n-- done", 1, "colour"),
            ("to: b\n-- done", 1, "it has no @"),
            ("limits: reply-line=x\n-- done", 1, "reply-line=x"),
            ("message-file: none.eml\n-- done", 1, "none.eml"),
            ("hello\n-- done", 1, "expected a setting"),
            ("# nothing\n-- connect", 2, "the last line"),
        ] {
            let error = parse(source).unwrap_err();
            assert_eq!(error.line, line, "{source}");
            assert!(error.what.contains(what), "{error}");
        }
    }

    #[test]
    fn a_next_message_inherits_settings_that_it_does_not_change() {
        let transcript = parse(
            "from: a@x.example\nto: b@x.example\n| hi\n-- connect\n-- kept\n-- next message\nto: c@x.example\n-- done",
        )
        .unwrap();
        let [first, second] = &transcript.messages[..] else { panic!("two messages") };
        assert_eq!(first.content, b"hi\r\n");
        assert_eq!(second.content, b"hi\r\n");
        assert_eq!(second.envelope.reverse_path(), first.envelope.reverse_path());
        assert_eq!(second.envelope.forward_paths().len(), 1);
        assert_eq!(second.envelope.forward_paths()[0].as_str(), "c@x.example");
    }
}

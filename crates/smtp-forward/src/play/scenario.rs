//! What the server does, connection by connection.

use std::{fs, path::Path};

use smtp_proto::{Disconnect, Escaped};
use smtp_testkit::transcript::{Action, Flight, Handshake, Transcript};

/// The built-in scenarios, by name.
const BUILT_IN: [(&str, &str); 19] = [
    ("ehlo-closed", include_str!("../../scenarios/ehlo-closed.smtp")),
    ("ehlo-reset", include_str!("../../scenarios/ehlo-reset.smtp")),
    ("ehlo-closed-in-reply", include_str!("../../scenarios/ehlo-closed-in-reply.smtp")),
    ("ehlo-last-line-unended", include_str!("../../scenarios/ehlo-last-line-unended.smtp")),
    ("ehlo-answered-then-closed", include_str!("../../scenarios/ehlo-answered-then-closed.smtp")),
    ("ehlo-500", include_str!("../../scenarios/ehlo-500.smtp")),
    ("ehlo-500-closed", include_str!("../../scenarios/ehlo-500-closed.smtp")),
    ("ehlo-451", include_str!("../../scenarios/ehlo-451.smtp")),
    ("ehlo-421", include_str!("../../scenarios/ehlo-421.smtp")),
    ("ehlo-silence", include_str!("../../scenarios/ehlo-silence.smtp")),
    ("ehlo-second-220", include_str!("../../scenarios/ehlo-second-220.smtp")),
    ("ehlo-starttls-refused", include_str!("../../scenarios/ehlo-starttls-refused.smtp")),
    ("ehlo-endless-line", include_str!("../../scenarios/ehlo-endless-line.smtp")),
    ("ehlo-late-duplicate", include_str!("../../scenarios/ehlo-late-duplicate.smtp")),
    ("ehlo-helo-closed", include_str!("../../scenarios/ehlo-helo-closed.smtp")),
    ("starttls-closed", include_str!("../../scenarios/starttls-closed.smtp")),
    ("starttls-ehlo-closed", include_str!("../../scenarios/starttls-ehlo-closed.smtp")),
    ("starttls-injected", include_str!("../../scenarios/starttls-injected.smtp")),
    ("dot-unanswered", include_str!("../../scenarios/dot-unanswered.smtp")),
];
/// The number of octets that `{LONG}` stands for.
const LONG: usize = 256 * 1024;

/// What the server does on each connection.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    /// Escaped.
    pub(super) name: String,
    /// What the server does, in a sentence, escaped.
    pub(super) about: String,
    pub(crate) connections: Vec<Vec<Act>>,
    /// Whether a correct client gets its message through.
    pub(super) delivers: bool,
}

/// One action of the server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Act {
    Say(Vec<u8>),
    /// Waits for a command with this verb.
    Hear(String),
    /// Waits for some octets of a command.
    HearSome,
    /// Runs a TLS handshake.
    Secure,
    /// Reads the content up to the final dot.
    Content,
    /// Reads this many lines of the content.
    ContentLines(usize),
    Close,
    Reset,
    /// Sends nothing until the client ends the connection.
    Silence,
}

impl Scenario {
    /// The names of the built-in scenarios, and what each does.
    pub(super) fn list() -> impl Iterator<Item = (&'static str, &'static str)> {
        BUILT_IN.into_iter().map(|(name, source)| (name, about(source)))
    }

    /// Loads a built-in scenario by name, or else one from a file.
    pub(crate) fn load(name: &str) -> Result<Self, String> {
        if let Some((name, source)) = BUILT_IN.into_iter().find(|(built_in, _)| *built_in == name) {
            return Self::parse(name, source, Path::new(""));
        }
        let path = Path::new(name);
        let source = fs::read_to_string(path).map_err(|error| {
            format!("{}: not a built-in scenario, and cannot be read as a file: {error}", Escaped(name.as_bytes()))
        })?;
        let messages = path.parent().unwrap_or(Path::new("")).join("../messages");
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let stem = Escaped(stem.as_bytes()).to_string();
        Self::parse(&stem, &source, &messages)
            .map_err(|why| format!("{}: {}", Escaped(name.as_bytes()), escaped_but_backslashes(&why)))
    }

    fn parse(name: &str, source: &str, messages: &Path) -> Result<Self, String> {
        let long = source.replace("{LONG}", &"x".repeat(LONG));
        let transcript = Transcript::parse(&long, messages).map_err(|error| error.to_string())?;
        let mut builder = Builder::default();
        for item in &transcript.script {
            builder.add(&item.action).map_err(|why| format!("line {}: {why}", item.line))?;
        }
        builder.flush();
        Ok(Self {
            name: name.to_owned(),
            about: Escaped(about(source).as_bytes()).to_string(),
            connections: builder.connections,
            delivers: builder.delivers,
        })
    }
}

/// An error may quote the file. Errors about escapes in the file have backslashes of their own.
fn escaped_but_backslashes(why: &str) -> String {
    let parts: Vec<_> = why.split('\\').map(|part| Escaped(part.as_bytes()).to_string()).collect();
    parts.join("\\")
}

fn about(source: &str) -> &str {
    source.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap_or_default()
}

#[derive(Default)]
struct Builder {
    connections: Vec<Vec<Act>>,
    delivers: bool,
    /// Commands not replied to yet.
    group: Vec<Act>,
    /// The server has asked for content.
    wants_content: bool,
    /// The end of the content was received last.
    has_content: bool,
}

impl Builder {
    fn add(&mut self, action: &Action) -> Result<(), &'static str> {
        match action {
            Action::Connect(_) => {
                self.flush();
                self.connections.push(Vec::new());
            }
            Action::Server(flight) => self.say(&flight.octets),
            Action::Client(flight) => self.hear(flight),
            Action::Lost(Disconnect::Closed) | Action::Tls(Handshake::Fails(_)) => self.push(Act::Close),
            Action::Lost(Disconnect::Reset) => self.push(Act::Reset),
            Action::Silence(_) => self.push(Act::Silence),
            Action::Tls(Handshake::Secured { .. }) => self.push(Act::Secure),
            Action::Done { .. } | Action::NextMessage | Action::Quit | Action::Know(_) => {}
            Action::Lost(_) | Action::ConnectFails(..) | Action::Cancel(_) | Action::AbandonAuth(_) => {
                return Err("no server can cause this, so it cannot be played");
            }
        }
        Ok(())
    }

    /// Gives each command of a group its own reply, for clients that wait for it. The last command gets all remaining
    /// replies.
    fn say(&mut self, octets: &[u8]) {
        let mut replies = replies(octets);
        if std::mem::take(&mut self.has_content) && octets.starts_with(b"2") {
            self.delivers = true;
        }
        let group = std::mem::take(&mut self.group);
        let last = group.len().saturating_sub(1);
        for (index, heard) in group.into_iter().enumerate() {
            self.connection().push(heard);
            if index < last && replies.len() > 1 {
                let reply = replies.remove(0);
                self.connection().push(Act::Say(reply));
            }
        }
        self.wants_content = replies.last().is_some_and(|reply| reply.starts_with(b"354"));
        self.connection().push(Act::Say(replies.concat()));
    }

    fn hear(&mut self, flight: &Flight) {
        let mut lines: Vec<_> = flight.octets.split_inclusive(|octet| *octet == b'\n').collect();
        if std::mem::take(&mut self.wants_content) {
            match lines.iter().position(|line| *line == b".\r\n") {
                None => return self.push(Act::ContentLines(lines.len())),
                Some(dot) => {
                    lines.drain(..=dot);
                    self.has_content = true;
                    self.group.push(Act::Content);
                }
            }
        }
        for line in lines {
            self.group.push(if line.ends_with(b"\n") { Act::Hear(verb(line)) } else { Act::HearSome });
        }
    }

    fn push(&mut self, act: Act) {
        self.flush();
        self.connection().push(act);
    }

    fn flush(&mut self) {
        let group = std::mem::take(&mut self.group);
        if !group.is_empty() {
            self.connection().extend(group);
        }
    }

    fn connection(&mut self) -> &mut Vec<Act> {
        if self.connections.is_empty() {
            self.connections.push(Vec::new());
        }
        self.connections.last_mut().expect("one was pushed")
    }
}

/// The first word of a command, in upper case.
pub(super) fn verb(line: &[u8]) -> String {
    let end = line.iter().position(|octet| !octet.is_ascii_alphanumeric()).unwrap_or(line.len());
    String::from_utf8_lossy(&line[..end]).to_ascii_uppercase()
}

/// Splits octets after each reply. The last one may be incomplete.
fn replies(octets: &[u8]) -> Vec<Vec<u8>> {
    let mut replies = vec![Vec::new()];
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        replies.last_mut().expect("there is one").extend_from_slice(line);
        if line.ends_with(b"\n") && line.get(3) != Some(&b'-') {
            replies.push(Vec::new());
        }
    }
    if replies.len() > 1 && replies.last().is_some_and(Vec::is_empty) {
        replies.pop();
    }
    replies
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acts(source: &str) -> Vec<Act> {
        Scenario::parse("x", source, Path::new("")).unwrap().connections.concat()
    }

    #[test]
    fn every_built_in_scenario_can_be_played() {
        for (name, about) in Scenario::list() {
            let scenario = Scenario::load(name).unwrap();
            assert!(!scenario.connections.is_empty() && about.ends_with('.'), "{name}: {about}");
        }
    }

    #[test]
    fn every_transcript_can_be_played_unless_no_server_can_cause_it() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/transcripts");
        let mut played = 0;
        for file in fs::read_dir(directory).unwrap() {
            match Scenario::load(file.unwrap().path().to_str().unwrap()) {
                Ok(_) => played += 1,
                Err(why) => assert!(why.contains("no server can cause this"), "{why}"),
            }
        }
        assert!(played > 300, "{played}");
    }

    #[test]
    fn each_command_of_a_group_gets_its_own_reply() {
        let say = |text: &str| Act::Say(text.as_bytes().to_vec());
        let hear = |verb: &str| Act::Hear(verb.into());
        let expected = [
            hear("MAIL"),
            say("250 a\r\n"),
            hear("RCPT"),
            say("250-b\r\n250 b\r\n"),
            hear("DATA"),
            say("354 c\r\n"),
            Act::Content,
            say("250 d\r\n"),
        ];
        let group = "-- connect\nC: MAIL FROM:<>\nC: RCPT TO:<x@y>\nC: DATA\n";
        let replies = "S: 250 a\nS: 250-b\nS: 250 b\nS: 354 c\n-- content\nS: 250 d\n-- done";
        assert_eq!(acts(&format!("{group}{replies}")), expected);
    }

    #[test]
    fn whether_a_message_gets_through_is_read_from_the_script() {
        for (name, delivers) in [("ehlo-closed", true), ("ehlo-421", false), ("dot-unanswered", false)] {
            assert_eq!(Scenario::load(name).unwrap().delivers, delivers, "{name}");
        }
    }
}

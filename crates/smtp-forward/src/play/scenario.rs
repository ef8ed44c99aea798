//! What the server does, connection by connection.

use std::{fs, path::Path};

use smtp_proto::{Disconnect, Escaped};
use smtp_testkit::transcript::{Action, Flight, Handshake, LeftOut, Transcript};

use crate::client_octets::{ChunkEnd, ClientOctets, Piece};

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
    /// How many messages of a correct client get through, and how many it sends to their end.
    pub(super) delivers: usize,
    pub(super) sends: usize,
}

/// One action of the server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Act {
    Say(Vec<u8>),
    /// Waits for a command with this verb.
    Hear(String),
    /// Waits for a line, whatever it is.
    HearAny,
    /// Waits for some octets of a command.
    HearSome,
    /// Runs a TLS handshake.
    Secure,
    /// Reads the content up to the final dot.
    Content,
    /// Reads this much of the content, in octets.
    PartOfContent(u64),
    /// Reads the chunk that BDAT announced.
    Chunk,
    /// Reads this much of it, in octets.
    PartOfChunk(u64),
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
            sends: builder.sends,
        })
    }
}

/// An error may quote the file. Errors about escapes in the file have backslashes of their own.
pub(crate) fn escaped_but_backslashes(why: &str) -> String {
    let parts: Vec<_> = why.split('\\').map(|part| Escaped(part.as_bytes()).to_string()).collect();
    parts.join("\\")
}

fn about(source: &str) -> &str {
    source.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap_or_default()
}

#[derive(Default)]
struct Builder {
    connections: Vec<Vec<Act>>,
    delivers: usize,
    sends: usize,
    /// What the client sent, not replied to yet.
    group: Vec<Act>,
    client: ClientOctets,
    /// How many octets of the content, or of a chunk, were sent without its end.
    part: u64,
    /// The end of the content was received last.
    has_content: bool,
}

impl Builder {
    fn add(&mut self, action: &Action) -> Result<(), &'static str> {
        match action {
            Action::Connect(_) => {
                self.flush();
                self.client.connected();
                self.connections.push(Vec::new());
            }
            Action::Server(flight) => self.say(&flight.octets),
            Action::Client(flight) => self.hear(flight),
            Action::LeftOut(LeftOut::Client(_)) => self.group.push(Act::HearAny),
            Action::LeftOut(LeftOut::Server(_)) => self.push(Act::Say(b"\r\n".to_vec())),
            Action::LeftOut(LeftOut::Content(octets)) => {
                self.part += octets;
                let end = self.client.left_out(*octets);
                self.chunk_ends(end);
            }
            Action::Lost(Disconnect::Closed) | Action::Tls(Handshake::Fails(_)) => self.push(Act::Close),
            // The client could no longer write or read.
            Action::Lost(_) => self.push(Act::Reset),
            Action::Silence(_) => self.push(Act::Silence),
            Action::Tls(Handshake::Secured { .. }) => self.push(Act::Secure),
            Action::Done { .. }
            | Action::NextMessage
            | Action::Quit
            | Action::Know(_)
            | Action::Cancel(_)
            | Action::AbandonAuth(_) => {}
            Action::ConnectFails(..) => return Err("no server can cause this, so it cannot be played"),
        }
        Ok(())
    }

    /// Gives each command of a group its own reply, for clients that wait for it. The last command gets all remaining
    /// replies.
    fn say(&mut self, octets: &[u8]) {
        let mut replies = replies(octets);
        if std::mem::take(&mut self.has_content) {
            self.delivers += usize::from(octets.starts_with(b"2"));
            self.sends -= usize::from(octets.starts_with(b"4") || octets.starts_with(b"5"));
        }
        self.part_ends();
        let group = std::mem::take(&mut self.group);
        let has_reply: Vec<_> = (0..group.len()).map(|index| has_reply(&group[index], group.get(index + 1))).collect();
        let last = has_reply.iter().rposition(|has| *has).unwrap_or(0);
        for (index, act) in group.into_iter().enumerate() {
            self.connection().push(act);
            if index < last && replies.len() > 1 && has_reply[index] {
                let reply = replies.remove(0);
                self.connection().push(Act::Say(reply));
            }
        }
        self.client.heard(replies.last().map_or(&[], Vec::as_slice));
        self.connection().push(Act::Say(replies.concat()));
    }

    fn hear(&mut self, flight: &Flight) {
        let mut rest = &flight.octets[..];
        while let Some((piece, len)) = self.client.next(rest, true) {
            rest = &rest[len..];
            match piece {
                Piece::Line(line) if line.ends_with(b"\n") => self.group.push(Act::Hear(verb(line))),
                Piece::Line(_) => self.group.push(Act::HearSome),
                Piece::Content(_) => self.part += len as u64,
                Piece::Dot => {
                    self.part = 0;
                    self.message_ends();
                    self.group.push(Act::Content);
                }
                Piece::Chunk { octets, end } => {
                    self.part += octets.len() as u64;
                    self.chunk_ends(end);
                }
            }
        }
    }

    fn chunk_ends(&mut self, end: Option<ChunkEnd>) {
        if let Some(ChunkEnd { is_last }) = end {
            self.part = 0;
            if is_last {
                self.message_ends();
            }
            self.group.push(Act::Chunk);
        }
    }

    fn message_ends(&mut self) {
        self.has_content = true;
        self.sends += 1;
    }

    /// The server speaks or the connection ends, before the end of the content or of a chunk.
    fn part_ends(&mut self) {
        match std::mem::take(&mut self.part) {
            0 => {}
            octets if self.client.is_in_a_chunk() => self.group.push(Act::PartOfChunk(octets)),
            octets => self.group.push(Act::PartOfContent(octets)),
        }
    }

    fn push(&mut self, act: Act) {
        self.flush();
        self.connection().push(act);
    }

    fn flush(&mut self) {
        self.part_ends();
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

/// Whether the server replies to what the client sends in this act. It replies to a chunk, and not to its BDAT.
fn has_reply(act: &Act, next: Option<&Act>) -> bool {
    match act {
        Act::Hear(_) => !matches!(next, Some(Act::Chunk | Act::PartOfChunk(_))),
        Act::HearSome | Act::HearAny | Act::Content | Act::Chunk => true,
        Act::PartOfContent(_)
        | Act::PartOfChunk(_)
        | Act::Say(_)
        | Act::Secure
        | Act::Close
        | Act::Reset
        | Act::Silence => false,
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
    fn what_a_recording_leaves_out_may_be_anything() {
        let say = |text: &str| Act::Say(text.as_bytes().to_vec());
        let hear = |verb: &str| Act::Hear(verb.into());
        for (script, expected) in [
            (
                "-- client hides 30 octets\nS: 334 \\c\n-- server hides 20 octets\n-- client hides 9 octets\nS: 235 ok\n",
                &[Act::HearAny, say("334 "), say("\r\n"), Act::HearAny, say("235 ok\r\n")][..],
            ),
            (
                "C: DATA\nS: 354 go\n-- content: 812 octets\nC: .\nS: 250 ok\n",
                &[hear("DATA"), say("354 go\r\n"), Act::Content, say("250 ok\r\n")],
            ),
            (
                "C: DATA\nS: 354 go\n-- content: 812 octets\n-- close\n",
                &[hear("DATA"), say("354 go\r\n"), Act::PartOfContent(812), Act::Close],
            ),
            (
                "C: RCPT\nC: BDAT 812 LAST\n-- content: 812 octets\nC: QUIT\nS: 250 a\nS: 250 b\nS: 221 c\n",
                &[
                    hear("RCPT"),
                    say("250 a\r\n"),
                    hear("BDAT"),
                    Act::Chunk,
                    say("250 b\r\n"),
                    hear("QUIT"),
                    say("221 c\r\n"),
                ],
            ),
            ("C: BDAT 812\n-- content: 10 octets\n-- reset\n", &[hear("BDAT"), Act::PartOfChunk(10), Act::Reset]),
        ] {
            assert_eq!(acts(&format!("-- connect\n{script}-- done")), expected, "{script}");
        }
    }

    #[test]
    fn whether_a_message_gets_through_is_read_from_the_script() {
        for (name, delivers) in [("ehlo-closed", 1), ("ehlo-421", 0), ("dot-unanswered", 0)] {
            assert_eq!(Scenario::load(name).unwrap().delivers, delivers, "{name}");
        }
    }
}

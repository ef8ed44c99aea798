//! What the server does on each connection, in the order of a transcript.

use smtp_proto::Disconnect;
use smtp_testkit::transcript::{Action, Flight, Handshake, Item, LeftOut};

use crate::client_octets::{ChunkEnd, ClientOctets, Piece};

/// Everything that the server does, and what follows from it.
#[derive(Clone, Default, Debug)]
pub(crate) struct Acts {
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
    /// Waits for AUTH with any mechanism, and asks for its responses: for all of them if it `succeeds`, and otherwise
    /// with at most this many challenges.
    Authenticate {
        challenges: usize,
        succeeds: bool,
    },
    /// Sends the next challenge, which the client does not answer.
    Challenge,
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

impl Acts {
    /// The acts of a script, or the line that no server can cause, and why.
    pub(super) fn of(script: &[Item]) -> Result<Self, String> {
        let mut builder = Builder::default();
        for item in script {
            builder.add(&item.action).map_err(|why| format!("line {}: {why}", item.line))?;
        }
        builder.flush();
        Ok(builder.acts)
    }
}

/// Collects the acts of a script.
#[derive(Default)]
struct Builder {
    acts: Acts,
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
                self.acts.connections.push(Vec::new());
            }
            Action::Server(flight) => self.say(&flight.octets),
            Action::Client(flight) => self.hear(flight),
            Action::LeftOut(LeftOut::Client(_)) => self.authenticate(),
            Action::LeftOut(LeftOut::Server(_)) => self.rest_of_a_line(),
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
            self.acts.delivers += usize::from(octets.starts_with(b"2"));
            self.acts.sends -= usize::from(octets.starts_with(b"4") || octets.starts_with(b"5"));
        }
        self.part_ends();
        let mut group = std::mem::take(&mut self.group);
        if let [Act::Authenticate { succeeds, .. }] = &mut group[..] {
            *succeeds = octets.starts_with(b"2");
        }
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

    /// A challenge is made up. Any other line ends without what was left out of it.
    fn rest_of_a_line(&mut self) {
        self.flush();
        let connection = self.connection();
        let Some(Act::Say(said)) = connection.last_mut() else { return connection.push(Act::Say(b"\r\n".to_vec())) };
        match said.strip_suffix(b"334 ").map(<[u8]>::len) {
            Some(0) => {
                connection.pop();
                connection.push(Act::Challenge);
            }
            Some(before) if said[..before].ends_with(b"\n") => {
                said.truncate(before);
                connection.push(Act::Challenge);
            }
            _ => said.extend_from_slice(b"\r\n"),
        }
    }

    /// The client sends AUTH, or answers a challenge.
    fn authenticate(&mut self) {
        self.flush();
        let connection = self.connection();
        let act = match connection[..] {
            [.., Act::Authenticate { challenges, .. }, Act::Challenge] => {
                connection.truncate(connection.len() - 2);
                Act::Authenticate { challenges: challenges + 1, succeeds: false }
            }
            [.., Act::Hear(_), Act::Challenge] => {
                connection.truncate(connection.len() - 2);
                Act::Authenticate { challenges: 1, succeeds: false }
            }
            [.., Act::Say(ref said)] if said.starts_with(b"334") => Act::HearAny,
            _ => Act::Authenticate { challenges: 0, succeeds: false },
        };
        self.group.push(act);
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
        self.acts.sends += 1;
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
        if self.acts.connections.is_empty() {
            self.acts.connections.push(Vec::new());
        }
        self.acts.connections.last_mut().expect("one was pushed")
    }
}

/// Whether the server replies to what the client sends in this act. It replies to a chunk, and not to its BDAT.
fn has_reply(act: &Act, next: Option<&Act>) -> bool {
    match act {
        Act::Hear(_) => !matches!(next, Some(Act::Chunk | Act::PartOfChunk(_))),
        Act::HearSome | Act::HearAny | Act::Authenticate { .. } | Act::Content | Act::Chunk => true,
        Act::PartOfContent(_)
        | Act::PartOfChunk(_)
        | Act::Say(_)
        | Act::Challenge
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
    use std::path::Path;

    use smtp_testkit::transcript::Transcript;

    use super::*;

    fn acts(source: &str) -> Vec<Act> {
        Acts::of(&Transcript::parse(source, Path::new("")).unwrap().script).unwrap().connections.concat()
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
        let authenticate = |challenges, succeeds| Act::Authenticate { challenges, succeeds };
        for (script, expected) in [
            (
                "-- client hides 30 octets\nS: 334 \\c\n-- server hides 20 octets\n-- client hides 9 octets\nS: 235 ok\n",
                &[authenticate(1, true), say("235 ok\r\n")][..],
            ),
            (
                "C: AUTH LOGIN\nS: 334 \\c\n-- server hides 20 octets\n-- client hides 9 octets\nS: 535 no\n",
                &[authenticate(1, false), say("535 no\r\n")],
            ),
            (
                "-- client hides 9 octets\nS: 334 \\c\n-- server hides 20 octets\n-- close\n",
                &[authenticate(0, false), Act::Challenge, Act::Close],
            ),
            (
                "-- client hides 9 octets\nS: 334\n-- client hides 9 octets\n",
                &[authenticate(0, false), say("334\r\n"), Act::HearAny],
            ),
            (
                "-- client hides 9 octets\nS: 235 \\c\n-- server hides 20 octets\n-- client hides 9 octets\n",
                &[authenticate(0, true), say("235 \r\n"), authenticate(0, false)],
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
}

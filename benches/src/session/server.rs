//! Servers in memory: one that replies and is recorded, and one that replays its replies.

use std::sync::{Arc, Mutex, MutexGuard};

use smtp_testkit::peers::Line;

use crate::inputs;

const GREETING: &str = "220 mx.example.com ESMTP\r\n";

/// The server's replies, in the pieces in which the client read them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Script {
    /// The pieces. An empty one is the end of a connection.
    pieces: Vec<Vec<u8>>,
    /// Where to continue after the last piece: the start of a message that is sent repeatedly.
    again: usize,
}

impl Script {
    /// A server that sends the greeting and the reply to EHLO, then `reply` forever in pieces of `piece`
    /// octets.
    pub fn of_replies(reply: &str, piece: usize) -> &'static Self {
        let hello = [GREETING, inputs::EHLO].map(|reply| reply.as_bytes().to_vec());
        let pieces = hello.into_iter().chain(reply.as_bytes().chunks(piece).map(<[u8]>::to_vec)).collect();
        Box::leak(Box::new(Self { pieces, again: 2 }))
    }
}

/// Replays a script to the client that it was recorded with. Reading costs a copy, as from a socket.
/// Writing costs nothing, because it is not the client's work.
#[derive(Clone, Copy, Debug)]
pub struct Replay {
    script: &'static Script,
    piece: usize,
    octet: usize,
}

impl Replay {
    /// From the beginning.
    pub const fn new(script: &'static Script) -> Self {
        Self { script, piece: 0, octet: 0 }
    }
}

impl Line for Replay {
    fn open(&mut self) {}

    fn write(&mut self, octets: &[u8]) {
        std::hint::black_box(octets);
    }

    fn read(&mut self, room: &mut [u8]) -> usize {
        if self.piece == self.script.pieces.len() {
            self.piece = self.script.again;
        }
        let piece = &self.script.pieces[self.piece];
        let rest = &piece[self.octet..];
        let len = rest.len().min(room.len());
        room[..len].copy_from_slice(&rest[..len]);
        self.octet += len;
        if self.octet == piece.len() {
            (self.piece, self.octet) = (self.piece + 1, 0);
        }
        len
    }
}

/// Replies to a client, and records both sides.
#[derive(Clone, Debug, Default)]
pub struct Server(Arc<Mutex<Conversation>>);

/// The recording.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Conversation {
    /// Everything that the client wrote.
    pub octets: Vec<u8>,
    /// The commands, without parameters, in which clients may differ.
    pub commands: Vec<String>,
    /// The content of all messages as on the wire, each with its end of data.
    pub content: Vec<u8>,
    /// The server's side.
    pub script: Script,
    input: Vec<u8>,
    /// The end of a command or of the content is not before this offset.
    searched: usize,
    state: State,
    /// Octets of the last piece of the script that the client has not read yet.
    unread: usize,
    due: Vec<u8>,
    hangs_up_on_ehlo: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    #[default]
    Commands,
    Content,
    Closed,
}

impl Server {
    /// A server that closes the connection on the first EHLO.
    pub fn that_hangs_up_on_ehlo() -> Self {
        let server = Self::default();
        server.conversation().hangs_up_on_ehlo = true;
        server
    }

    /// The recording so far.
    pub fn conversation(&self) -> MutexGuard<'_, Conversation> {
        self.0.lock().expect("no client panicked")
    }

    /// Marks the point from which the script is repeated.
    pub fn mark(&self) {
        let mut conversation = self.conversation();
        conversation.script.again = conversation.script.pieces.len();
    }

    /// The script. It is leaked, because benchmarks need it until the end.
    pub fn script(&self) -> &'static Script {
        Box::leak(Box::new(self.conversation().script.clone()))
    }
}

impl Line for Server {
    fn open(&mut self) {
        let mut conversation = self.conversation();
        conversation.state = State::Commands;
        conversation.due = GREETING.into();
    }

    fn write(&mut self, octets: &[u8]) {
        let mut conversation = self.conversation();
        conversation.octets.extend_from_slice(octets);
        conversation.input.extend_from_slice(octets);
        conversation.answer();
    }

    fn read(&mut self, room: &mut [u8]) -> usize {
        let mut conversation = self.conversation();
        let Conversation { script, due, unread, state, .. } = &mut *conversation;
        if *unread == 0 {
            assert!(!due.is_empty() || *state == State::Closed, "the client reads although no reply is due");
            *unread = due.len();
            script.pieces.push(std::mem::take(due));
        }
        let piece = script.pieces.last().expect("a piece was pushed");
        let rest = &piece[piece.len() - *unread..];
        let len = rest.len().min(room.len());
        room[..len].copy_from_slice(&rest[..len]);
        *unread -= len;
        len
    }
}

impl Conversation {
    fn answer(&mut self) {
        loop {
            let end: &[u8] = if self.state == State::Content { b"\r\n.\r\n" } else { b"\r\n" };
            let Some(at) = memchr::memmem::find(&self.input[self.searched..], end) else {
                self.searched = self.input.len().saturating_sub(end.len());
                return;
            };
            let rest = self.input.split_off(self.searched + at + end.len());
            self.searched = 0;
            let said = std::mem::replace(&mut self.input, rest);
            let reply = match self.state {
                State::Content => {
                    self.content.extend_from_slice(&said);
                    self.state = State::Commands;
                    "250 2.0.0 Ok: queued as 4BcD3f\r\n"
                }
                State::Commands => self.answer_command(&String::from_utf8(said).expect("commands are ASCII")),
                State::Closed => panic!("the client writes to a closed connection"),
            };
            self.due.extend_from_slice(reply.as_bytes());
        }
    }

    fn answer_command(&mut self, line: &str) -> &'static str {
        let (command, _parameters) = line.trim_end().split_once("> ").unwrap_or((line.trim_end(), ""));
        self.commands.push(command.trim_end_matches('>').to_owned());
        match &line[..4] {
            "EHLO" if self.hangs_up_on_ehlo => {
                self.hangs_up_on_ehlo = false;
                self.state = State::Closed;
                ""
            }
            "EHLO" => inputs::EHLO,
            "HELO" => "250 mx.example.com\r\n",
            "MAIL" => "250 2.1.0 Ok\r\n",
            "RCPT" => "250 2.1.5 Ok\r\n",
            "DATA" => {
                self.state = State::Content;
                "354 End data with <CR><LF>.<CR><LF>\r\n"
            }
            "STAR" => "220 2.0.0 Ready to start TLS\r\n",
            "AUTH" => "235 2.7.0 Authentication successful\r\n",
            "QUIT" => "221 2.0.0 Bye\r\n",
            _ => panic!("unknown command: {line}"),
        }
    }
}

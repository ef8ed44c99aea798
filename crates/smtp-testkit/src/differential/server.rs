//! A server that plays a script and records what the client sends.

use std::sync::{Arc, Mutex, MutexGuard};

use super::script::{Script, Turn};
use crate::peers::Line;

/// The server's end of a connection in memory.
#[derive(Clone, Debug)]
pub(super) struct Server(Arc<Mutex<Played>>);

/// A script that is being played.
#[derive(Debug)]
pub(super) struct Played {
    script: Arc<Script>,
    /// The commands on each connection, without parameters and without QUIT, in which clients are free
    /// to differ.
    pub(super) connections: Vec<Vec<String>>,
    /// Each complete message, with dot-stuffing removed.
    pub(super) messages: Vec<Vec<u8>>,
    content: Option<Vec<u8>>,
    recipients: usize,
    input: Vec<u8>,
    due: Vec<u8>,
    read: usize,
    open: bool,
}

impl Server {
    /// A server that has no connection yet.
    pub(super) fn new(script: Arc<Script>) -> Self {
        Self(Arc::new(Mutex::new(Played {
            script,
            connections: Vec::new(),
            messages: Vec::new(),
            content: None,
            recipients: 0,
            input: Vec::new(),
            due: Vec::new(),
            read: 0,
            open: false,
        })))
    }

    /// The recording so far.
    pub(super) fn played(&self) -> MutexGuard<'_, Played> {
        self.0.lock().expect("no client panicked")
    }
}

impl Line for Server {
    fn open(&mut self) {
        let mut played = self.played();
        played.connections.push(Vec::new());
        played.content = None;
        played.recipients = 0;
        played.input.clear();
        played.due.clear();
        played.read = 0;
        played.open = true;
        played.answer(Turn::Greeting);
    }

    fn write(&mut self, octets: &[u8]) {
        let mut played = self.played();
        if played.open {
            played.input.extend_from_slice(octets);
            played.hear();
        }
    }

    /// If a client reads when no reply is due, the connection closes, as if the server had timed out.
    fn read(&mut self, room: &mut [u8]) -> usize {
        let mut played = self.played();
        let rest = &played.due[played.read..];
        let len = rest.len().min(room.len()).min(played.script.piece);
        room[..len].copy_from_slice(&rest[..len]);
        played.read += len;
        if len == 0 {
            played.open = false;
        }
        len
    }
}

impl Played {
    fn answer(&mut self, turn: Turn) {
        let first = self.connections.len() == 1;
        self.open = self.script.say(turn, first, &mut self.due);
    }

    fn hear(&mut self) {
        let input = std::mem::take(&mut self.input);
        let mut rest = input.as_slice();
        while let (true, Some(end)) = (self.open, rest.windows(2).position(|pair| pair == b"\r\n")) {
            self.hear_line(&rest[..end]);
            rest = &rest[end + 2..];
        }
        self.input = rest.to_vec();
    }

    fn hear_line(&mut self, line: &[u8]) {
        match (&mut self.content, line) {
            (Some(content), b".") => {
                self.messages.push(std::mem::take(content));
                self.content = None;
                self.answer(Turn::ContentEnd);
            }
            (Some(content), line) => {
                content.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
                content.extend_from_slice(b"\r\n");
            }
            (None, line) => self.hear_command(line),
        }
    }

    fn hear_command(&mut self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let command = line.split_inclusive('>').next().unwrap_or_default().to_owned();
        let verb = command.get(..4).unwrap_or_default();
        let turn = match verb {
            "EHLO" => Turn::Ehlo,
            "HELO" => Turn::Helo,
            "MAIL" => Turn::Mail,
            "RCPT" if self.recipients == 0 => Turn::FirstRcpt,
            "RCPT" => Turn::SecondRcpt,
            "DATA" => Turn::Data,
            "QUIT" => {
                self.due.extend_from_slice(b"221 bye\r\n");
                self.open = false;
                return;
            }
            _ => {
                let known = verb == "RSET";
                self.due.extend_from_slice(if known { b"250 ok\r\n" } else { b"500 what\r\n" });
                return self.note(command);
            }
        };
        match turn {
            Turn::Mail => self.recipients = 0,
            Turn::FirstRcpt | Turn::SecondRcpt => self.recipients += 1,
            _ => {}
        }
        self.note(command);
        self.answer(turn);
        if turn == Turn::Data && self.open && self.script.answer(turn).code == 354 {
            self.content = Some(Vec::new());
        }
    }

    fn note(&mut self, command: String) {
        if let Some(connection) = self.connections.last_mut() {
            connection.push(command);
        }
    }
}

//! A simple reader of replies (RFC 5321 section 4.2): one line after the other.

use std::io::BufRead;

use smtp_proto::ReplyErrorKind;

/// Reads everything that the server sends, on one connection after the other.
#[derive(Clone, Debug)]
pub struct ReplyReader {
    line_limit: usize,
    reply_limit: usize,
    /// All octets read so far, on all connections.
    octets: Vec<u8>,
    /// The end of the last reply. The limit counts from here.
    last_end: usize,
    /// The end of the empty lines that follow the last reply.
    reply_start: usize,
    line_start: usize,
    code: Option<u16>,
    /// The total number of octets that does not exceed either limit.
    room: usize,
}

/// What was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heard {
    /// A complete reply, from offset `start` to `end` of all octets.
    Reply {
        /// The three digits.
        code: u16,
        /// Its first octet.
        start: usize,
        /// The offset after its last octet.
        end: usize,
    },
    /// Not a reply. Everything that follows is meaningless.
    Fault(ReplyErrorKind),
}

impl ReplyReader {
    /// `line_limit` is the maximum length of a line without its LF, `reply_limit` that of a reply with the
    /// empty lines before it.
    pub fn new(line_limit: usize, reply_limit: usize) -> Self {
        let octets = Vec::with_capacity(256);
        let (last_end, reply_start, line_start) = (0, 0, 0);
        let mut reader =
            Self { line_limit, reply_limit, octets, last_end, reply_start, line_start, code: None, room: 0 };
        reader.make_room();
        reader
    }

    /// Starts over on another connection.
    pub fn clear(&mut self) {
        // What was read before is kept, because answers refer to it.
        let end = self.octets.len();
        (self.last_end, self.reply_start, self.line_start, self.code) = (end, end, end, None);
        self.make_room();
    }

    /// Whether the next octet is the first of a reply, or of an empty line before it.
    pub fn is_between(&self) -> bool {
        self.reply_start == self.octets.len()
    }

    /// Reads octets up to the end of a line, or to the first one that exceeds a limit. Returns how many were
    /// read, and a reply or a fault if they complete one.
    pub fn read(&mut self, octets: &[u8]) -> (usize, Option<Heard>) {
        let room = self.room.saturating_sub(self.octets.len());
        let mut within = &octets[..room.min(octets.len())];
        // Reading from memory cannot fail.
        let mut taken = within.read_until(b'\n', &mut self.octets).unwrap_or_default();
        if taken == 0 || self.octets.last() != Some(&b'\n') {
            let Some(passing) = octets.get(taken) else { return (taken, None) };
            self.octets.push(*passing);
            taken += 1;
        }
        (taken, self.at_line_end_or_limit())
    }

    fn at_line_end_or_limit(&mut self) -> Option<Heard> {
        if self.octets.last() != Some(&b'\n') && self.octets.len() - self.line_start > self.line_limit {
            return Some(Heard::Fault(ReplyErrorKind::LineTooLong));
        }
        if self.octets.len() - self.last_end > self.reply_limit {
            return Some(Heard::Fault(ReplyErrorKind::ReplyTooLong));
        }
        let heard = self.line_ended();
        self.make_room();
        heard
    }

    fn line_ended(&mut self) -> Option<Heard> {
        let line = &self.octets[self.line_start..self.octets.len() - 1];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.line_start = self.octets.len();
        match *line {
            [] => {
                if self.code.is_none() {
                    self.reply_start = self.octets.len();
                }
                None
            }
            [class @ b'2'..=b'5', tens @ b'0'..=b'9', ones @ b'0'..=b'9', ref rest @ ..]
                if matches!(rest.first(), None | Some(b' ' | b'-')) =>
            {
                let code = [class, tens, ones].into_iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
                let last = rest.first() != Some(&b'-');
                if self.code.is_some_and(|first| first != code) {
                    return Some(Heard::Fault(ReplyErrorKind::MixedCodes));
                }
                if !last {
                    self.code = Some(code);
                    return None;
                }
                let (start, end) = (self.reply_start, self.octets.len());
                (self.last_end, self.reply_start, self.code) = (end, end, None);
                Some(Heard::Reply { code, start, end })
            }
            _ => Some(Heard::Fault(ReplyErrorKind::Malformed)),
        }
    }

    fn make_room(&mut self) {
        let line_end = self.line_start.saturating_add(self.line_limit);
        self.room = line_end.min(self.last_end.saturating_add(self.reply_limit));
    }

    /// All octets read so far.
    pub fn all(&self) -> &[u8] {
        &self.octets
    }

    /// A range of the octets read so far.
    pub fn octets(&self, start: usize, end: usize) -> &[u8] {
        &self.octets[start..end]
    }
}

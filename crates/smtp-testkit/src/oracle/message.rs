//! One message: what the caller gave, what should arrive, and what a server reads.

use smtp_proto::{ContentError, LineEndings};

/// Compares what the client was given with what a server reads.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "plain facts, in any combination")]
pub struct Message {
    line_endings: LineEndings,
    eight_bit: bool,
    is_binary: bool,
    exact_size: Option<u64>,
    given: u64,
    after_cr: bool,
    ended: bool,
    fault: Option<ContentError>,
    /// What a server must read: the octets given, with line ends as the policy requires.
    meant: Vec<u8>,
    /// How much of `meant` the server has read.
    read: usize,
    /// The line that the server is reading.
    line: Vec<u8>,
    arrived: bool,
}

/// An error in what the client sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Misread {
    /// A bare CR or LF.
    BareLineEnd,
    /// A line that was not given.
    OtherLine,
    /// The end of data, before all of the message was given and sent.
    EarlyEnd,
    /// Octets after the end of data.
    BehindEnd,
}

impl Message {
    /// `eight_bit`: whether octets above 127 and NUL may be sent.
    pub const fn new(line_endings: LineEndings, eight_bit: bool) -> Self {
        Self {
            line_endings,
            eight_bit,
            is_binary: false,
            exact_size: None,
            given: 0,
            after_cr: false,
            ended: false,
            fault: None,
            meant: Vec::new(),
            read: 0,
            line: Vec::new(),
            arrived: false,
        }
    }

    /// Sets the exact size in octets. More or fewer make the message unsendable.
    #[must_use]
    pub fn with_exact_size(mut self, octets: Option<u64>) -> Self {
        self.exact_size = octets;
        self
    }

    /// An empty message, for a server that sends 354 although no recipient was accepted: it gets the end of
    /// data alone.
    pub fn none() -> Self {
        Self { ended: true, ..Self::new(LineEndings::Mend, false) }
    }

    /// The same message, before a server has read any of it.
    #[must_use]
    pub fn read_again(&self) -> Self {
        Self { read: 0, line: Vec::new(), arrived: false, ..self.clone() }
    }

    /// The octets of a message that is not changed (RFC 3030 section 3).
    #[must_use]
    pub const fn binary(mut self) -> Self {
        self.is_binary = true;
        self
    }

    /// Records octets given to the client. Returns the first error that makes the message unsendable.
    pub fn give(&mut self, octets: &[u8]) -> Option<ContentError> {
        for octet in octets {
            if self.fault.is_none() {
                self.give_one(*octet);
            }
            if self.fault.is_none() {
                self.check_length();
            }
        }
        self.fault
    }

    /// Records that the message has ended. Returns the first error that makes it unsendable.
    pub fn end(&mut self) -> Option<ContentError> {
        if self.after_cr && self.fault.is_none() {
            self.stray_cr();
        }
        if !self.is_binary && !self.meant.is_empty() && !self.meant.ends_with(b"\r\n") {
            self.meant.extend_from_slice(b"\r\n");
        }
        if self.fault.is_none() {
            self.check_length();
        }
        let found = self.meant.len() as u64;
        if let (None, Some(size)) = (self.fault, self.exact_size.filter(|size| *size > found)) {
            self.fault = Some(ContentError::TooShort { size, found });
        }
        self.ended = self.fault.is_none();
        self.fault
    }

    /// A server reads octets up to the end of the message. Returns how many it has read.
    pub fn arrive(&mut self, octets: &[u8]) -> Result<usize, Misread> {
        let mut taken = 0;
        for line in octets.split_inclusive(|octet| *octet == b'\n') {
            if self.arrived {
                break;
            }
            taken += line.len();
            self.line.extend_from_slice(line);
            if line.last() == Some(&b'\n') {
                self.line_arrived()?;
                self.line.clear();
            } else if self.line.iter().rev().skip(1).any(|octet| *octet == b'\r') {
                return Err(Misread::BareLineEnd);
            }
        }
        Ok(taken)
    }

    /// A server reads octets of a chunk (RFC 3030 section 2): they are the next of the message, as they are.
    pub fn arrive_in_chunk(&mut self, octets: &[u8]) -> Result<(), Misread> {
        let rest = &self.meant[self.read..];
        if !rest.starts_with(octets) {
            return Err(Misread::OtherLine);
        }
        self.read += octets.len();
        Ok(())
    }

    /// A server has read the last chunk.
    pub fn last_chunk_arrived(&mut self) -> Result<(), Misread> {
        self.arrived = true;
        if self.ended && self.read == self.meant.len() { Ok(()) } else { Err(Misread::EarlyEnd) }
    }

    /// How many octets that must be sent a server has not read.
    pub fn unread(&self) -> usize {
        self.meant.len() - self.read
    }

    /// Whether the server has read the end of data.
    pub const fn has_arrived(&self) -> bool {
        self.arrived
    }

    /// Whether the client was given the whole message without a fault.
    pub const fn has_ended(&self) -> bool {
        self.ended
    }

    /// What a server must read.
    pub fn meant(&self) -> &[u8] {
        &self.meant
    }

    /// The length of the longest line, if it exceeds the limit of RFC 5321 section 4.5.3.1.6.
    pub fn overlong_line(&self) -> Option<u64> {
        if self.is_binary {
            return None;
        }
        let lines = self.meant.split(|octet| *octet == b'\n');
        lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line).len() as u64).max().filter(|len| *len > 998)
    }

    fn give_one(&mut self, octet: u8) {
        if self.is_binary {
            self.meant.push(octet);
            self.given += 1;
            return;
        }
        if !self.eight_bit && !(1..=127).contains(&octet) {
            self.fault = Some(ContentError::EightBit(self.given));
            return;
        }
        if self.after_cr {
            self.after_cr = false;
            if octet == b'\n' {
                self.meant.extend_from_slice(b"\r\n");
                self.given += 1;
                return;
            }
            self.stray_cr();
        }
        match octet {
            b'\r' => self.after_cr = true,
            b'\n' if self.line_endings == LineEndings::Strict => {
                self.fault = self.fault.or(Some(ContentError::BareLf(self.given)));
            }
            b'\n' => self.meant.extend_from_slice(b"\r\n"),
            other => self.meant.push(other),
        }
        self.given += 1;
    }

    fn check_length(&mut self) {
        if let Some(size) = self.exact_size.filter(|size| (self.meant.len() as u64) > *size) {
            self.fault = Some(ContentError::TooLong { size });
        }
    }

    fn stray_cr(&mut self) {
        match self.line_endings {
            LineEndings::Strict => self.fault = Some(ContentError::BareCr(self.given - 1)),
            _ => self.meant.push(b' '),
        }
    }

    /// Removes dot-stuffing like a server (RFC 5321 section 4.5.2).
    fn line_arrived(&mut self) -> Result<(), Misread> {
        let text = self.line.strip_suffix(b"\r\n").ok_or(Misread::BareLineEnd)?;
        if text.contains(&b'\r') {
            return Err(Misread::BareLineEnd);
        }
        if text == b"." {
            self.arrived = true;
            return if self.ended && self.read == self.meant.len() { Ok(()) } else { Err(Misread::EarlyEnd) };
        }
        let text = text.strip_prefix(b".").unwrap_or(text);
        let rest = &self.meant[self.read..];
        match rest.strip_prefix(text) {
            Some([b'\r', b'\n', ..]) => {
                self.read += text.len() + 2;
                Ok(())
            }
            _ => Err(Misread::OtherLine),
        }
    }
}

//! One message on its way: what was given, what should arrive, and what a server reads.

use smtp_proto::{ContentError, LineEndings};

/// What the client was given, and what a server makes of the octets it sent.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "plain facts, in any combination")]
pub struct Message {
    line_endings: LineEndings,
    eight_bit: bool,
    exact_size: Option<u64>,
    given: u64,
    after_cr: bool,
    ended: bool,
    fault: Option<ContentError>,
    /// What a server has to read: the octets given, lines ended as policy says.
    meant: Vec<u8>,
    /// How much of that it has read.
    read: usize,
    /// The line it is reading.
    line: Vec<u8>,
    arrived: bool,
}

/// What a server read that the client must not send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Misread {
    /// A CR or a LF that is no line end.
    BareLineEnd,
    /// A line that was not given.
    OtherLine,
    /// The end, before the client was told that the message has ended.
    EarlyEnd,
    /// Octets behind the end.
    BehindEnd,
}

impl Message {
    /// `eight_bit`: whether octets above 127 and NUL may be sent.
    pub const fn new(line_endings: LineEndings, eight_bit: bool) -> Self {
        Self {
            line_endings,
            eight_bit,
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

    /// A message that has to have so many octets: more or fewer make it unsendable.
    #[must_use]
    pub fn with_exact_size(mut self, octets: Option<u64>) -> Self {
        self.exact_size = octets;
        self
    }

    /// No message: a server that asked for one all the same gets the end alone.
    pub fn none() -> Self {
        Self { ended: true, ..Self::new(LineEndings::Mend, false) }
    }

    /// The client was given these octets. The first thing that makes the message unsendable.
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

    /// The client was told that the message has ended.
    pub fn end(&mut self) -> Option<ContentError> {
        if self.after_cr && self.fault.is_none() {
            self.stray_cr();
        }
        if !self.meant.is_empty() && !self.meant.ends_with(b"\r\n") {
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

    /// A server takes octets, up to the end of the message: how many, and whether that was the end.
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

    /// Whether a server has read the end.
    pub const fn has_arrived(&self) -> bool {
        self.arrived
    }

    /// Whether the client was told that the message has ended.
    pub const fn has_ended(&self) -> bool {
        self.ended
    }

    /// What a server has to read.
    pub fn meant(&self) -> &[u8] {
        &self.meant
    }

    /// The longest line a server reads, if not every server takes it (RFC 5321 section 4.5.3.1.6).
    pub fn overlong_line(&self) -> Option<u64> {
        let lines = self.meant.split(|octet| *octet == b'\n');
        lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line).len() as u64).max().filter(|len| *len > 998)
    }

    fn give_one(&mut self, octet: u8) {
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

    /// RFC 5321 section 4.5.2, as the server does it.
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

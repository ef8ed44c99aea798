//! `--header-recipients`: the recipients that a header names, and the message without `Bcc`.

use std::{
    error, fmt,
    io::{self, Read},
};

use smtp_proto::ForwardPath;

use crate::{address_list, addresses};

/// How many octets to keep of the fields that name recipients.
const MOST: usize = 1024 * 1024;
/// The longest name of a field, with blanks after it.
const LONGEST_NAME: usize = 998;
const PIECE: usize = 16 * 1024;

/// Reads a message without its `Bcc` fields, which no recipient may see, and keeps the fields that name recipients.
pub(crate) struct WithoutBcc<R> {
    from: R,
    place: Place,
    field: Field,
    /// The start of a line, as long as it may be the name of a field.
    name: Vec<u8>,
    kept: Kept,
    /// What was read, and how much of it was handed out.
    out: Vec<u8>,
    out_at: usize,
    piece: Vec<u8>,
}

/// Where the reader is in the message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    LineStart,
    /// A line has only a CR so far.
    AfterCr,
    Name,
    InLine,
    Body,
}

/// What the current field is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Field {
    To,
    Cc,
    Bcc,
    ResentBcc,
    /// Another field about those to whom a message was sent again.
    Resent,
    Other,
}

/// The fields that name recipients.
#[derive(Default)]
struct Kept {
    fields: Vec<(Field, Vec<u8>)>,
    octets: usize,
    is_resent: bool,
}

/// Why it is not clear to whom a message is to be sent.
#[derive(Debug)]
pub(crate) enum Unaddressed {
    Nobody,
    Resent,
    TooLong,
    Field { name: &'static str, why: String },
}

impl Field {
    fn named(name: &[u8]) -> Self {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        match () {
            () if is("To") => Self::To,
            () if is("Cc") => Self::Cc,
            () if is("Bcc") => Self::Bcc,
            () if is("Resent-Bcc") => Self::ResentBcc,
            () if is("Resent-To") || is("Resent-Cc") => Self::Resent,
            () => Self::Other,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::To => "To",
            Self::Cc => "Cc",
            Self::Bcc => "Bcc",
            Self::Resent | Self::ResentBcc | Self::Other => "another field",
        }
    }

    const fn is_sent(self) -> bool {
        match self {
            Self::Bcc | Self::ResentBcc => false,
            Self::To | Self::Cc | Self::Resent | Self::Other => true,
        }
    }
}

impl<R> WithoutBcc<R> {
    pub(crate) fn new(from: R) -> Self {
        Self {
            from,
            place: Place::LineStart,
            field: Field::Other,
            name: Vec::new(),
            kept: Kept::default(),
            out: Vec::new(),
            out_at: 0,
            piece: vec![0; PIECE],
        }
    }

    /// The recipients that the header names, each once. To be called once the message was read to its end.
    pub(crate) fn recipients(self) -> Result<Vec<ForwardPath>, Unaddressed> {
        let Kept { fields, octets, is_resent } = self.kept;
        if is_resent {
            return Err(Unaddressed::Resent);
        }
        if octets > MOST {
            return Err(Unaddressed::TooLong);
        }
        let mut all = Vec::new();
        for (field, body) in fields {
            let unreadable = |why| Unaddressed::Field { name: field.name(), why };
            let body = String::from_utf8(body).map_err(|_| unreadable("it is not UTF-8".to_owned()))?;
            all.extend(address_list::parse(&body).map_err(unreadable)?);
        }
        let all = addresses::distinct(&all);
        if all.is_empty() { Err(Unaddressed::Nobody) } else { Ok(all) }
    }

    fn add(&mut self, octet: u8) {
        match (self.place, octet) {
            (Place::Body, _) => return self.out.push(octet),
            (Place::LineStart, b'\r') => {
                self.place = Place::AfterCr;
                return;
            }
            (Place::LineStart | Place::AfterCr, b'\n') => {
                self.out.extend_from_slice(if self.place == Place::AfterCr { b"\r\n" } else { b"\n" });
                self.place = Place::Body;
                return;
            }
            // A bare CR is sent as a space, so the line continues the one before.
            (Place::AfterCr, _) => {
                self.place = Place::InLine;
                self.pass(b'\r');
            }
            (Place::LineStart, b' ' | b'\t') => self.place = Place::InLine,
            (Place::LineStart, _) => {
                (self.place, self.field) = (Place::Name, Field::Other);
                self.name.clear();
            }
            (Place::Name | Place::InLine, _) => {}
        }
        if self.place == Place::Name {
            return self.add_to_name(octet);
        }
        self.pass(octet);
        if octet == b'\n' {
            self.place = Place::LineStart;
        }
    }

    fn add_to_name(&mut self, octet: u8) {
        self.name.push(octet);
        match octet {
            b':' => {
                let name = self.name.get(..self.name.len() - 1).unwrap_or_default();
                self.field = Field::named(name.trim_ascii_end());
                self.kept.begin(self.field);
                self.end_name(Place::InLine);
            }
            b'\n' => self.end_name(Place::LineStart),
            _ if self.name.len() >= LONGEST_NAME => self.end_name(Place::InLine),
            _ => {}
        }
    }

    fn end_name(&mut self, place: Place) {
        self.place = place;
        if self.field.is_sent() {
            self.out.append(&mut self.name);
        }
    }

    /// An octet of the body of a field.
    fn pass(&mut self, octet: u8) {
        if self.field.is_sent() {
            self.out.push(octet);
        }
        self.kept.add(self.field, octet);
    }

    /// The end of the message.
    fn end(&mut self) {
        match self.place {
            Place::Name if self.field.is_sent() => self.out.append(&mut self.name),
            Place::AfterCr => self.pass(b'\r'),
            Place::Name | Place::LineStart | Place::InLine | Place::Body => {}
        }
        self.place = Place::Body;
    }
}

impl Kept {
    fn begin(&mut self, field: Field) {
        match field {
            Field::To | Field::Cc | Field::Bcc => self.fields.push((field, Vec::new())),
            Field::Resent | Field::ResentBcc => self.is_resent = true,
            Field::Other => {}
        }
    }

    fn add(&mut self, field: Field, octet: u8) {
        let (Field::To | Field::Cc | Field::Bcc, Some((_, body))) = (field, self.fields.last_mut()) else { return };
        self.octets = self.octets.saturating_add(1);
        // Fields are unfolded (RFC 5322 section 2.2.3).
        if self.octets <= MOST {
            body.push(if matches!(octet, b'\r' | b'\n') { b' ' } else { octet });
        }
    }
}

impl<R: Read> Read for WithoutBcc<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        while self.out_at == self.out.len() && !room.is_empty() {
            self.out.clear();
            self.out_at = 0;
            let len = self.from.read(&mut self.piece)?;
            if len == 0 {
                self.end();
                if self.out.is_empty() {
                    return Ok(0);
                }
                continue;
            }
            let piece = std::mem::take(&mut self.piece);
            piece.iter().take(len).for_each(|octet| self.add(*octet));
            self.piece = piece;
        }
        let mut rest = self.out.get(self.out_at..).unwrap_or_default();
        let len = rest.read(room)?;
        self.out_at += len;
        Ok(len)
    }
}

impl Unaddressed {
    pub(crate) fn is_wrapped_in(error: &io::Error) -> bool {
        error.get_ref().is_some_and(<dyn error::Error + Send + Sync>::is::<Self>)
    }
}

impl From<Unaddressed> for io::Error {
    fn from(why: Unaddressed) -> Self {
        Self::other(why)
    }
}

impl fmt::Display for Unaddressed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody => f.write_str("it has no recipients in To, Cc or Bcc"),
            Self::Resent => f.write_str(
                "it has Resent-To, Resent-Cc or Resent-Bcc, so To may name others than its recipients; use --to",
            ),
            Self::TooLong => write!(f, "To, Cc and Bcc have more than {MOST} octets; use --to"),
            Self::Field { name, why } => write!(f, "{name} cannot be understood: {why}"),
        }
    }
}

impl error::Error for Unaddressed {}

#[cfg(test)]
mod tests {
    use super::*;

    fn filtered(content: &[u8], at: usize) -> (Vec<u8>, Result<Vec<ForwardPath>, Unaddressed>) {
        let mut read = Vec::new();
        let mut reader = WithoutBcc::new((&content[..at]).chain(&content[at..]));
        reader.read_to_end(&mut read).unwrap();
        (read, reader.recipients())
    }

    #[test]
    fn bcc_is_removed_and_recipients_are_found_for_every_split() {
        for (content, expected, found) in [
            ("To: a@x\nSubject: s\n\nBcc: b@x\n", "To: a@x\nSubject: s\n\nBcc: b@x\n", &["a@x"][..]),
            (
                "To: a@x\r\nBcc: b@x,\r\n c@x\r\nCc: d@x\r\n\r\nx",
                "To: a@x\r\nCc: d@x\r\n\r\nx",
                &["a@x", "b@x", "c@x", "d@x"],
            ),
            ("bCC : b@x\n\n", "\n", &["b@x"]),
            ("Bcc: b@x\n\tc\n\rd\nTo: a@x", "To: a@x", &[]),
            ("Bcc: b@x", "", &["b@x"]),
            ("Bcc:\nTo: a@x, A@X, a@x\n", "To: a@x, A@X, a@x\n", &["a@x", "A@X"]),
            ("BccX: b@x\nTo: a@x\n", "BccX: b@x\nTo: a@x\n", &["a@x"]),
            ("From a Mon\nTo: a@x\nBcc: b@x\n\n", "From a Mon\nTo: a@x\n\n", &["a@x", "b@x"]),
            ("To: a@x\n\r\n\rBcc: b@x\n", "To: a@x\n\r\n\rBcc: b@x\n", &["a@x"]),
            ("To: a@x\r\nBcc", "To: a@x\r\nBcc", &["a@x"]),
            ("To: a@x\n\r", "To: a@x\n\r", &["a@x"]),
        ] {
            for at in 0..=content.len() {
                let (read, recipients) = filtered(content.as_bytes(), at);
                assert_eq!(String::from_utf8_lossy(&read), expected, "{content:?} split at {at}");
                match recipients {
                    Ok(all) => {
                        assert_eq!(all.iter().map(ToString::to_string).collect::<Vec<_>>(), found, "{content:?}");
                    }
                    Err(why) => assert!(found.is_empty(), "{content:?}: {why}"),
                }
            }
        }
    }

    #[test]
    fn a_message_for_nobody_or_for_unclear_recipients_is_refused() {
        for (content, why) in [
            ("Subject: x\n\nTo: a@x\n", "it has no recipients in To, Cc or Bcc"),
            ("To: undisclosed-recipients:;\n", "it has no recipients in To, Cc or Bcc"),
            ("To: bob\n", "To cannot be understood: 'bob': it has no @ with a domain after it"),
            ("Cc: a@x\nResent-To: b@x\n", "it has Resent-To"),
            ("To: a@x\nResent-Bcc: b@x\n", "it has Resent-To"),
        ] {
            let said = filtered(content.as_bytes(), 0).1.unwrap_err().to_string();
            assert!(said.starts_with(why), "{said}");
        }
        assert!(matches!(filtered(b"To: \xff@x\n", 0).1, Err(Unaddressed::Field { .. })));
        let long = format!("To: {}\n", "a@example.net,".repeat(MOST / 14 + 1));
        assert!(matches!(filtered(long.as_bytes(), 0).1, Err(Unaddressed::TooLong)));
    }
}

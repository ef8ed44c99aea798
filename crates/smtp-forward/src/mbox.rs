//! The messages of an mbox file (RFC 4155), with the quoting of mboxrd.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use crate::file::Identity;

/// Each message begins with such a line, which is not part of it.
const FROM: &[u8] = b"From ";

/// A message in an mbox file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Section {
    pub(crate) path: PathBuf,
    /// Counts from 1.
    pub(crate) number: usize,
    start: u64,
    len: u64,
    /// That of the file when it was searched.
    pub(crate) identity: Identity,
}

/// The messages of an mbox file, which is searched once for where they begin.
pub(crate) fn messages(path: &Path, file: File) -> io::Result<Vec<Section>> {
    let identity = Identity::from(&file.metadata()?);
    let sections = search(BufReader::new(file))?;
    if sections.is_empty() {
        return Err(io::Error::other("it contains no messages"));
    }
    let section = |(index, (start, len))| Section { path: path.to_owned(), number: index + 1, start, len, identity };
    Ok(sections.into_iter().enumerate().map(section).collect())
}

impl Section {
    /// How many octets the message has in the file, where lines may be quoted.
    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    /// The message, read from the file.
    pub(crate) fn read(&self, mut file: File) -> io::Result<impl Read + use<>> {
        file.seek(SeekFrom::Start(self.start))?;
        Ok(Unquoted::new(BufReader::new(file.take(self.len))))
    }
}

/// The start and the length of each message. It begins after a line that starts with `From ` and is the first one or
/// follows an empty line, and ends before the empty line that precedes the next.
fn search(mut from: impl BufRead) -> io::Result<Vec<(u64, u64)>> {
    let mut all: Vec<(u64, u64)> = Vec::new();
    // The end of the current line, and of the content before the last empty line.
    let (mut at, mut before_empty) = (0_u64, None);
    let mut is_first = true;
    while let Some(line) = next_line(&mut from)? {
        let end = at + line.len;
        match (line.kind, is_first || before_empty.is_some()) {
            (Kind::From, true) => {
                close(&mut all, before_empty.unwrap_or(at));
                all.push((end, 0));
                before_empty = None;
            }
            (_, _) if is_first => return Err(io::Error::other("it is not an mbox: it does not start with 'From '")),
            (Kind::Empty, _) => before_empty = Some(at),
            (Kind::From | Kind::Other, _) => before_empty = None,
        }
        (at, is_first) = (end, false);
    }
    close(&mut all, before_empty.unwrap_or(at));
    Ok(all)
}

fn close(all: &mut [(u64, u64)], end: u64) {
    if let Some((start, len)) = all.last_mut() {
        *len = end.saturating_sub(*start);
    }
}

struct Line {
    len: u64,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    From,
    Empty,
    Other,
}

/// Reads to the end of a line, without keeping it. `None` at the end of the file.
fn next_line(from: &mut impl BufRead) -> io::Result<Option<Line>> {
    let mut start = Vec::with_capacity(FROM.len());
    let mut len = 0;
    loop {
        let piece = match from.fill_buf() {
            Ok([]) if len == 0 => return Ok(None),
            Ok(piece) => piece,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end = piece.iter().position(|octet| *octet == b'\n').map(|at| at + 1);
        let read = end.unwrap_or(piece.len());
        start.extend(piece.iter().take(read).take(FROM.len() - start.len()));
        from.consume(read);
        len += read as u64;
        if end.is_some() || read == 0 {
            break;
        }
    }
    let kind = match &start[..] {
        FROM => Kind::From,
        b"\n" | b"\r\n" => Kind::Empty,
        _ => Kind::Other,
    };
    Ok(Some(Line { len, kind }))
}

/// Reads a message, and removes one `>` from each line that has any before `From `.
struct Unquoted<R> {
    from: R,
    place: Place,
    /// How many `>` are to be handed out, and how much of `From ` after them.
    quotes: usize,
    prefix: &'static [u8],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the start of a line, after this many `>`, and this many octets of `From `.
    Start {
        quotes: usize,
        matched: usize,
    },
    InLine,
}

const LINE_START: Place = Place::Start { quotes: 0, matched: 0 };

impl<R: BufRead> Unquoted<R> {
    const fn new(from: R) -> Self {
        Self { from, place: LINE_START, quotes: 0, prefix: b"" }
    }

    /// Reads the start of a line, until it is clear whether it is quoted.
    fn read_start(&mut self) -> io::Result<()> {
        while let Place::Start { quotes, matched } = self.place {
            let next = self.from.fill_buf()?.first().copied();
            let is_quote = next == Some(b'>') && matched == 0;
            let is_match = next.is_some() && FROM.get(matched).copied() == next;
            match (is_quote, is_match) {
                (true, _) => self.place = Place::Start { quotes: quotes + 1, matched },
                (false, true) if matched + 1 < FROM.len() => self.place = Place::Start { quotes, matched: matched + 1 },
                (false, true) => {
                    (self.place, self.quotes, self.prefix) = (Place::InLine, quotes.saturating_sub(1), FROM);
                }
                (false, false) => {
                    let prefix = FROM.get(..matched).unwrap_or_default();
                    (self.place, self.quotes, self.prefix) = (Place::InLine, quotes, prefix);
                    return Ok(());
                }
            }
            self.from.consume(1);
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Unquoted<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if room.is_empty() {
            return Ok(0);
        }
        self.read_start()?;
        if self.quotes > 0 {
            let len = self.quotes.min(room.len());
            room.iter_mut().take(len).for_each(|octet| *octet = b'>');
            self.quotes -= len;
            return Ok(len);
        }
        if !self.prefix.is_empty() {
            return self.prefix.read(room);
        }
        let piece = self.from.fill_buf()?;
        let end = piece.iter().position(|octet| *octet == b'\n').map(|at| at + 1);
        let mut rest = piece.get(..end.unwrap_or(piece.len())).unwrap_or_default();
        let len = rest.read(room)?;
        if end == Some(len) {
            self.place = LINE_START;
        }
        self.from.consume(len);
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mbox: &str) -> Vec<String> {
        let sections = search(BufReader::with_capacity(3, mbox.as_bytes())).unwrap();
        sections
            .into_iter()
            .map(|(start, len)| {
                let range = usize::try_from(start).unwrap()..usize::try_from(start + len).unwrap();
                let mut text = String::new();
                Unquoted::new(BufReader::with_capacity(2, mbox[range].as_bytes())).read_to_string(&mut text).unwrap();
                text
            })
            .collect()
    }

    #[test]
    fn messages_begin_at_from_lines_and_are_unquoted() {
        for (mbox, messages) in [
            ("From a Mon\nTo: b\n\nhi\n", &["To: b\n\nhi\n"][..]),
            ("From a\nTo: b\n\nhi\n\nFrom c\nTo: d\n\nho\n\n", &["To: b\n\nhi\n", "To: d\n\nho\n"]),
            ("From a\r\nTo: b\r\n\r\nhi\r\n\r\nFrom c\r\nTo: d\r\n", &["To: b\r\n\r\nhi\r\n", "To: d\r\n"]),
            (
                "From a\nTo: b\n\n>From x\n>>From y\n>Fro\n>x\nFrom z\n",
                &["To: b\n\nFrom x\n>From y\n>Fro\n>x\nFrom z\n"],
            ),
            ("From a\nTo: b\n\n\n\nFrom c\nx", &["To: b\n\n\n", "x"]),
            ("From a\n\nFrom b\n", &["", ""]),
            ("From a\nTo: b\n\n>>>", &["To: b\n\n>>>"]),
            ("From a", &[""]),
            ("", &[]),
        ] {
            assert_eq!(all(mbox), messages, "{mbox:?}");
        }
    }

    #[test]
    fn other_files_are_rejected() {
        for other in ["To: b\n\nFrom a\n", "\nFrom a\n", "From: a\n", ">From a\n"] {
            let error = search(other.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), "it is not an mbox: it does not start with 'From '", "{other:?}");
        }
    }
}

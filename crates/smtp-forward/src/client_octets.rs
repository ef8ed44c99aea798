//! Tells commands from content in what a client sends.

/// Where the client is.
#[derive(Clone, Default, Debug)]
pub(crate) struct ClientOctets {
    state: State,
}

#[derive(Clone, Default, Debug)]
enum State {
    #[default]
    Commands,
    /// After 354.
    Content { inside_a_line: bool },
    /// This many octets of a chunk are left.
    Chunk { left: u64, is_last: bool },
}

/// A piece of what the client sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Piece<'a> {
    /// A command, or another line that is not content. Without its line end if the client sent none.
    Line(&'a [u8]),
    /// A line of the content, or a part of one, without a stuffed dot.
    Content(&'a [u8]),
    /// The final dot.
    Dot,
    /// Octets of a chunk.
    Chunk { octets: &'a [u8], end: Option<ChunkEnd> },
}

/// The end of a chunk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ChunkEnd {
    /// Whether it is also the end of the message.
    pub(crate) is_last: bool,
}

impl ClientOctets {
    /// A longer line is taken in pieces of this size.
    const LONGEST: usize = 4096;

    /// The server sent this line.
    pub(crate) fn heard(&mut self, line: &[u8]) {
        if line.starts_with(b"354") {
            self.state = State::Content { inside_a_line: false };
        }
    }

    /// A new connection is open.
    pub(crate) fn connected(&mut self) {
        self.state = State::Commands;
    }

    pub(crate) const fn is_in_a_chunk(&self) -> bool {
        matches!(self.state, State::Chunk { .. })
    }

    /// The first piece of `octets`, and how many it takes. `None` if the end of its line is missing and may still come,
    /// which it does not if these are `all`.
    pub(crate) fn next<'a>(&mut self, octets: &'a [u8], all: bool) -> Option<(Piece<'a>, usize)> {
        if let State::Chunk { left, is_last } = self.state {
            if left > 0 && octets.is_empty() {
                return None;
            }
            let len = usize::try_from(left).unwrap_or(usize::MAX).min(octets.len());
            let end = self.chunk_went_on(left, len as u64, is_last);
            return Some((Piece::Chunk { octets: octets.get(..len)?, end }, len));
        }
        if octets.is_empty() {
            return None;
        }
        let len = match octets.iter().take(Self::LONGEST).position(|octet| *octet == b'\n') {
            Some(at) => at + 1,
            None if all || octets.len() >= Self::LONGEST => octets.len().min(Self::LONGEST),
            None => return None,
        };
        let line = octets.get(..len)?;
        let piece = match &mut self.state {
            State::Content { inside_a_line: false } if line == b".\r\n" => {
                self.state = State::Commands;
                Piece::Dot
            }
            State::Content { inside_a_line } => {
                let is_stuffed = !std::mem::replace(inside_a_line, !line.ends_with(b"\n")) && line.starts_with(b".");
                Piece::Content(line.get(usize::from(is_stuffed)..)?)
            }
            State::Commands | State::Chunk { .. } => {
                if let Some((left, is_last)) = chunk(line) {
                    self.state = State::Chunk { left, is_last };
                }
                Piece::Line(line)
            }
        };
        Some((piece, len))
    }

    /// This many octets of content were sent that a recording leaves out. Returns the end of the chunk, if that is among them.
    pub(crate) fn left_out(&mut self, octets: u64) -> Option<ChunkEnd> {
        match self.state {
            State::Chunk { left, is_last } => self.chunk_went_on(left, octets.min(left), is_last),
            State::Commands | State::Content { .. } => None,
        }
    }

    fn chunk_went_on(&mut self, left: u64, octets: u64, is_last: bool) -> Option<ChunkEnd> {
        if octets < left {
            self.state = State::Chunk { left: left - octets, is_last };
            return None;
        }
        self.state = State::Commands;
        Some(ChunkEnd { is_last })
    }
}

/// The size of the chunk that a BDAT command announces, and whether it is the last.
pub(crate) fn chunk(line: &[u8]) -> Option<(u64, bool)> {
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    words.next().filter(|verb| verb.eq_ignore_ascii_case("BDAT"))?;
    let octets = words.next()?.parse().ok()?;
    Some((octets, words.next().is_some_and(|word| word.eq_ignore_ascii_case("LAST"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of a client that sends these octets in pieces of this size, after a server's line.
    fn told(heard: &str, octets: &str, size: usize) -> Vec<String> {
        let mut client = ClientOctets::default();
        client.heard(heard.as_bytes());
        let (mut pending, mut told): (_, Vec<(_, String)>) = (Vec::new(), Vec::new());
        let mut pieces = octets.as_bytes().chunks(size).peekable();
        while let Some(piece) = pieces.next() {
            pending.extend_from_slice(piece);
            while let Some((piece, len)) = client.next(&pending, pieces.peek().is_none()) {
                let (kind, octets) = match piece {
                    Piece::Line(octets) => ("line", octets),
                    Piece::Content(octets) | Piece::Chunk { octets, .. } => ("content", octets),
                    Piece::Dot => ("dot", &b""[..]),
                };
                match told.last_mut() {
                    Some((last, text)) if *last == "content" && kind == "content" => *text += &text_of(octets),
                    _ if octets.is_empty() && kind == "content" => {}
                    _ => told.push((kind, text_of(octets))),
                }
                pending.drain(..len);
            }
        }
        told.into_iter().map(|(kind, text)| format!("{kind} {}", text.escape_default())).collect()
    }

    fn text_of(octets: &[u8]) -> String {
        String::from_utf8_lossy(octets).into_owned()
    }

    #[test]
    fn commands_are_told_from_content_however_the_octets_are_split() {
        for (heard, octets, expected) in [
            ("250 ok", "EHLO x\r\nQUI", &["line EHLO x\\r\\n", "line QUI"][..]),
            ("354 go", "a\r\n..b\r\n.\r\nQUIT\r\n", &["content a\\r\\n.b\\r\\n", "dot ", "line QUIT\\r\\n"]),
            ("354 go", ".\r\n", &["dot "]),
            ("354 go", "a\n.\r\r\n.", &["content a\\n\\r\\r\\n"]),
            (
                "250 ok",
                "bdat 4\r\n.\r\n\nBDAT 1 last\r\nxBDAT 0 LAST\r\nQUIT\r\n",
                &[
                    "line bdat 4\\r\\n",
                    "content .\\r\\n\\n",
                    "line BDAT 1 last\\r\\n",
                    "content x",
                    "line BDAT 0 LAST\\r\\n",
                    "line QUIT\\r\\n",
                ],
            ),
        ] {
            for size in 1..=octets.len() {
                assert_eq!(told(heard, octets, size), expected, "{octets:?} by {size}");
            }
        }
    }
}

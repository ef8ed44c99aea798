//! Replies: ours and the peers' parsers read the same, or what the list of permitted differences
//! says.

use smtp_proto::Escaped;
use stalwart::response::parser::{MAX_RESPONSE_LENGTH, ResponseReceiver};

use crate::peers::LettreReply;

use Parser::{Lettre, Stalwart};

/// Another reader of replies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Parser {
    /// Of Stalwart's crate, which mail-send uses.
    Stalwart,
    /// Of lettre; async-smtp's is its brother.
    Lettre,
}

impl Parser {
    /// All of them.
    pub const ALL: [Self; 2] = [Stalwart, Lettre];
}

/// One way in which parsers may differ about the next reply.
#[derive(Clone, Copy, Debug)]
pub struct Misread {
    /// Whose.
    pub parser: Parser,
    /// What each does, and why ours does.
    pub what: &'static str,
    /// Whether these octets can be read so: those that ours takes for the reply, with the empty lines
    /// before it, or if it finds none, all that follow.
    pub covers: fn(&[u8]) -> bool,
    /// Octets that are.
    pub example: fn() -> Vec<u8>,
}

/// All of them.
pub const MISREADINGS: &[Misread] = &[
    Misread {
        parser: Stalwart,
        what: "Empty lines before a reply are skipped by ours: there are servers that send them.",
        covers: starts_with_empty_line,
        example: || b"\r\n250 ok\r\n".to_vec(),
    },
    Misread {
        parser: Stalwart,
        what: "Nothing starts with another digit than 2 to 5 to ours (RFC 5321 section 4.2).",
        covers: |octets| octets.first().is_some_and(|digit| matches!(digit, b'0' | b'1' | b'6'..=b'9')),
        example: || b"100 go on\r\n".to_vec(),
    },
    Misread {
        parser: Stalwart,
        what: "Lines with different codes are no reply to ours: nobody knows which one was meant.",
        covers: |octets| lines(octets).any(|line| !line.is_empty() && line.get(..3) != octets.get(..3)),
        example: || b"250-ok\r\n550 no\r\n".to_vec(),
    },
    Misread {
        parser: Stalwart,
        what: "A CR between the code and what follows it is no line end to ours.",
        covers: |octets| lines(octets).any(|line| line.get(3) == Some(&b'\r')),
        example: || b"250\r\r\n".to_vec(),
    },
    Misread {
        parser: Stalwart,
        what: "Empty lines between those of a reply are passed over by ours: there are servers that send them.",
        covers: |octets| lines(octets).any(<[u8]>::is_empty),
        example: || b"250-ok\r\n\r\n250 ok\r\n".to_vec(),
    },
    Misread {
        parser: Stalwart,
        what: "How long a reply may be is for the caller to say.",
        covers: |octets| octets.len() > MAX_RESPONSE_LENGTH,
        example: || [&b"250 "[..], &[b'x'; MAX_RESPONSE_LENGTH + 1], b"\r\n"].concat(),
    },
    Misread {
        parser: Lettre,
        what: "Empty lines before a reply are skipped by ours: there are servers that send them.",
        covers: starts_with_empty_line,
        example: || b"\r\n250 ok\r\n".to_vec(),
    },
    Misread {
        parser: Lettre,
        what: "A bare LF ends a line to ours: there are servers that send it.",
        covers: |octets| {
            octets.iter().enumerate().any(|(at, octet)| *octet == b'\n' && (at == 0 || octets[at - 1] != b'\r'))
        },
        example: || b"250 ok\n".to_vec(),
    },
    Misread {
        parser: Lettre,
        what: "A code without text is a reply to ours (RFC 5321 section 4.2).",
        covers: |octets| lines(octets).any(|line| line.len() == 3),
        example: || b"250\r\n".to_vec(),
    },
    Misread {
        parser: Lettre,
        what: "Empty lines between those of a reply are passed over by ours: there are servers that send them.",
        covers: |octets| lines(octets).any(<[u8]>::is_empty),
        example: || b"250-ok\r\n\r\n250 ok\r\n".to_vec(),
    },
    Misread {
        parser: Lettre,
        what: "The second digit is any digit to ours: only the first decides (RFC 5321 section 4.3.2).",
        covers: |octets| octets.get(1).is_some_and(|digit| *digit > b'5'),
        example: || b"299 ok\r\n".to_vec(),
    },
    Misread {
        parser: Lettre,
        what: "Text is any octets to ours: nothing depends on it.",
        covers: |octets| std::str::from_utf8(octets).is_err(),
        example: || b"250 caf\xe9\r\n".to_vec(),
    },
];

/// Both read each reply that ours has found (its code, and the offset behind it), and find none
/// where ours did not.
pub fn check_replies(octets: &[u8], replies: &[(u16, usize)]) {
    // What a line without its end is, each may say when it likes.
    let whole = octets.iter().rposition(|octet| *octet == b'\n').map_or(0, |at| at + 1);
    let mut start = 0;
    for &(code, end) in replies {
        check(&octets[start..end], Some(code));
        start = end;
    }
    if start < whole {
        check(&octets[start..whole], None);
    }
}

fn check(octets: &[u8], ours: Option<u16>) {
    for parser in Parser::ALL {
        assert!(
            parser.agrees(octets, ours) || misreading(parser, octets).is_some(),
            "ours reads {ours:?}, {parser:?} does not, and the list does not say why: {}",
            Escaped(octets)
        );
    }
}

/// The entry of the list that covers a difference about these octets.
pub fn misreading(parser: Parser, octets: &[u8]) -> Option<&'static Misread> {
    MISREADINGS.iter().find(|entry| entry.parser == parser && (entry.covers)(octets))
}

impl Parser {
    /// Whether it reads these octets as one reply with this code, or as none: `ours` does.
    pub fn agrees(self, octets: &[u8], ours: Option<u16>) -> bool {
        match self {
            Self::Stalwart => {
                let mut rest = octets.iter();
                let reply = ResponseReceiver::default().parse(&mut rest).ok();
                reply.map(|reply| reply.code) == ours && (ours.is_none() || rest.len() == 0)
            }
            Self::Lettre => {
                let reply: Option<LettreReply> =
                    std::str::from_utf8(octets).ok().and_then(|octets| octets.parse().ok());
                match (reply, ours) {
                    (Some(reply), Some(code)) => {
                        let text = lines(octets).map(|line| line.get(4..).unwrap_or_default());
                        u16::from(reply.code()) == code && reply.message().map(str::as_bytes).eq(text)
                    }
                    (reply, ours) => reply.is_none() && ours.is_none(),
                }
            }
        }
    }
}

fn starts_with_empty_line(octets: &[u8]) -> bool {
    lines(octets).next().is_some_and(<[u8]>::is_empty)
}

/// Without their ends.
fn lines(octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    octets.split_inclusive(|octet| *octet == b'\n').map(|line| {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        line.strip_suffix(b"\r").unwrap_or(line)
    })
}

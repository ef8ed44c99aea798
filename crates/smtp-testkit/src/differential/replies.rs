//! Compares our reply parser with those of the peers. All differences must be on the list of permitted
//! ones.

use smtp_proto::Escaped;
use stalwart::response::parser::{MAX_RESPONSE_LENGTH, ResponseReceiver};

use crate::peers::LettreReply;

use Parser::{Lettre, Stalwart};

/// Another parser of replies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Parser {
    /// That of Stalwart's crate, which mail-send uses.
    Stalwart,
    /// That of lettre. async-smtp's is closely related.
    Lettre,
}

impl Parser {
    /// All of them.
    pub const ALL: [Self; 2] = [Stalwart, Lettre];
}

/// One permitted difference in how the next reply is parsed.
#[derive(Clone, Copy, Debug)]
pub struct Misread {
    /// The parser that differs.
    pub parser: Parser,
    /// What each parser does, and why ours does it.
    pub what: &'static str,
    /// Whether the entry applies to these octets: the reply as ours delimits it, with the empty lines
    /// before it, or all remaining octets if ours finds no reply.
    pub covers: fn(&[u8]) -> bool,
    /// Octets that show the difference.
    pub example: fn() -> Vec<u8>,
}

/// All permitted differences.
pub const MISREADINGS: &[Misread] = &[
    Misread {
        parser: Stalwart,
        what: "Ours skips empty lines before a reply, because some servers send them.",
        covers: starts_with_empty_line,
        example: || b"\r\n250 ok\r\n".to_vec(),
    },
    Misread {
        parser: Stalwart,
        what: "Ours requires a first digit from 2 to 5 (RFC 5321 section 4.2).",
        covers: |octets| octets.first().is_some_and(|digit| matches!(digit, b'0' | b'1' | b'6'..=b'9')),
        example: || b"100 go on\r\n".to_vec(),
    },
    Misread {
        parser: Stalwart,
        what: "Ours rejects a reply whose lines have different codes, because it is not clear which one was meant.",
        covers: |octets| lines(octets).any(|line| !line.is_empty() && line.get(..3) != octets.get(..3)),
        example: || b"250-ok\r\n550 no\r\n".to_vec(),
    },
    Misread {
        parser: Stalwart,
        what: "Ours does not accept a CR between the code and what follows it as a line end.",
        covers: |octets| lines(octets).any(|line| line.get(3) == Some(&b'\r')),
        example: || b"250\r\r\n".to_vec(),
    },
    Misread {
        parser: Stalwart,
        what: "Ours skips empty lines within a reply, because some servers send them.",
        covers: |octets| lines(octets).any(<[u8]>::is_empty),
        example: || b"250-ok\r\n\r\n250 ok\r\n".to_vec(),
    },
    Misread {
        parser: Stalwart,
        what: "In ours, the caller sets the maximum length of a reply.",
        covers: |octets| octets.len() > MAX_RESPONSE_LENGTH,
        example: || [&b"250 "[..], &[b'x'; MAX_RESPONSE_LENGTH + 1], b"\r\n"].concat(),
    },
    Misread {
        parser: Lettre,
        what: "Ours skips empty lines before a reply, because some servers send them.",
        covers: starts_with_empty_line,
        example: || b"\r\n250 ok\r\n".to_vec(),
    },
    Misread {
        parser: Lettre,
        what: "Ours accepts a bare LF as a line end, because some servers send it.",
        covers: |octets| {
            octets.iter().enumerate().any(|(at, octet)| *octet == b'\n' && (at == 0 || octets[at - 1] != b'\r'))
        },
        example: || b"250 ok\n".to_vec(),
    },
    Misread {
        parser: Lettre,
        what: "Ours accepts a reply that has a code and no text (RFC 5321 section 4.2).",
        covers: |octets| lines(octets).any(|line| line.len() == 3),
        example: || b"250\r\n".to_vec(),
    },
    Misread {
        parser: Lettre,
        what: "Ours skips empty lines within a reply, because some servers send them.",
        covers: |octets| lines(octets).any(<[u8]>::is_empty),
        example: || b"250-ok\r\n\r\n250 ok\r\n".to_vec(),
    },
    Misread {
        parser: Lettre,
        what: "Ours accepts any second digit, because only the first one decides (RFC 5321 section 4.3.2).",
        covers: |octets| octets.get(1).is_some_and(|digit| *digit > b'5'),
        example: || b"299 ok\r\n".to_vec(),
    },
    Misread {
        parser: Lettre,
        what: "Ours accepts any octets in the text, because nothing depends on them.",
        covers: |octets| std::str::from_utf8(octets).is_err(),
        example: || b"250 caf\xe9\r\n".to_vec(),
    },
];

/// Checks that the other parsers read each reply that ours found (given as its code and the offset of its
/// end), and find none where ours did not.
pub fn check_replies(octets: &[u8], replies: &[(u16, usize)]) {
    // An incomplete line is not compared: parsers may reject it early or wait for its end.
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
            "ours reads {ours:?}, {parser:?} does not, and no permitted difference covers it: {}",
            Escaped(octets)
        );
    }
}

/// The entry that covers a difference about these octets, if there is one.
pub fn misreading(parser: Parser, octets: &[u8]) -> Option<&'static Misread> {
    MISREADINGS.iter().find(|entry| entry.parser == parser && (entry.covers)(octets))
}

impl Parser {
    /// Whether it agrees with ours, which reads these octets as one reply with the code `ours`, or as none.
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

/// The lines, without their line ends.
fn lines(octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    octets.split_inclusive(|octet| *octet == b'\n').map(|line| {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        line.strip_suffix(b"\r").unwrap_or(line)
    })
}

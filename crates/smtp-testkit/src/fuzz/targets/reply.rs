//! Replies: decoding them whole, in pieces, and with the oracle's simple reader must give the same result.
//! Some are also compared with the peers.

use std::{
    fmt::{self, Write},
    io::BufRead,
};

use arbitrary::{Arbitrary, Result, Unstructured};
#[cfg(feature = "peers")]
use smtp_proto::ReplyErrorKind;
use smtp_proto::{Limits, Reply, ReplyDecoder, ReplyError};

use crate::{
    fuzz::values::Pieces,
    oracle::{Heard, ReplyReader},
};

/// Octets from a server, the pieces in which they arrive, and the limits.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    line_limit: usize,
    reply_limit: usize,
    /// Whether to compare with the peers, which take several times as long.
    #[cfg_attr(not(feature = "peers"), allow(dead_code, reason = "used with `peers` only"))]
    compared: bool,
    pieces: Pieces,
    octets: &'a [u8],
}

impl<'a> Arbitrary<'a> for Input<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let limits = u8::arbitrary(u)?;
        let (line_limit, reply_limit) = match limits & 0x80 {
            0 => (usize::from(limits & 7) * 4 + 3, usize::from(limits >> 3 & 15) * 6),
            _ => (12_288, 65_536),
        };
        let pieces = Pieces::arbitrary(u)?;
        let octets = u.bytes(u.len())?;
        // Depends on the length, which nearly every mutation changes, so that it stays at one in sixteen.
        let compared = limits & 0x80 != 0 && octets.len() % 16 == 0;
        Ok(Self { line_limit, reply_limit, compared, pieces, octets })
    }
}

/// What was read from a stream: the code and the end offset of each reply, and the fault that ended the
/// stream, if any.
#[derive(Debug)]
struct Read {
    replies: Vec<(u16, usize)>,
    fault: Option<ReplyError>,
}

/// Reads the octets three times.
pub fn body(input: Input<'_>) {
    // Enough for most inputs.
    let mut replies = Vec::with_capacity(16);
    let fault = decode(&input, [input.octets].into_iter(), |reply, taken, end| {
        check_reply(reply, taken);
        replies.push((reply.code().get(), end));
    });
    let whole = Read { replies, fault };
    let (mut lengths, mut rest) = (input.pieces.clone(), input.octets);
    let pieces = std::iter::from_fn(|| {
        let (piece, behind) = rest.split_at(lengths.next(rest.len()));
        rest = behind;
        (!piece.is_empty()).then_some(piece)
    });
    let mut replies = whole.replies.iter();
    let fault = decode(&input, pieces, |reply, taken, end| {
        assert_eq!(reply.octets(), behind_empty_lines(taken), "a reply has exactly its own octets");
        assert_eq!(replies.next(), Some(&(reply.code().get(), end)), "a split changes nothing");
    });
    assert_eq!((replies.next(), &fault), (None, &whole.fault), "a split changes nothing");
    read_plainly(&input, &whole);
    #[cfg(feature = "peers")]
    if input.compared && whole.fault.as_ref().is_none_or(|fault| !is_limit(fault.kind())) {
        crate::differential::check_replies(input.octets, &whole.replies);
    }
}

/// Faults that are not compared, because the peers have other limits.
#[cfg(feature = "peers")]
const fn is_limit(kind: ReplyErrorKind) -> bool {
    matches!(kind, ReplyErrorKind::LineTooLong | ReplyErrorKind::ReplyTooLong)
}

/// Calls `each` with each reply, the octets that it was decoded from, and its end offset. Returns the
/// fault that ended the stream, if any.
fn decode<'a>(
    input: &Input<'_>,
    pieces: impl Iterator<Item = &'a [u8]>,
    mut each: impl FnMut(&Reply<'_>, &[u8], usize),
) -> Option<ReplyError> {
    let mut decoder =
        ReplyDecoder::new(&Limits::DEFAULT.with_reply_line(input.line_limit).with_reply(input.reply_limit));
    let (mut before, mut start) = (0, 0);
    for piece in pieces {
        let mut rest = piece;
        while !rest.is_empty() {
            let (taken, result) = decoder.decode(rest);
            let at = before + piece.len() - rest.len() + taken;
            rest = &rest[taken..];
            match result {
                Ok(None) => assert!(rest.is_empty(), "octets are left although there is no reply"),
                Ok(Some(reply)) => {
                    each(&reply, &input.octets[start..at], at);
                    start = at;
                }
                Err(fault) => return Some(fault),
            }
            let held = decoder.held();
            assert!(held.len() <= input.reply_limit, "no more is held than the limit of a reply");
            assert_eq!(held, behind_empty_lines(held), "empty lines before a reply are not held");
        }
        before += piece.len();
    }
    None
}

fn behind_empty_lines(octets: &[u8]) -> &[u8] {
    let mut rest = octets;
    while let Some(behind) = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")) {
        rest = behind;
    }
    rest
}

/// Checks that a reply parses alone to the same value, and is safe to display.
fn check_reply(reply: &Reply<'_>, taken: &[u8]) {
    let octets = behind_empty_lines(taken);
    assert_eq!(reply.octets(), octets, "a reply has exactly its own octets");
    for alone in [taken, octets] {
        let parsed = Reply::parse(alone).expect("a reply").expect("a whole one");
        assert_eq!(parsed, (alone.len(), *reply), "parsed alone, it is the same");
    }
    let mut rest = octets;
    let lines = std::iter::from_fn(|| {
        let mut behind = rest;
        let len = behind.skip_until(b'\n').ok().filter(|len| *len > 0)?;
        let line = &rest[..len];
        rest = behind;
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        Some(line.strip_suffix(b"\r").unwrap_or(line).get(4..).unwrap_or_default())
    });
    assert!(reply.lines().eq(lines), "its lines are those on the wire");
    assert!(write!(Printable, "{reply}").is_ok(), "{:?} is not safe to show", reply.to_string());
    if let Some(enhanced) = reply.enhanced() {
        let text = enhanced.to_string();
        let digits = |part: &str| part.parse::<u16>().is_ok_and(|number| number < 1000);
        assert!(text.split('.').all(digits) && text.split('.').count() == 3, "{text}");
        assert_eq!(text.as_bytes()[0], octets[0], "the class is the first digit of the code");
    }
}

/// A writer that accepts only text without control characters.
struct Printable;

impl fmt::Write for Printable {
    fn write_str(&mut self, shown: &str) -> fmt::Result {
        if shown.contains(char::is_control) { Err(fmt::Error) } else { Ok(()) }
    }

    fn write_char(&mut self, shown: char) -> fmt::Result {
        if shown.is_control() { Err(fmt::Error) } else { Ok(()) }
    }
}

fn read_plainly(input: &Input<'_>, decoded: &Read) {
    let mut reader = ReplyReader::new(input.line_limit, input.reply_limit);
    let mut replies = decoded.replies.iter();
    let (mut rest, mut last_end) = (input.octets, 0);
    while !rest.is_empty() {
        let (taken, heard) = reader.read(rest);
        rest = &rest[taken..];
        match heard {
            None => {}
            Some(Heard::Reply { code, start, end }) => {
                let own = behind_empty_lines(&input.octets[last_end..end]);
                assert_eq!((replies.next(), end - start), (Some(&(code, end)), own.len()), "the same reply");
                last_end = end;
            }
            Some(Heard::Fault(kind)) => {
                assert_eq!(decoded.fault.as_ref().map(ReplyError::kind), Some(kind), "the same fault");
                assert_eq!(replies.next(), None, "no reply after the fault");
                return;
            }
        }
    }
    assert_eq!((replies.next(), decoded.fault.as_ref()), (None, None), "the same number of replies and no fault");
}

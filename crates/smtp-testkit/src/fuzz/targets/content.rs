//! Content: for any octets in any pieces, a server reads exactly one message with the same content, with DATA and with
//! BDAT.

use arbitrary::{Arbitrary, Result, Unstructured};
use smtp_proto::{
    Body, Command, ContentEncoder, Event, LONGEST_LINE, Limits, LineEndings, MailParameters, RcptParameters, Session,
    SessionError,
};

use crate::{fuzz::values::Pieces, oracle::Message};

/// A message, its pieces, and the policy.
#[derive(Clone, Debug)]
pub struct Input {
    line_endings: LineEndings,
    body: Body,
    /// If set, the exact size of the message is enforced, this many octets above the actual size.
    exact: Option<i8>,
    /// For BDAT, whether the content is sent as it is.
    is_binary: bool,
    /// For BDAT, the limits on a chunk and on a block.
    limits: (usize, usize),
    pieces: Pieces,
    octets: Vec<u8>,
}

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        const TELLING: [&[u8]; 8] = [b"\r\n", b".", b"\n", b"\r", b".\r\n", b"\r\n.\r\n", b"text", b"\r\n."];
        let choices = u8::arbitrary(u)?;
        let pieces = Pieces::arbitrary(u)?;
        let rest = u.bytes(u.len())?;
        let mut octets = Vec::with_capacity(rest.len() * 2);
        for octet in rest {
            match octet {
                // A long line, in one octet of input.
                0xff => octets.resize(octets.len() + 333, b'l'),
                0xf0.. => octets.extend_from_slice(TELLING[usize::from(octet & 7)]),
                other => octets.push(*other),
            }
        }
        Ok(Self {
            line_endings: if choices & 1 == 0 { LineEndings::Mend } else { LineEndings::Strict },
            body: if choices & 2 == 0 { Body::EightBit } else { Body::SevenBit },
            exact: match choices >> 4 {
                0..=7 => None,
                8..=11 => Some(0),
                more => Some(i8::try_from(more).unwrap_or_default() - 14),
            },
            is_binary: choices & 0b1100 == 0b1100,
            limits: ([1, 7, 100, 65_536][usize::from(choices >> 2 & 3)], 64 + usize::from(choices >> 4)),
            pieces,
            octets,
        })
    }
}

/// Sends the message and reads it back.
pub fn body(input: Input) {
    in_chunks(&input);
    with_data(input);
}

/// Sends the message with BDAT through a whole session, and reads it back by the lengths of the chunks.
fn in_chunks(input: &Input) {
    let (chunk, block) = input.limits;
    let mut session = Session::new(Limits::DEFAULT.with_chunk(chunk).with_block(block).with_pipeline(block * 40));
    let hello = "client.example".parse().expect("a name");
    let (sender, recipient) = ("a@client.example".parse().expect("a path"), "b@example.net".parse().expect("a path"));
    hear(&mut session, b"220 mx\r\n");
    session.command(&Command::Ehlo(&hello)).expect("in order");
    hear(
        &mut session,
        if block % 2 == 0 { b"250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n" } else { b"250-mx\r\n250 CHUNKING\r\n" },
    );
    session.command(&Command::Mail(&sender, &MailParameters::new())).expect("in order");
    hear(&mut session, b"250 ok\r\n");
    session.command(&Command::Rcpt(&recipient, RcptParameters::NONE)).expect("in order");
    hear(&mut session, b"250 ok\r\n");
    let body = if input.is_binary { Body::Binary } else { input.body };
    let message = Message::new(input.line_endings, body == Body::EightBit);
    let mut message = if input.is_binary { message.binary() } else { message };
    session.begin_chunks(ContentEncoder::for_bdat(input.line_endings, body)).expect("RCPT was sent");
    let (mut pieces, mut rest) = (input.pieces.clone(), input.octets.as_slice());
    let (mut wire, mut read) = (Vec::new(), Vec::new());
    let given = loop {
        let (piece, behind) = rest.split_at(pieces.next(rest.len()).min(block));
        rest = behind;
        let given = if piece.is_empty() { session.end_content().map(drop) } else { session.content(piece) };
        let fault = if piece.is_empty() { message.end() } else { message.give(piece) };
        assert_eq!(given.err(), fault.map(SessionError::Content), "both report the same fault");
        wire.extend_from_slice(session.output());
        hear(&mut session, b"");
        let is_over = read_chunks(&mut wire, &mut read, &mut session);
        assert_eq!(is_over, piece.is_empty() && given.is_ok(), "the last chunk comes once, and only at the end");
        if is_over || given.is_err() {
            break given;
        }
    };
    if given.is_ok() {
        assert_eq!(read, message.meant(), "the server reads what was given");
    } else {
        assert!(message.meant().starts_with(&read), "the server reads nothing else");
    }
}

/// Everything is written, and the server answers.
fn hear(session: &mut Session, reply: &[u8]) {
    session.sent(session.output().len()).expect("all shown octets can be sent");
    let heard = session.received(reply).1;
    assert!(reply.is_empty() || matches!(heard, Some(Event::Reply { .. })), "{heard:?}");
}

/// Reads whole chunks, and answers each. Returns whether the last one was among them.
fn read_chunks(wire: &mut Vec<u8>, read: &mut Vec<u8>, session: &mut Session) -> bool {
    while let Some(end) = wire.iter().position(|octet| *octet == b'\n') {
        let line = String::from_utf8(wire.drain(..=end).collect()).expect("a command");
        let mut words = line.trim_end().split(' ');
        assert_eq!(words.next(), Some("BDAT"));
        let len: usize = words.next().and_then(|len| len.parse().ok()).expect("a length");
        let is_last = words.next() == Some("LAST");
        assert!(is_last || len > 0, "an empty chunk that is not the last");
        assert!(len > 0 || read.is_empty(), "an empty chunk although there is content");
        read.extend(wire.drain(..len));
        hear(session, b"250 ok\r\n");
        if is_last {
            assert!(wire.is_empty(), "octets behind the last chunk");
            return true;
        }
    }
    false
}

/// Sends the message with DATA.
fn with_data(mut input: Input) {
    let exact_size = input.exact.map(|more| wire_size(&input.octets).saturating_add_signed(more.into()));
    let mut message = Message::new(input.line_endings, input.body == Body::EightBit).with_exact_size(exact_size);
    let encoder = ContentEncoder::new(input.line_endings, input.body);
    let mut encoder = exact_size.map_or(encoder.clone(), |octets| encoder.with_exact_size(octets));
    let (mut wire, mut rest) = (Vec::new(), input.octets.as_slice());
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(input.pieces.next(rest.len()));
        rest = behind;
        let fault = encoder.encode(piece, &mut wire).err();
        assert_eq!(fault, message.give(piece), "both report the same fault");
        if fault.is_some() {
            return arrives(&mut message, &wire, false);
        }
    }
    let fault = encoder.finish(&mut wire).err();
    assert_eq!(fault, message.end(), "both report the same fault");
    arrives(&mut message, &wire, fault.is_none());
    if fault.is_none() {
        assert_eq!(encoder.longest_line(), message.overlong_line(), "the longest line, above {LONGEST_LINE}");
    }
}

/// The size according to RFC 1870 section 6, after bare LFs were replaced.
fn wire_size(octets: &[u8]) -> u64 {
    let bare = |at: usize| octets[at] == b'\n' && (at == 0 || octets[at - 1] != b'\r');
    let mended = (0..octets.len()).filter(|at| bare(*at)).count();
    let end = if octets.is_empty() || octets.ends_with(b"\n") { 0 } else { 2 };
    (octets.len() + mended + end) as u64
}

/// Checks that a server reads everything, and sees the end of data only at the end.
fn arrives(message: &mut Message, wire: &[u8], ended: bool) {
    assert_eq!(message.arrive(wire), Ok(wire.len()), "the server reads what was given");
    assert_eq!(message.has_arrived(), ended, "the server sees the end of data only if it was sent");
}

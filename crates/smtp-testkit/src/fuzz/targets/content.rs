//! Content: for any octets in any pieces, a server reads exactly one message with the same content.

use arbitrary::{Arbitrary, Result, Unstructured};
use smtp_proto::{Body, ContentEncoder, LONGEST_LINE, LineEndings};

use crate::{fuzz::values::Pieces, oracle::Message};

/// A message, its pieces, and the policy.
#[derive(Clone, Debug)]
pub struct Input {
    line_endings: LineEndings,
    body: Body,
    /// If set, the exact size of the message is enforced, this many octets above the actual size.
    exact: Option<i8>,
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
            pieces,
            octets,
        })
    }
}

/// Sends the message and reads it back.
pub fn body(mut input: Input) {
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

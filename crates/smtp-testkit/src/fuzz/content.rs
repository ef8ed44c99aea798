//! Content: any octets in any pieces go out, and a server reads back one message, the same.

use arbitrary::{Arbitrary, Result, Unstructured};
use smtp_proto::{ContentEncoder, LONGEST_LINE, LineEndings};

use super::values::Pieces;
use crate::oracle::Message;

/// A message, its pieces, and the policy.
#[derive(Clone, Debug)]
pub struct Input {
    line_endings: LineEndings,
    eight_bit: bool,
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
            eight_bit: choices & 2 == 0,
            pieces,
            octets,
        })
    }
}

/// Sends the message and reads it back.
pub fn body(mut input: Input) {
    let mut message = Message::new(input.line_endings, input.eight_bit);
    let mut encoder = ContentEncoder::new(input.line_endings, input.eight_bit);
    let (mut wire, mut rest) = (Vec::new(), input.octets.as_slice());
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(input.pieces.next(rest.len()));
        rest = behind;
        let fault = encoder.encode(piece, &mut wire).err();
        assert_eq!(fault, message.give(piece), "the same octet is at fault");
        if fault.is_some() {
            return arrives(&mut message, &wire, false);
        }
    }
    let fault = encoder.finish(&mut wire).err();
    assert_eq!(fault, message.end(), "the same octet is at fault");
    arrives(&mut message, &wire, fault.is_none());
    if fault.is_none() {
        assert_eq!(encoder.longest_line(), message.overlong_line(), "the longest line, above {LONGEST_LINE}");
    }
}

/// A server reads all of it, and its end only at its end.
fn arrives(message: &mut Message, wire: &[u8], ended: bool) {
    assert_eq!(message.arrive(wire), Ok(wire.len()), "what arrives is what was given");
    assert_eq!(message.has_arrived(), ended, "it ends where it was ended");
}

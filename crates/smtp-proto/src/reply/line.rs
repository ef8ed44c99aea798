//! Parses one complete reply line (RFC 5321 section 4.2). A parser that starts over whenever the buffer grows would
//! take quadratic time if the input arrives octet by octet.

use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::take,
    character::complete::char,
    combinator::{eof, map_opt, value},
};

use super::code::{Code, EnhancedCode};

/// Whether more lines of the same reply follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Position {
    More,
    Last,
}

/// One line of `Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF`, without the
/// line end. The text may be any octets.
pub(super) fn reply_line(line: &[u8]) -> Option<(Code, Position)> {
    (reply_code, separator).parse(line).ok().map(|(_text, parsed)| parsed)
}

/// The code at the start of a line.
#[inline]
pub(super) fn code(line: &[u8]) -> Option<Code> {
    reply_code(line).ok().map(|(_rest, code)| code)
}

fn reply_code(input: &[u8]) -> IResult<&[u8], Code, ()> {
    let code = |digits: &[u8]| match digits {
        [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9'] => Code::new(digits.iter().copied().fold(0, with_digit)),
        _ => None,
    };
    map_opt(take(3_usize), code).parse(input)
}

fn separator(input: &[u8]) -> IResult<&[u8], Position, ()> {
    alt((value(Position::Last, char(' ')), value(Position::More, char('-')), value(Position::Last, eof))).parse(input)
}

/// `status-code = class "." subject "." detail` (RFC 2034 section 4), then a space or the line's end.
pub(super) fn enhanced(text: &[u8]) -> Option<EnhancedCode> {
    // The fast path: most numbers have one digit.
    if let [class @ (b'2' | b'4' | b'5'), b'.', subject @ b'0'..=b'9', b'.', detail @ b'0'..=b'9', b' ', ..] = text {
        return Some(EnhancedCode::new(with_digit(0, *class), with_digit(0, *subject), with_digit(0, *detail)));
    }
    let (class, rest) = match text {
        [class @ (b'2' | b'4' | b'5'), b'.', rest @ ..] => (with_digit(0, *class), rest),
        _ => return None,
    };
    let (subject, rest) = three_digits(rest)?;
    let (detail, rest) = three_digits(rest.strip_prefix(b".")?)?;
    match rest {
        [] | [b' ' | b'\n', ..] | [b'\r', b'\n', ..] => Some(EnhancedCode::new(class, subject, detail)),
        _ => None,
    }
}

/// A number of one to three digits, and the rest of the text.
#[inline]
fn three_digits(text: &[u8]) -> Option<(u16, &[u8])> {
    let [first @ b'0'..=b'9', rest @ ..] = text else { return None };
    let number = with_digit(0, *first);
    let [second @ b'0'..=b'9', rest @ ..] = rest else { return Some((number, rest)) };
    let number = with_digit(number, *second);
    let [third @ b'0'..=b'9', rest @ ..] = rest else { return Some((number, rest)) };
    Some((with_digit(number, *third), rest))
}

/// Appends a digit. There are at most three, so nothing overflows.
fn with_digit(number: u16, digit: u8) -> u16 {
    number.wrapping_mul(10).wrapping_add(u16::from(digit & 0x0f))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_three_digits_then_nothing_a_space_or_a_hyphen() {
        for (line, expected) in [
            (&b"250"[..], Some((250, Position::Last))),
            (b"250 ", Some((250, Position::Last))),
            (b"250 ok", Some((250, Position::Last))),
            (b"250-", Some((250, Position::More))),
            (b"599-\0\xff", Some((599, Position::More))),
            (b"25", None),
            (b"", None),
            (b"250x", None),
            (b"250\tok", None),
            (b"199 early", None),
            (b"600 late", None),
            (b"2a0 no", None),
            (b" 250 no", None),
        ] {
            let parsed = reply_line(line).map(|(code, position)| (code.get(), position));
            assert_eq!(parsed, expected, "{}", crate::Escaped(line));
        }
    }

    #[test]
    fn an_enhanced_code_ends_at_a_space_or_the_end() {
        for (text, expected) in [
            (&b"2.1.5 ok"[..], Some((2, 1, 5))),
            (b"5.7.509", Some((5, 7, 509))),
            (b"4.999.999 x", Some((4, 999, 999))),
            (b"2.1.5\r\nother", Some((2, 1, 5))),
            (b"2.1.5\n", Some((2, 1, 5))),
            (b"2.1.5\rx\r\n", None),
            (b"2.1.5x", None),
            (b"2.1.1000", None),
            (b"3.1.5 no", None),
            (b"2..5 no", None),
            (b"2.1", None),
            (b"", None),
        ] {
            let parsed = enhanced(text).map(|code| (code.class(), code.subject(), code.detail()));
            assert_eq!(parsed, expected, "{}", crate::Escaped(text));
        }
    }
}

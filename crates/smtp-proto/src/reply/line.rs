//! The grammar of one reply line (RFC 5321 section 4.2), on complete lines only: streaming parsers
//! on a growing buffer are quadratic for an octet at a time.

use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{tag, take, take_while_m_n},
    character::complete::{char, line_ending},
    combinator::{eof, map_opt, peek, rest, value},
    sequence::preceded,
};

use super::code::{Code, EnhancedCode};

/// Whether more lines of the same reply follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Position {
    More,
    Last,
}

/// `Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF`,
/// one of its lines, without the line end. The text can be any octets.
pub(super) fn reply_line(line: &[u8]) -> Option<(Code, Position)> {
    let parsed: IResult<&[u8], _> = (code, alt((value(Position::Last, eof), separator))).parse(line);
    parsed.ok().map(|(_, parsed)| parsed)
}

fn code(input: &[u8]) -> IResult<&[u8], Code> {
    let code = |digits: &[u8]| match digits {
        [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9'] => Code::new(number(digits)),
        _ => None,
    };
    map_opt(take(3_usize), code).parse(input)
}

fn separator(input: &[u8]) -> IResult<&[u8], Position> {
    alt((value(Position::More, preceded(char('-'), rest)), value(Position::Last, preceded(char(' '), rest))))
        .parse(input)
}

/// `status-code = class "." subject "." detail` (RFC 2034 section 4), then a space or the line's end.
pub(super) fn enhanced(text: &[u8]) -> Option<EnhancedCode> {
    let class = map_opt(take(1_usize), |class: &[u8]| match class {
        b"2" => Some(2),
        b"4" => Some(4),
        b"5" => Some(5),
        _ => None,
    });
    let end = peek(alt((tag(&b" "[..]), line_ending, eof)));
    let parsed: IResult<&[u8], _> =
        (class, preceded(tag(&b"."[..]), three_digits), preceded(tag(&b"."[..]), three_digits), end).parse(text);
    parsed.ok().map(|(_, (class, subject, detail, _))| EnhancedCode::new(class, subject, detail))
}

/// As [`reply_line`], for a line that starts with `digits` and has a separator: `None` for all others.
#[inline]
pub(super) fn next_line(line: &[u8], digits: [u8; 3]) -> Option<Position> {
    match line.split_first_chunk()? {
        (start, [b'-', ..]) if *start == digits => Some(Position::More),
        (start, [b' ', ..]) if *start == digits => Some(Position::Last),
        _ => None,
    }
}

fn three_digits(input: &[u8]) -> IResult<&[u8], u16> {
    take_while_m_n(1, 3, |octet: u8| octet.is_ascii_digit()).map(number).parse(input)
}

/// At most three digits: nothing can overflow.
fn number(digits: &[u8]) -> u16 {
    digits.iter().fold(0_u16, |number, digit| number.wrapping_mul(10).wrapping_add(u16::from(digit & 0x0f)))
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
    fn a_line_with_the_code_of_the_lines_before_it_is_known_by_its_separator() {
        for (line, expected) in [
            (&b"250-"[..], Some(Position::More)),
            (b"250 x", Some(Position::Last)),
            (b"251-", None),
            (b"251 x", None),
            (b"250", None),
            (b"250\tx", None),
            (b"25", None),
        ] {
            assert_eq!(next_line(line, *b"250"), expected, "{}", crate::Escaped(line));
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

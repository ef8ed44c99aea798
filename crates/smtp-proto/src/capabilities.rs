//! What the EHLO reply offers (RFC 5321 section 4.1.1.1).

use core::fmt;

use memchr::memchr;
use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{take, take_while1},
    character::complete::{line_ending, one_of, space0, u64},
    combinator::{all_consuming, eof, value, verify},
    sequence::{delimited, preceded},
};

use crate::{
    escape::Escaped,
    reply::{Reply, without_line_end},
};

/// The extensions one server offers in one session. Never kept for another (RFC 1869 section 4.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "each is one keyword, and any combination is valid")]
pub struct Capabilities {
    /// Commands may be sent in groups (RFC 2920).
    pub pipelining: bool,
    /// Whether a size may be declared, and the largest (RFC 1870).
    pub size: SizeLimit,
    /// 8-bit content may be announced (RFC 6152).
    pub eight_bit_mime: bool,
    /// Replies carry enhanced status codes (RFC 2034).
    pub enhanced_status_codes: bool,
    /// Addresses may be UTF-8 (RFC 6531).
    pub smtputf8: bool,
    /// The connection can be secured (RFC 3207).
    pub starttls: bool,
    /// BDAT (RFC 3030).
    pub chunking: bool,
    /// Content that is not made of lines (RFC 3030).
    pub binary_mime: bool,
    /// Delivery status notifications can be asked for (RFC 3461).
    pub dsn: bool,
    /// The client may authenticate (RFC 4954).
    pub auth: bool,
}

/// What SIZE says (RFC 1870 section 4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum SizeLimit {
    /// No SIZE: a size must not be declared.
    #[default]
    NotOffered,
    /// SIZE without a value, with zero, or with one too large to matter.
    Unlimited,
    /// The largest message, in octets.
    Octets(u64),
}

impl Capabilities {
    /// What the reply to EHLO or LHLO offers. Lines that make no sense offer nothing.
    pub fn from_reply(reply: &Reply<'_>) -> Self {
        let mut offered = Self::default();
        for keyword in keywords(reply) {
            offered.add(keyword);
        }
        offered
    }

    fn add(&mut self, keyword: Keyword<'_>) {
        let name = keyword.name;
        match name.len() {
            3 if is(name, b"DSN") => self.dsn = true,
            4 if is(name, b"SIZE") => self.size = SizeLimit::parse(keyword.parameters),
            4 if is(name, b"AUTH") => self.auth = true,
            8 if is(name, b"8BITMIME") => self.eight_bit_mime = true,
            8 if is(name, b"CHUNKING") => self.chunking = true,
            8 if is(name, b"STARTTLS") => self.starttls = true,
            8 if is(name, b"SMTPUTF8") => self.smtputf8 = true,
            10 if is(name, b"BINARYMIME") => self.binary_mime = true,
            10 if is(name, b"PIPELINING") => self.pipelining = true,
            19 if is(name, b"ENHANCEDSTATUSCODES") => self.enhanced_status_codes = true,
            _ => {}
        }
    }
}

/// In any case. Of a length that the compiler knows: a few instructions, and no call.
fn is<const N: usize>(name: &[u8], keyword: &[u8; N]) -> bool {
    name.first_chunk::<N>().is_some_and(|name| name.map(|octet| octet.to_ascii_uppercase()) == *keyword)
}

impl SizeLimit {
    fn parse(parameters: &[u8]) -> Self {
        let limit = all_consuming(delimited(space0, u64, space0::<_, ()>)).parse(parameters);
        match limit {
            Err(_) | Ok((_, 0)) => Self::Unlimited,
            Ok((_, octets)) => Self::Octets(octets),
        }
    }
}

/// One line of an EHLO reply after the first.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Keyword<'a> {
    name: &'a [u8],
    parameters: &'a [u8],
}

impl<'a> Keyword<'a> {
    /// The keyword as it was sent: letters, digits and hyphens, in any case.
    pub const fn name(&self) -> &'a [u8] {
        self.name
    }

    /// What follows the keyword, in any form.
    pub const fn parameters(&self) -> &'a [u8] {
        self.parameters
    }
}

impl fmt::Display for Keyword<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Escaped(self.name))?;
        if !self.parameters.is_empty() {
            write!(f, " {}", Escaped(self.parameters))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Keyword<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyword({self})")
    }
}

/// The keywords of an EHLO reply. The first line is a name, never a capability; lines that are no
/// keyword are passed over.
pub fn keywords<'a>(reply: &Reply<'a>) -> impl Iterator<Item = Keyword<'a>> + use<'a> {
    let (mut rest, _) = line(reply.octets()).unwrap_or_default();
    core::iter::from_fn(move || {
        while !rest.is_empty() {
            if let Ok((behind, keyword)) = ehlo_line(rest) {
                rest = behind;
                return Some(keyword);
            }
            (rest, _) = line(rest).ok()?;
        }
        None
    })
}

/// `ehlo-line = ehlo-keyword *( SP ehlo-param )`, `ehlo-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT /
/// "-")`, with what stands before and behind it in a reply. Old servers write `AUTH=LOGIN`.
fn ehlo_line(input: &[u8]) -> IResult<&[u8], Keyword<'_>> {
    let name = verify(take_while1(|octet: u8| IN_KEYWORD.get(usize::from(octet)) == Some(&true)), |name: &[u8]| {
        !name.starts_with(b"-")
    });
    let parameters = alt((value(&b""[..], alt((line_ending, eof))), preceded(one_of(" ="), line)));
    let keyword = (name, parameters).map(|(name, parameters)| Keyword { name, parameters });
    // The reply is one: only an empty line does not start with a code and a separator.
    let code = verify(take("250-".len()), |code: &[u8]| !code.starts_with(b"\r") && !code.starts_with(b"\n"));
    preceded(code, keyword).parse(input)
}

/// The rest of a line, without its end.
fn line(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let len = memchr(b'\n', input).map_or(input.len(), |at| at.saturating_add(1));
    take(len).map(without_line_end).parse(input)
}

/// `ALPHA / DIGIT / "-"`, by octet: a look-up is a third of the comparisons' time.
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const IN_KEYWORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut octet = 0_u8;
    while octet < u8::MAX {
        table[octet as usize] = octet.is_ascii_alphanumeric() || octet == b'-';
        octet += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(octets: &[u8]) -> Capabilities {
        let (reply, _) = Reply::parse(octets).unwrap().unwrap();
        Capabilities::from_reply(&reply)
    }

    #[test]
    fn keywords_come_in_any_case_and_nonsense_offers_nothing() {
        let lower = offered(
            b"250-pipelining greets you\r\n250-size 1000\r\n250-\r\n250-AUTH=LOGIN\r\n250-?x\r\n250 8bitmime\r\n",
        );
        assert_eq!(
            lower,
            Capabilities { size: SizeLimit::Octets(1000), auth: true, eight_bit_mime: true, ..Capabilities::default() }
        );
    }

    #[test]
    fn the_first_line_is_a_name() {
        assert_eq!(offered(b"250 PIPELINING\r\n"), Capabilities::default());
        assert_eq!(offered(b"250\r\n"), Capabilities::default());
    }

    #[test]
    fn a_size_that_is_no_limit_is_none() {
        for (line, expected) in [
            ("SIZE", SizeLimit::Unlimited),
            ("SIZE 0", SizeLimit::Unlimited),
            ("SIZE 99999999999999999999999999", SizeLimit::Unlimited),
            ("SIZE -1", SizeLimit::Unlimited),
            ("SIZE=5", SizeLimit::Octets(5)),
            ("SIZE 5 ", SizeLimit::Octets(5)),
            ("SIZE  5", SizeLimit::Octets(5)),
            ("XSIZE 5", SizeLimit::NotOffered),
            ("SIZEX 5", SizeLimit::NotOffered),
        ] {
            let octets = alloc::format!("250-x\r\n250 {line}\r\n");
            assert_eq!(offered(octets.as_bytes()).size, expected, "{line}");
        }
    }
}

//! What the EHLO reply offers (RFC 5321 section 4.1.1.1).

use core::fmt;

use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::take_while1,
    character::complete::one_of,
    combinator::{eof, rest, verify},
    sequence::preceded,
};

use crate::{
    decimal,
    escape::Escaped,
    limits_offered::LimitsOffered,
    mechanisms::Mechanisms,
    reply::{Class, Reply, split_line},
};

/// The extensions that a server offers in one session. They are never carried over to another session (RFC 1869
/// section 4.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "each is one keyword, and any combination is valid")]
pub struct Capabilities {
    /// PIPELINING: commands may be sent in groups (RFC 2920).
    pub pipelining: bool,
    /// SIZE: whether the size of a message may be declared, and the largest one that is accepted (RFC 1870).
    pub size: SizeLimit,
    /// 8BITMIME: content may be declared 8-bit (RFC 6152).
    pub eight_bit_mime: bool,
    /// ENHANCEDSTATUSCODES: replies carry enhanced status codes (RFC 2034).
    pub enhanced_status_codes: bool,
    /// SMTPUTF8: addresses may be UTF-8 (RFC 6531).
    pub smtputf8: bool,
    /// STARTTLS: the connection can be secured (RFC 3207).
    pub starttls: bool,
    /// REQUIRETLS: the message can be marked for TLS on its whole way (RFC 8689).
    pub require_tls: bool,
    /// CHUNKING: content may be sent with BDAT (RFC 3030).
    pub chunking: bool,
    /// BINARYMIME: content need not consist of lines (RFC 3030).
    pub binary_mime: bool,
    /// DSN: delivery status notifications can be requested (RFC 3461).
    pub dsn: bool,
    /// DELIVERBY: messages can have a time limit (RFC 2852). The least one that the server accepts, in seconds, or zero if
    /// it names none.
    pub deliver_by: Option<u32>,
    /// AUTH: the mechanisms by which the client may authenticate (RFC 4954). `None` if AUTH is not offered. A set
    /// that is empty means that this crate knows none of the mechanisms.
    pub auth: Option<Mechanisms>,
    /// LIMITS: what the server limits on this connection (RFC 9422).
    pub limits: LimitsOffered,
}

/// The SIZE line of an EHLO reply (RFC 1870 section 4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[allow(clippy::exhaustive_enums, reason = "the grammar has these")]
pub enum SizeLimit {
    /// There is no SIZE line: a size must not be declared.
    #[default]
    NotOffered,
    /// SIZE has no value, zero, a value above `u64::MAX`, or one that is not a number.
    Unlimited,
    /// The largest message, in octets.
    Octets(u64),
}

impl Capabilities {
    /// The extensions that a reply to EHLO or LHLO offers; `None` if the reply code is not 2yz. Invalid lines are
    /// ignored.
    pub fn from_reply(reply: &Reply<'_>) -> Option<Self> {
        if reply.code().meaning() != Class::Success {
            return None;
        }
        let mut offered = Self::default();
        let mut rest = reply.after_first_line();
        while !rest.is_empty() {
            rest = offered.add_usual(rest).unwrap_or_else(|| {
                let (text, behind) = split_line(rest);
                offered.add_any(text);
                behind
            });
        }
        Some(offered)
    }

    /// The fast path for a usual line: a keyword in capitals, alone or with the usual parameters. Returns the octets after
    /// the line, without searching for its end.
    #[inline]
    fn add_usual<'a>(&mut self, line: &'a [u8]) -> Option<&'a [u8]> {
        let [_, _, _, _, text @ ..] = line else { return None };
        let [first, second, ..] = text else { return None };
        let (behind, offered) = match (first, second) {
            (b'P', _) => (text.strip_prefix(b"PIPELINING\r\n"), &mut self.pipelining),
            (b'8', _) => (text.strip_prefix(b"8BITMIME\r\n"), &mut self.eight_bit_mime),
            (b'E', b'N') => (text.strip_prefix(b"ENHANCEDSTATUSCODES\r\n"), &mut self.enhanced_status_codes),
            (b'S', b'M') => (text.strip_prefix(b"SMTPUTF8\r\n"), &mut self.smtputf8),
            (b'S', b'T') => (text.strip_prefix(b"STARTTLS\r\n"), &mut self.starttls),
            (b'C', _) => (text.strip_prefix(b"CHUNKING\r\n"), &mut self.chunking),
            (b'B', _) => (text.strip_prefix(b"BINARYMIME\r\n"), &mut self.binary_mime),
            (b'D', _) => (text.strip_prefix(b"DSN\r\n"), &mut self.dsn),
            (b'R', _) => (text.strip_prefix(b"REQUIRETLS\r\n"), &mut self.require_tls),
            (b'S', b'I') => return self.add_usual_size(text.strip_prefix(b"SIZE ")?),
            (b'A', _) => return self.add_usual_mechanisms(text.strip_prefix(b"AUTH ")?),
            // Many servers offer these, which are of no use to a client that delivers.
            (b'E', b'T') => return text.strip_prefix(b"ETRN\r\n"),
            (b'H', _) => return text.strip_prefix(b"HELP\r\n"),
            (b'V', _) => return text.strip_prefix(b"VRFY\r\n"),
            _ => return None,
        };
        let behind = behind?;
        *offered = true;
        Some(behind)
    }

    /// The same behind `SIZE`: a number.
    #[inline]
    fn add_usual_size<'a>(&mut self, number: &'a [u8]) -> Option<&'a [u8]> {
        let (octets, end) = decimal::parse_start(number)?;
        let behind = end.strip_prefix(b"\r\n")?;
        self.size = SizeLimit::of(Some(octets));
        Some(behind)
    }

    /// The same behind `AUTH`: no other mechanisms than most servers offer.
    #[inline]
    fn add_usual_mechanisms<'a>(&mut self, names: &'a [u8]) -> Option<&'a [u8]> {
        let (mechanisms, end) = Mechanisms::usual_at_start(names)?;
        let behind = end.strip_prefix(b"\r\n")?;
        self.add_mechanisms(mechanisms);
        Some(behind)
    }

    /// For old clients, some servers send a second line, `AUTH=...`.
    #[inline]
    fn add_mechanisms(&mut self, mechanisms: Mechanisms) {
        self.auth = Some(self.auth.unwrap_or_default().union(mechanisms));
    }

    /// Adds what any other line offers: the keyword may be in any case and have parameters.
    ///
    /// Not inlined, so that the fast path keeps its values in registers.
    #[inline(never)]
    fn add_any(&mut self, text: &[u8]) {
        let offers = |keyword: &[u8]| parameters(text, keyword).is_some();
        // Most lines are compared with one or two keywords, not with all of them.
        match text.first().map(u8::to_ascii_uppercase) {
            Some(b'S') => {
                if let Some(limit) = parameters(text, b"SIZE") {
                    self.size = SizeLimit::parse(limit);
                }
                self.smtputf8 |= offers(b"SMTPUTF8");
                self.starttls |= offers(b"STARTTLS");
            }
            Some(b'A') => {
                if let Some(names) = parameters(text, b"AUTH") {
                    self.add_mechanisms(Mechanisms::from_names(names));
                }
            }
            Some(b'D') => {
                if let Some(least) = parameters(text, b"DELIVERBY") {
                    self.deliver_by = Some(least_time(least));
                }
                self.dsn |= offers(b"DSN");
            }
            Some(b'L') => {
                if let Some(limits) = parameters(text, b"LIMITS") {
                    self.limits.add(limits);
                }
            }
            Some(b'8') => self.eight_bit_mime |= offers(b"8BITMIME"),
            Some(b'B') => self.binary_mime |= offers(b"BINARYMIME"),
            Some(b'C') => self.chunking |= offers(b"CHUNKING"),
            Some(b'E') => self.enhanced_status_codes |= offers(b"ENHANCEDSTATUSCODES"),
            Some(b'P') => self.pipelining |= offers(b"PIPELINING"),
            Some(b'R') => self.require_tls |= offers(b"REQUIRETLS"),
            Some(_) | None => {}
        }
    }
}

/// The parameters of the line, if `keyword` is its keyword.
#[inline]
fn parameters<'a>(text: &'a [u8], keyword: &[u8]) -> Option<&'a [u8]> {
    let (name, behind) = text.split_at_checked(keyword.len())?;
    match behind {
        [] | [b' ' | b'=', ..] if name.eq_ignore_ascii_case(keyword) => Some(behind.get(1..).unwrap_or_default()),
        _ => None,
    }
}

/// `min-by-time = *9DIGIT` (RFC 2852 section 2); zero if it is not valid.
fn least_time(parameters: &[u8]) -> u32 {
    let least = decimal::parse(without_blanks(parameters)).and_then(|least| u32::try_from(least).ok());
    least.filter(|least| *least <= 999_999_999).unwrap_or(0)
}

impl SizeLimit {
    fn parse(parameters: &[u8]) -> Self {
        Self::of(decimal::parse(without_blanks(parameters)))
    }

    const fn of(octets: Option<u64>) -> Self {
        match octets {
            None | Some(0) => Self::Unlimited,
            Some(octets) => Self::Octets(octets),
        }
    }
}

/// The parameters without the spaces and tabs around them.
fn without_blanks(parameters: &[u8]) -> &[u8] {
    let mut text = parameters;
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
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

    /// Everything after the keyword and its separator. It need not be valid.
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

/// The keywords of an EHLO reply, without invalid lines. The first line names the server and is never a keyword.
pub fn keywords<'a>(reply: &Reply<'a>) -> impl Iterator<Item = Keyword<'a>> + use<'a> {
    texts(reply).filter_map(|text| keyword(text).ok().map(|(_, keyword)| keyword))
}

/// The lines that can hold a keyword.
fn texts<'a>(reply: &Reply<'a>) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let mut lines = reply.lines();
    lines.next();
    lines
}

/// `ehlo-line = ehlo-keyword *( SP ehlo-param )`, `ehlo-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT /
/// "-")`. Old servers send `AUTH=LOGIN`.
fn keyword(text: &[u8]) -> IResult<&[u8], Keyword<'_>> {
    let name = verify(take_while1(|octet: u8| IN_KEYWORD.get(usize::from(octet)) == Some(&true)), |name: &[u8]| {
        !name.starts_with(b"-")
    });
    let parameters = alt((eof, preceded(one_of(" ="), rest)));
    (name, parameters).map(|(name, parameters)| Keyword { name, parameters }).parse(text)
}

/// `ALPHA / DIGIT / "-"`, by octet: a table takes a third of the time that comparisons take.
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
        let (_, reply) = Reply::parse(octets).unwrap().unwrap();
        Capabilities::from_reply(&reply).unwrap()
    }

    #[test]
    fn keywords_are_read_in_any_case_and_invalid_lines_are_ignored() {
        let lower = offered(
            b"250-pipelining greets you\r\n250-size 1000\r\n250-\r\n250-AUTH=LOGIN\r\n250-auth plain x-own\r\n250-?x\r\n250 8bitmime\r\n",
        );
        assert_eq!(
            lower,
            Capabilities {
                size: SizeLimit::Octets(1000),
                auth: Some(Mechanisms::from_names(b"LOGIN PLAIN X-OWN")),
                eight_bit_mime: true,
                ..Capabilities::default()
            }
        );
    }

    #[test]
    fn usual_lines_mean_the_same_as_in_small_letters() {
        for (line, expected) in [
            ("PIPELINING", Capabilities { pipelining: true, ..Capabilities::default() }),
            ("8BITMIME", Capabilities { eight_bit_mime: true, ..Capabilities::default() }),
            ("ENHANCEDSTATUSCODES", Capabilities { enhanced_status_codes: true, ..Capabilities::default() }),
            ("SMTPUTF8", Capabilities { smtputf8: true, ..Capabilities::default() }),
            ("STARTTLS", Capabilities { starttls: true, ..Capabilities::default() }),
            ("CHUNKING", Capabilities { chunking: true, ..Capabilities::default() }),
            ("BINARYMIME", Capabilities { binary_mime: true, ..Capabilities::default() }),
            ("DSN", Capabilities { dsn: true, ..Capabilities::default() }),
            ("REQUIRETLS", Capabilities { require_tls: true, ..Capabilities::default() }),
            ("SIZE", Capabilities { size: SizeLimit::Unlimited, ..Capabilities::default() }),
            ("SIZE 0", Capabilities { size: SizeLimit::Unlimited, ..Capabilities::default() }),
            ("SIZE 52428800", Capabilities { size: SizeLimit::Octets(52_428_800), ..Capabilities::default() }),
            ("SIZE 18446744073709551616", Capabilities { size: SizeLimit::Unlimited, ..Capabilities::default() }),
            ("AUTH", Capabilities { auth: Some(Mechanisms::NONE), ..Capabilities::default() }),
            ("AUTH LOGIN", Capabilities { auth: Some(Mechanisms::from_names(b"LOGIN")), ..Capabilities::default() }),
            (
                "AUTH PLAIN LOGIN",
                Capabilities { auth: Some(Mechanisms::from_names(b"PLAIN LOGIN")), ..Capabilities::default() },
            ),
            (
                "AUTH PLAIN X",
                Capabilities { auth: Some(Mechanisms::from_names(b"PLAIN X")), ..Capabilities::default() },
            ),
            ("AUTH LOGINX", Capabilities { auth: Some(Mechanisms::from_names(b"LOGINX")), ..Capabilities::default() }),
            ("ETRN", Capabilities::default()),
            ("HELP", Capabilities::default()),
            ("VRFY", Capabilities::default()),
            ("PIPELININGS", Capabilities::default()),
            ("S", Capabilities::default()),
            ("", Capabilities::default()),
        ] {
            let expected = Capabilities { dsn: true, ..expected };
            for line in [line, &line.to_ascii_lowercase()] {
                for end in ["\r\n", "\n"] {
                    let octets = alloc::format!("250-x\r\n250-{line}{end}250 DSN\r\n");
                    assert_eq!(offered(octets.as_bytes()), expected, "{octets:?}");
                }
            }
        }
    }

    #[test]
    fn a_least_time_that_is_missing_or_invalid_is_zero() {
        for (line, expected) in [
            ("DELIVERBY", Some(0)),
            ("deliverby 60", Some(60)),
            ("DELIVERBY x", Some(0)),
            ("DELIVERBY -1", Some(0)),
            ("DELIVERBY 999999999", Some(999_999_999)),
            ("DELIVERBY 1000000000", Some(0)),
            ("DELIVERBYS 60", None),
        ] {
            let octets = alloc::format!("250-x\r\n250 {line}\r\n");
            assert_eq!(offered(octets.as_bytes()).deliver_by, expected, "{line}");
        }
    }

    #[test]
    fn the_first_line_is_not_a_keyword() {
        assert_eq!(offered(b"250 PIPELINING\r\n"), Capabilities::default());
        assert_eq!(offered(b"250\r\n"), Capabilities::default());
    }

    #[test]
    fn a_size_that_is_missing_zero_or_invalid_is_not_a_limit() {
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

//! What a server may send: valid, invalid and unusual replies.

use std::borrow::Cow;

use arbitrary::{Arbitrary, Result, Unstructured};
use smtp_proto::Stage;

/// One reply, usually well-formed.
#[derive(Clone, Debug)]
pub(super) struct Said(pub(super) Vec<u8>);

/// Codes with a meaning for a client, and some without.
const CODES: [u16; 32] = [
    250, 220, 354, 421, 450, 451, 452, 500, 501, 502, 503, 550, 551, 552, 553, 554, 221, 251, 252, 211, 334, 299, 399,
    599, 235, 555, 535, 504, 534, 432, 454, 530,
];

impl<'a> Arbitrary<'a> for Said {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (code, form) = (u8::arbitrary(u)?, u8::arbitrary(u)?);
        if form == 255 {
            // Arbitrary octets.
            let len = usize::from(code & 0x3f).min(u.len());
            return Ok(Self(u.bytes(len)?.to_vec()));
        }
        let code = CODES[usize::from(code) % CODES.len()];
        Ok(Self(reply(code, form)))
    }
}

/// A reply with this code. `form` selects the number of lines, the text and the line end.
pub(super) fn reply(code: u16, form: u8) -> Vec<u8> {
    const TEXTS: [&[u8]; 4] = [b"", b" YQ==", b" 2.1.5 fine", b" PIPELINING"];
    let end: &[u8] = if form & 0x40 == 0 { b"\r\n" } else { b"\n" };
    let mut octets = Vec::with_capacity(64);
    let digits = [100, 10, 1].map(|place| b'0' + u8::try_from(code / place % 10).unwrap_or(0));
    for _ in 0..form & 3 {
        octets.extend_from_slice(&digits);
        octets.extend_from_slice(b"-line");
        octets.extend_from_slice(end);
        if form & 0x80 != 0 {
            octets.extend_from_slice(end);
        }
    }
    octets.extend_from_slice(&digits);
    octets.extend_from_slice(TEXTS[usize::from(form >> 2 & 3)]);
    octets.extend_from_slice(end);
    if form & 0x30 == 0x30 {
        // A last line with another code.
        octets.extend_from_slice(b"250 twice\r\n");
    }
    octets
}

/// The reply to EHLO.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offered {
    /// The offered keywords, one bit each.
    pub(super) keywords: u8,
    /// The form of the reply: line ends and case; and which more keywords are offered.
    pub(super) form: u8,
}

impl<'a> Arbitrary<'a> for Offered {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self { keywords: u8::arbitrary(u)?, form: u8::arbitrary(u)? })
    }
}

impl Offered {
    /// The octets of the reply, with code 250.
    pub(super) fn octets(self) -> Vec<u8> {
        const MECHANISMS: &str = "AUTH=PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256 SCRAM-SHA-256-PLUS XOAUTH2 X-OWN";
        const KEYWORDS: [&str; 8] =
            ["PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 999", "SIZE", "STARTTLS", "REQUIRETLS =x", MECHANISMS];
        let mut octets = Vec::with_capacity(192);
        let end: &[u8] = if self.form & 1 == 0 { b"\r\n" } else { b"\n" };
        octets.extend_from_slice(b"250-mx.example.net greets you");
        let mut last = 0;
        let more: &[&str] = match self.form & 0x9c {
            0x04 => &["LIMITS RCPTMAX=2"],
            0x08 => &["LIMITS RCPTMAX=1 MAILMAX=2"],
            0x0c => &["LIMITS MAILMAX=1 RCPTMAX=0"],
            0x10 => &["LIMITS RCPTDOMAINMAX=1"],
            0x14 => &["DSN"],
            0x18 => &["DELIVERBY 60"],
            0x1c => &["X-One"],
            0x80 => &["DSN", "DELIVERBY 60", "X-One"],
            0x84 => &["DSN", "LIMITS RCPTMAX=2"],
            0x88 => &["DSN", "X-One", "LIMITS RCPTMAX=1 MAILMAX=2"],
            0x8c => &["DSN", "LIMITS RCPTDOMAINMAX=1"],
            0x90 => &["DSN", "X-One"],
            0x94 => &["DSN", "DELIVERBY 60"],
            0x98 => &["DELIVERBY 60", "X-One"],
            0x9c => &["X-One", "LIMITS RCPTMAX=1"],
            _ => &[],
        };
        let chunking = [(0x20, "CHUNKING"), (0x40, "BINARYMIME")];
        let by_form = chunking.into_iter().filter(|(bit, _)| self.form & bit != 0).map(|(_, keyword)| keyword);
        let by_bit = KEYWORDS.into_iter().enumerate().filter(|(bit, _)| self.keywords >> bit & 1 == 1);
        for keyword in by_bit.map(|(_, keyword)| keyword).chain(more.iter().copied()).chain(by_form) {
            octets.extend_from_slice(end);
            last = octets.len();
            octets.extend_from_slice(b"250-");
            octets.extend_from_slice(keyword.as_bytes());
        }
        octets.extend_from_slice(end);
        octets[last + 3] = b' ';
        if self.form & 2 != 0 {
            octets.make_ascii_lowercase();
        }
        octets
    }
}

/// The reply of a server that accepts everything. `is_last`: it sends no other challenge.
pub(super) fn obliging(stage: Stage, offered: Offered, is_last: bool) -> Cow<'static, [u8]> {
    Cow::Borrowed(match stage {
        Stage::Greeting => b"220 mx.example.net\r\n",
        Stage::Ehlo | Stage::Lhlo => return offered.octets().into(),
        Stage::StartTls => b"220 go\r\n",
        Stage::Auth if is_last => b"235 welcome\r\n",
        Stage::Auth => b"334 YQ==\r\n",
        Stage::Data => b"354 go\r\n",
        Stage::Quit => b"221 bye\r\n",
        _ => b"250 ok\r\n",
    })
}

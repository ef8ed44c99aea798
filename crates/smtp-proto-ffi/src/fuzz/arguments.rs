//! Arguments that a fuzz input chooses.

use std::ptr;

use arbitrary::{Arbitrary, Result, Unstructured};

/// Octets as C passes them: a pointer, which may be NULL, and a length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Octets<'a> {
    octets: &'a [u8],
    is_null: bool,
}

/// What a valid text or reply often is.
const USUAL: [&str; 16] = [
    "alice@example.com",
    "client.example",
    "j\u{fc}rgen@example.net",
    "postmaster",
    "X-OWN",
    "250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-DSN\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n",
    "250 ok\r\n",
    "421 4.3.2 bye\r\n",
    "334 AAAA\r\n",
    "354 go\r\n",
    "220 go\r\n",
    "221 bye\r\n",
    "452 4.5.3 too many\r\n",
    "550 5.1.1 no\r\n",
    "rfc822",
    "a line\r\n.\r\n",
];

impl<'a> Arbitrary<'a> for Octets<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let choice = u8::arbitrary(u)?;
        let octets = match choice {
            0..=127 => USUAL[usize::from(choice % 16)].as_bytes(),
            128..=247 => <&[u8]>::arbitrary(u)?,
            248..=255 => &[],
        };
        Ok(Self { octets, is_null: choice >= 252 })
    }
}

impl<'a> Octets<'a> {
    pub(super) const fn new(octets: &'a [u8]) -> Self {
        Self { octets, is_null: false }
    }

    pub(super) fn start<T>(self) -> *const T {
        if self.is_null { ptr::null() } else { self.octets.as_ptr().cast() }
    }

    pub(super) const fn len(self) -> usize {
        self.octets.len()
    }

    pub(super) const fn get(self) -> &'a [u8] {
        self.octets
    }

    /// The text, as Rust passes it.
    pub(super) fn text(self) -> Option<&'a str> {
        std::str::from_utf8(self.octets).ok()
    }

    /// The octets, unless the pointer is NULL.
    pub(super) fn optional(self) -> Option<&'a [u8]> {
        (!self.is_null).then_some(self.octets)
    }
}

/// A number that is often small.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number(pub(super) u32);

impl<'a> Arbitrary<'a> for Number {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self(match u8::arbitrary(u)? {
            255 => u32::arbitrary(u)?,
            254 => u32::MAX,
            small => small.into(),
        }))
    }
}

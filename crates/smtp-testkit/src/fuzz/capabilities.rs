//! EHLO replies, read by the client and as plainly as they can be read.

use arbitrary::{Arbitrary, Result, Unstructured};
use smtp_proto::{Capabilities, Escaped, Mechanism, Reply, SizeLimit, keywords};

use crate::oracle::{self, Offers};

/// The lines of an EHLO reply.
#[derive(Clone, Debug)]
pub struct Input(Vec<u8>);

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        const WORDS: [&str; 24] = [
            "PIPELINING",
            "8BITMIME",
            "SMTPUTF8",
            "SIZE",
            "STARTTLS",
            "AUTH",
            "CHUNKING",
            "BINARYMIME",
            "DSN",
            "ENHANCEDSTATUSCODES",
            "pipelining",
            "Size",
            "X-NEW",
            " ",
            "=",
            "0",
            "1000",
            "18446744073709551616",
            "LOGIN",
            "\t",
            "-",
            "+5",
            "\r",
            "HELP",
        ];
        let mut octets = b"250-mx.example.net".to_vec();
        while !u.is_empty() {
            match u8::arbitrary(u)? {
                word @ 0..=191 => octets.extend_from_slice(WORDS[usize::from(word) % WORDS.len()].as_bytes()),
                192..=223 => octets.extend_from_slice(b"\r\n250-"),
                224..=239 => octets.extend_from_slice(b"\n250-"),
                _ => octets.push(u8::arbitrary(u)?),
            }
        }
        octets.extend_from_slice(b"\r\n250 HELP\r\n");
        Ok(Self(octets))
    }
}

/// Both readers find the same.
pub fn body(input: Input) {
    let Ok(Some((reply, _))) = Reply::parse(&input.0) else { return };
    let found = || keywords(&reply).map(|keyword| (keyword.name(), keyword.parameters()));
    let expected: Vec<_> = oracle::keywords(reply.octets()).collect();
    if !found().eq(expected.iter().copied()) {
        let found = found().map(|(name, value)| format!("{} {}\n", Escaped(name), Escaped(value)));
        let expected = expected.iter().map(|(name, value)| format!("{} {}\n", Escaped(name), Escaped(value)));
        let (found, expected) = (found.collect::<String>(), expected.collect::<String>());
        panic!("in {:?}\nare these keywords:\n{expected}found were:\n{found}", Escaped(reply.octets()));
    }
    let has = |name: &str| expected.iter().any(|(keyword, _)| keyword.eq_ignore_ascii_case(name.as_bytes()));
    let capabilities = Capabilities::from_reply(&reply);
    for (offered, name) in [
        (capabilities.pipelining, "PIPELINING"),
        (capabilities.eight_bit_mime, "8BITMIME"),
        (capabilities.enhanced_status_codes, "ENHANCEDSTATUSCODES"),
        (capabilities.smtputf8, "SMTPUTF8"),
        (capabilities.starttls, "STARTTLS"),
        (capabilities.chunking, "CHUNKING"),
        (capabilities.binary_mime, "BINARYMIME"),
        (capabilities.dsn, "DSN"),
        (capabilities.auth.is_some(), "AUTH"),
    ] {
        assert_eq!(offered, has(name), "{name} in {reply:?}");
    }
    for mechanism in Mechanism::ALL {
        let offered = capabilities.auth.is_some_and(|mechanisms| mechanisms.contains(mechanism));
        let named = |value: &[u8]| {
            value.split(|octet| *octet == b' ').any(|name| name.eq_ignore_ascii_case(mechanism.name().as_bytes()))
        };
        let expected = expected.iter().any(|(name, value)| name.eq_ignore_ascii_case(b"AUTH") && named(value));
        assert_eq!(offered, expected, "{mechanism:?} in {reply:?}");
    }
    let offers = Offers::read(reply.octets());
    let size = match (offers.size, offers.largest) {
        (false, _) => SizeLimit::NotOffered,
        (true, None) => SizeLimit::Unlimited,
        (true, Some(octets)) => SizeLimit::Octets(octets),
    };
    assert_eq!(capabilities.size, size, "SIZE in {reply:?}");
    assert_eq!(
        (offers.pipelining, offers.eight_bit_mime, offers.smtputf8),
        (capabilities.pipelining, capabilities.eight_bit_mime, capabilities.smtputf8)
    );
}

//! EHLO replies, read by the client and by the oracle's simple reader.

use arbitrary::{Arbitrary, Result, Unstructured};
use smtp_proto::{Capabilities, Escaped, Mechanism, Reply, SizeLimit, keywords};

use crate::oracle::{self, Offers};

/// Enough for every combination that matters.
const MOST_WORDS: usize = 96;

/// The lines of an EHLO reply.
#[derive(Clone, Debug)]
pub struct Input(Vec<u8>);

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        const WORDS: [&str; 26] = [
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
            "plain",
            "SCRAM-SHA-256",
            "\t",
            "-",
            "+5",
            "\r",
            "DELIVERBY",
        ];
        let mut octets = Vec::with_capacity(512);
        octets.extend_from_slice(b"250-");
        // Without this name, the first words that follow are the server's name.
        if u8::arbitrary(u)? < 128 {
            octets.extend_from_slice(b"mx.example.net");
        }
        for _ in 0..MOST_WORDS {
            if u.is_empty() {
                break;
            }
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

/// Checks that both readers find the same.
pub fn body(input: Input) {
    let Ok(Some((_, reply))) = Reply::parse(&input.0) else { return };
    let found = || keywords(&reply).map(|keyword| (keyword.name(), keyword.parameters()));
    let expected = || oracle::keywords(reply.octets());
    if !found().eq(expected()) {
        let found = found().map(|(name, value)| format!("{} {}\n", Escaped(name), Escaped(value)));
        let expected = expected().map(|(name, value)| format!("{} {}\n", Escaped(name), Escaped(value)));
        let (found, expected) = (found.collect::<String>(), expected.collect::<String>());
        panic!("in {:?}\nexpected keywords:\n{expected}found:\n{found}", Escaped(reply.octets()));
    }
    let Some(capabilities) = Capabilities::from_reply(&reply) else {
        assert!(reply.code().class() != 2, "a successful reply has capabilities");
        return;
    };
    let flags = [
        (capabilities.pipelining, "PIPELINING"),
        (capabilities.eight_bit_mime, "8BITMIME"),
        (capabilities.enhanced_status_codes, "ENHANCEDSTATUSCODES"),
        (capabilities.smtputf8, "SMTPUTF8"),
        (capabilities.starttls, "STARTTLS"),
        (capabilities.chunking, "CHUNKING"),
        (capabilities.binary_mime, "BINARYMIME"),
        (capabilities.dsn, "DSN"),
        (capabilities.auth.is_some(), "AUTH"),
    ];
    let mut offered = flags.map(|_| false);
    let mut mechanisms = vec![false; Mechanism::ALL.len()];
    for (keyword, value) in expected() {
        if let Some(at) = flags.iter().position(|(_, name)| keyword.eq_ignore_ascii_case(name.as_bytes())) {
            offered[at] = true;
        }
        if keyword.eq_ignore_ascii_case(b"AUTH") {
            for name in value.split(|octet| *octet == b' ') {
                let is_named = |mechanism: &Mechanism| mechanism.name().as_bytes().eq_ignore_ascii_case(name);
                Mechanism::ALL.iter().position(is_named).into_iter().for_each(|at| mechanisms[at] = true);
            }
        }
    }
    for ((found, name), offered) in flags.into_iter().zip(offered) {
        assert_eq!(found, offered, "{name} in {reply:?}");
    }
    for (mechanism, offered) in Mechanism::ALL.iter().copied().zip(mechanisms) {
        let found = capabilities.auth.is_some_and(|mechanisms| mechanisms.contains(mechanism));
        assert_eq!(found, offered, "{mechanism:?} in {reply:?}");
    }
    let offers = Offers::read(reply.octets());
    let size = match (offers.size, offers.largest) {
        (false, _) => SizeLimit::NotOffered,
        (true, None) => SizeLimit::Unlimited,
        (true, Some(octets)) => SizeLimit::Octets(octets),
    };
    assert_eq!(capabilities.size, size, "SIZE in {reply:?}");
    let least = capabilities.deliver_by.map(u64::from);
    assert_eq!(least, offers.deliver_by, "DELIVERBY in {reply:?}");
    let limits = capabilities.limits;
    let limits = [limits.transactions, limits.recipients, limits.recipient_domains];
    let limits = limits.map(|limit| limit.map(|limit| limit.get() as usize));
    assert_eq!(limits, [offers.mails_max, offers.recipients_max, offers.domains_max], "LIMITS in {reply:?}");
    assert_eq!(
        (offers.pipelining, offers.eight_bit_mime, offers.smtputf8),
        (capabilities.pipelining, capabilities.eight_bit_mime, capabilities.smtputf8)
    );
}

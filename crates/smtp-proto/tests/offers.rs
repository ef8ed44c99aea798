//! Parses the lines of an EHLO reply.

use smtp_proto::{Capabilities, Mechanisms, Reply, SizeLimit, keywords};

fn offered(line: &str) -> Capabilities {
    let octets = format!("250-mx.example\r\n250 {line}\r\n");
    let (_, reply) = Reply::parse(octets.as_bytes()).unwrap().unwrap();
    Capabilities::from_reply(&reply).unwrap()
}

#[test]
fn each_keyword_offers_its_extension_and_nothing_else() {
    type Offer = (&'static str, fn(&mut Capabilities));
    let offers: [Offer; 11] = [
        ("PIPELINING", |offered| offered.pipelining = true),
        ("SIZE", |offered| offered.size = SizeLimit::Unlimited),
        ("8BITMIME", |offered| offered.eight_bit_mime = true),
        ("ENHANCEDSTATUSCODES", |offered| offered.enhanced_status_codes = true),
        ("SMTPUTF8", |offered| offered.smtputf8 = true),
        ("STARTTLS", |offered| offered.starttls = true),
        ("CHUNKING", |offered| offered.chunking = true),
        ("BINARYMIME", |offered| offered.binary_mime = true),
        ("DSN", |offered| offered.dsn = true),
        ("DELIVERBY", |offered| offered.deliver_by = Some(0)),
        ("AUTH", |offered| offered.auth = Some(Mechanisms::NONE)),
    ];
    for (keyword, offer) in offers {
        let mut expected = Capabilities::default();
        offer(&mut expected);
        assert_eq!(offered(keyword), expected, "{keyword}");
        assert_eq!(offered(&keyword.to_lowercase()), expected, "{keyword}");
        // With one octet changed, missing or added, it is a different keyword.
        for at in 0..keyword.len() {
            let other = [&keyword[..at], "9", &keyword[at + 1..]].concat();
            assert_eq!(offered(&other), Capabilities::default(), "{other}");
        }
        for other in [&keyword[1..], &keyword[..keyword.len() - 1], &format!("{keyword}S"), &format!("-{keyword}")] {
            assert_eq!(offered(other), Capabilities::default(), "{other}");
        }
    }
}

#[test]
fn an_invalid_line_is_skipped_and_the_rest_is_read() {
    let octets =
        b"250-mx.example DSN\r\n\r\n250-SIZE 10 20\r\n250-\r\n250--DSN\r\n250-D_N\r\n250-x-1=a b\r\n\n250 DSN\r\n";
    let (taken, reply) = Reply::parse(octets).unwrap().unwrap();
    assert_eq!(taken, octets.len());
    let found: Vec<_> = keywords(&reply).map(|keyword| (keyword.name(), keyword.parameters())).collect();
    assert_eq!(found, [(&b"SIZE"[..], &b"10 20"[..]), (b"x-1", b"a b"), (b"DSN", b"")]);
}

#[test]
fn limits_are_read_from_every_line_that_has_them() {
    let limits = |line: &str| {
        let limits = offered(line).limits;
        [limits.transactions, limits.recipients, limits.recipient_domains]
            .map(|limit| limit.map(std::num::NonZeroU32::get))
    };
    assert_eq!(limits("LIMITS MAILMAX=3 RCPTMAX=100 RCPTDOMAINMAX=1"), [Some(3), Some(100), Some(1)]);
    assert_eq!(limits("limits=rcptmax=2 X=5"), [None, Some(2), None]);
    assert_eq!(limits("LIMITS"), [None; 3]);
    assert_eq!(limits("LIMITSX RCPTMAX=2"), [None; 3]);
}

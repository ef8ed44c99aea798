//! Parses the octets of an EHLO reply to typed capabilities.

use std::hint::black_box;

use io_smtp::{
    rfc1870::size::{SIZE, SmtpSizeCapability},
    rfc4954::capability::{AUTH, SmtpAuthCapability},
    rfc5321::SmtpEhloResponse,
};
use lettre::transport::smtp::extension as lettre_extension;
use smtp_codec::types::{AuthMechanism, Capability};
use smtp_proto::{Capabilities, Limits, Mechanism, Mechanisms, ReplyDecoder, SizeLimit};

use crate::{Instrument, inputs, instrument::Case};

/// `capabilities`: an EHLO reply of twelve lines.
pub fn twelve_lines(instrument: &mut impl Instrument) {
    let case = Case { group: "capabilities", case: "12 lines" };
    let octets = inputs::EHLO.as_bytes();
    check(octets);

    let mut decoder = ReplyDecoder::new(&Limits::DEFAULT);
    instrument.measure(case.by("ours"), || by_us(&mut decoder, black_box(octets)));
    instrument.measure(case.by("stalwart"), || by_stalwart(black_box(octets)));
    instrument.measure(case.by("lettre"), || by_lettre(black_box(inputs::EHLO)));
    instrument.measure(case.by("async-smtp"), || by_async_smtp(black_box(inputs::EHLO)));
    instrument.measure(case.by("io-smtp"), || by_io_smtp(black_box(octets)));
    instrument.measure(case.by("smtp-codec"), || by_smtp_codec(black_box(octets)));
}

/// Checks each peer for the capabilities that it has a type for.
fn check(octets: &[u8]) {
    let ours = by_us(&mut ReplyDecoder::new(&Limits::DEFAULT), octets);
    assert!(ours.pipelining && ours.eight_bit_mime && ours.enhanced_status_codes && ours.smtputf8);
    assert!(ours.starttls && ours.chunking && ours.binary_mime && ours.dsn);
    assert_eq!(ours.auth, Some(Mechanisms::NONE.with(Mechanism::Plain).with(Mechanism::Login)));
    let SizeLimit::Octets(size) = ours.size else { panic!("a limit was given") };

    let stalwart = by_stalwart(octets);
    let offered = stalwart::EXT_PIPELINING
        | stalwart::EXT_SIZE
        | stalwart::EXT_ETRN
        | stalwart::EXT_START_TLS
        | stalwart::EXT_AUTH
        | stalwart::EXT_ENHANCED_STATUS_CODES
        | stalwart::EXT_8BIT_MIME
        | stalwart::EXT_DSN
        | stalwart::EXT_SMTP_UTF8
        | stalwart::EXT_CHUNKING
        | stalwart::EXT_BINARY_MIME;
    assert_eq!((stalwart.capabilities, stalwart.size as u64), (offered, size));
    assert_eq!(stalwart.auth_mechanisms, stalwart::AUTH_PLAIN | stalwart::AUTH_LOGIN);

    let lettre = by_lettre(inputs::EHLO);
    assert!(lettre.supports_feature(lettre_extension::Extension::EightBitMime));
    assert!(lettre.supports_feature(lettre_extension::Extension::SmtpUtfEight));
    assert!(lettre.supports_feature(lettre_extension::Extension::StartTls));

    let async_smtp = by_async_smtp(inputs::EHLO);
    assert!(async_smtp.supports_feature(async_smtp::extension::Extension::Pipelining));
    assert!(async_smtp.supports_feature(async_smtp::extension::Extension::EightBitMime));
    assert!(async_smtp.supports_feature(async_smtp::extension::Extension::SmtpUtfEight));
    assert!(async_smtp.supports_feature(async_smtp::extension::Extension::StartTls));

    assert_eq!(by_io_smtp(octets), (true, size, true));

    let smtp_codec = by_smtp_codec(octets);
    for capability in [
        Capability::Pipelining,
        Capability::Size(u32::try_from(size).expect("a small limit")),
        Capability::StartTLS,
        Capability::Auth(vec![AuthMechanism::Plain, AuthMechanism::Login]),
        Capability::EnhancedStatusCodes,
        Capability::EightBitMIME,
        Capability::DSN,
        Capability::SMTPUTF8,
        Capability::Chunking,
        Capability::BinaryMIME,
    ] {
        assert!(smtp_codec.contains(&capability), "{capability:?}");
    }
}

fn by_us(decoder: &mut ReplyDecoder, octets: &[u8]) -> Capabilities {
    let (_, reply) = decoder.decode(octets);
    Capabilities::from_reply(&reply.expect("a reply").expect("a whole one")).expect("a successful reply to EHLO")
}

fn by_stalwart(octets: &[u8]) -> stalwart::EhloResponse<String> {
    stalwart::EhloResponse::parse(&mut octets.iter()).expect("a reply to EHLO")
}

fn by_lettre(reply: &str) -> lettre_extension::ServerInfo {
    let reply = reply.parse().expect("a reply");
    lettre_extension::ServerInfo::from_response(&reply).expect("a reply to EHLO")
}

fn by_async_smtp(reply: &str) -> async_smtp::extension::ServerInfo {
    let reply = reply.parse().expect("a reply");
    async_smtp::extension::ServerInfo::from_response(&reply).expect("a reply to EHLO")
}

/// io-smtp parses a capability only when it is asked for. This asks for the two with values and for one
/// without.
fn by_io_smtp(octets: &[u8]) -> (bool, u64, bool) {
    let reply = SmtpEhloResponse::parse(octets).expect("a reply to EHLO");
    let size = reply.get_capability(SIZE).and_then(|line| SmtpSizeCapability::parse(line).ok());
    let auth = reply.get_capability(AUTH).and_then(|line| SmtpAuthCapability::parse(line).ok());
    (
        reply.has_capability("PIPELINING"),
        size.expect("a size").0,
        auth.is_some_and(|mechanisms| mechanisms.has("PLAIN") && mechanisms.has("LOGIN")),
    )
}

fn by_smtp_codec(octets: &[u8]) -> Vec<Capability> {
    match smtp_codec::parse::response::ehlo_ok_rsp(octets).expect("a reply to EHLO").1 {
        smtp_codec::types::Response::Ehlo { capabilities, .. } => capabilities,
        other => panic!("not a reply to EHLO: {other:?}"),
    }
}

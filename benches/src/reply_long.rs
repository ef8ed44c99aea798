//! Replies in many pieces: shows whether the time is linear or quadratic in the number of octets.

use std::hint::black_box;

use io_smtp::{
    coroutine::{SmtpCoroutine, SmtpCoroutineState, SmtpYield},
    rfc5321::raw::SmtpRaw,
};
use smtp_proto::{Limits, ReplyDecoder};
use smtp_testkit::peers::Stream;
use stalwart::response::parser::ResponseReceiver;

use crate::{
    Instrument, inputs,
    instrument::Case,
    reply::Meaning,
    session::{
        peers,
        server::{Replay, Script},
    },
};

const GROUP: &str = "reply_long";
/// The payload of one packet.
const PACKET: usize = 1460;
/// Stalwart's crate limits the text to 4,096 octets, so its lines are short.
const SHORT: &str = "abc";
const USUAL: &str = "a line of text as long as most of them are";

/// `reply_long`: many lines in packets, and one long line in single octets.
///
/// smtp-codec has no incremental parser: its caller would have to buffer the octets and start over.
pub fn all(instrument: &mut impl Instrument) {
    lines(instrument, Case { group: GROUP, case: "100 lines" }, &inputs::long_reply(100, USUAL));
    lines(instrument, Case { group: GROUP, case: "1,000 lines" }, &inputs::long_reply(1000, USUAL));
    let case = Case { group: GROUP, case: "1,000 short lines" };
    let short = inputs::long_reply(1000, SHORT);
    by_stalwart(instrument, case, &short);
    lines(instrument, case, &short);
    octets(instrument, Case { group: GROUP, case: "64 KiB by octets" }, &inputs::long_reply(1, &"x".repeat(65_530)));
}

fn lines(instrument: &mut impl Instrument, case: Case, reply: &str) {
    by_us(instrument, case, reply, PACKET);
    by_async_smtp(instrument, case, reply, PACKET);
    by_io_smtp(instrument, case, reply, PACKET);
    by_lettre(instrument, case, reply, PACKET);
}

/// The others reject a line of this length.
fn octets(instrument: &mut impl Instrument, case: Case, reply: &str) {
    by_us(instrument, case, reply, 1);
    by_async_smtp(instrument, case, reply, 1);
    by_io_smtp(instrument, case, reply, 1);
}

fn by_us(instrument: &mut impl Instrument, case: Case, reply: &str, piece: usize) {
    let octets = reply.as_bytes();
    let mut decoder = ReplyDecoder::new(&Limits::DEFAULT.with_reply_line(128 * 1024).with_reply(128 * 1024));
    for piece in octets.chunks(piece) {
        if let Some(reply) = decoder.decode(piece).1.expect("a reply") {
            assert_eq!(Meaning::of_ours(&reply), meaning(octets));
        }
    }
    instrument.measure(case.by("ours"), || {
        let mut lines = 0;
        for piece in black_box(octets).chunks(piece) {
            if let Some(reply) = decoder.decode(piece).1.expect("a reply") {
                lines += reply.lines().map(|line| _ = black_box(line)).count();
            }
        }
        lines
    });
}

fn by_stalwart(instrument: &mut impl Instrument, case: Case, reply: &str) {
    let read = |octets: &[u8]| {
        let mut receiver = ResponseReceiver::default();
        octets.chunks(PACKET).find_map(|piece| receiver.parse(&mut piece.iter()).ok()).expect("a reply")
    };
    let octets = reply.as_bytes();
    assert_eq!(Meaning::of_stalwart(&read(octets)), meaning(octets));
    instrument.measure(case.by("stalwart"), || read(black_box(octets)));
}

fn by_lettre(instrument: &mut impl Instrument, case: Case, reply: &str, piece: usize) {
    let stream = Stream::new(Replay::new(Script::of_replies(reply, piece)));
    let mut client = peers::lettre(Box::new(stream), &peers::lettre_name());
    assert_eq!(Meaning::of_lettre(&client.read()), meaning(reply.as_bytes()));
    instrument.measure(case.by("lettre"), || client.read());
}

fn by_async_smtp(instrument: &mut impl Instrument, case: Case, reply: &str, piece: usize) {
    let stream = Stream::new(Replay::new(Script::of_replies(reply, piece)));
    let mut client = peers::async_smtp(stream);
    assert_eq!(Meaning::of_async_smtp(&client.read()), meaning(reply.as_bytes()));
    instrument.measure(case.by("async-smtp"), || client.read());
}

/// io-smtp's coroutine for arbitrary commands returns the reply as one text.
fn by_io_smtp(instrument: &mut impl Instrument, case: Case, reply: &str, piece: usize) {
    let read = |octets: &[u8]| {
        let mut command = SmtpRaw::new("HELP");
        command.resume(None);
        let mut pieces = octets.chunks(piece);
        let mut next = None;
        loop {
            match command.resume(next.take()) {
                SmtpCoroutineState::Yielded(SmtpYield::WantsRead) => next = pieces.next(),
                SmtpCoroutineState::Complete(reply) => return reply.expect("a reply"),
                SmtpCoroutineState::Yielded(other) => panic!("nothing is left to write: {other:?}"),
            }
        }
    };
    assert_eq!(read(reply.as_bytes()), reply);
    instrument.measure(case.by("io-smtp"), || read(black_box(reply.as_bytes())));
}

fn meaning(octets: &[u8]) -> Meaning {
    let (taken, reply) = smtp_proto::Reply::parse(octets).expect("a reply").expect("a whole one");
    assert_eq!(taken, octets.len());
    Meaning::of_ours(&reply)
}

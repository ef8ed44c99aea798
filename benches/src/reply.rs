//! Parses replies of one line and of twelve lines.

use std::hint::black_box;

use io_smtp::rfc5321::SmtpResponse;
use smtp_proto::{Limits, Reply, ReplyDecoder};
use smtp_testkit::peers::{AsyncSmtpReply, LettreReply};
use stalwart::response::parser::ResponseReceiver;

use crate::{Instrument, inputs, instrument::Case};

/// The contents of a reply, for comparison between parsers.
#[derive(PartialEq, Eq, Debug)]
pub struct Meaning {
    /// The three digits.
    pub code: u16,
    /// The text of each line.
    pub lines: Vec<String>,
}

impl Meaning {
    /// From our reply.
    pub fn of_ours(reply: &Reply<'_>) -> Self {
        let lines = reply.lines().map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        Self { code: reply.code().get(), lines }
    }

    /// From a reply of Stalwart's crate, which joins the lines and removes an enhanced status code from the
    /// text.
    pub fn of_stalwart(reply: &stalwart::Response<String>) -> Self {
        let [class, subject, detail] = reply.esc;
        let enhanced = if class > 0 { format!("{class}.{subject}.{detail} ") } else { String::new() };
        let text = format!("{enhanced}{}", reply.message);
        Self { code: reply.code, lines: text.split('\n').map(str::to_owned).collect() }
    }

    /// From lettre's reply.
    pub fn of_lettre(reply: &LettreReply) -> Self {
        Self { code: reply.code().into(), lines: reply.message().map(str::to_owned).collect() }
    }

    /// From async-smtp's reply.
    pub fn of_async_smtp(reply: &AsyncSmtpReply) -> Self {
        Self { code: reply.code.to_string().parse().expect("three digits"), lines: reply.message.clone() }
    }

    /// From io-smtp's reply.
    pub fn of_io_smtp(reply: &SmtpResponse<'_>) -> Self {
        let lines = reply.lines.as_ref().iter().map(|line| line.as_ref().to_owned()).collect();
        Self { code: reply.code.code(), lines }
    }
}

/// `reply_single`.
pub fn single(instrument: &mut impl Instrument) {
    group(instrument, "reply_single", inputs::SINGLE);
    enhanced(instrument, inputs::SINGLE);
}

/// `reply_ehlo`: twelve lines, without parsing the keywords.
pub fn ehlo(instrument: &mut impl Instrument) {
    group(instrument, "reply_ehlo", inputs::EHLO);
}

fn decoder() -> ReplyDecoder {
    ReplyDecoder::new(&Limits::DEFAULT)
}

fn group(instrument: &mut impl Instrument, group: &'static str, reply: &str) {
    text(instrument, Case { group, case: "text" }, reply);
    recognised(instrument, Case { group, case: "recognised" }, reply);
}

/// The code and the text of each line.
fn text(instrument: &mut impl Instrument, case: Case, reply: &str) {
    let octets = reply.as_bytes();
    let (_, parsed) = Reply::parse(octets).expect("a reply").expect("a whole one");
    let meaning = Meaning::of_ours(&parsed);
    assert_eq!(meaning, Meaning::of_stalwart(&by_stalwart(octets)));
    assert_eq!(meaning, Meaning::of_lettre(&by_lettre(reply)));
    assert_eq!(meaning, Meaning::of_async_smtp(&by_async_smtp(reply)));
    assert_eq!(meaning, Meaning::of_io_smtp(&by_io_smtp(octets)));

    let mut decoder = decoder();
    // The others have already split the lines, so this iterates over ours.
    instrument.measure(case.by("ours"), || {
        let (_, reply) = decoder.decode(black_box(octets));
        let reply = reply.expect("a reply").expect("a whole one");
        reply.lines().for_each(|line| _ = black_box(line));
        reply.code()
    });
    instrument.measure(case.by("stalwart"), || by_stalwart(black_box(octets)));
    instrument.measure(case.by("lettre"), || by_lettre(black_box(reply)));
    instrument.measure(case.by("async-smtp"), || by_async_smtp(black_box(reply)));
    instrument.measure(case.by("io-smtp"), || black_box(by_io_smtp(black_box(octets))).code);
}

/// Finds only the end of the reply, which is all that smtp-codec does.
fn recognised(instrument: &mut impl Instrument, case: Case, reply: &str) {
    let octets = reply.as_bytes();
    assert_eq!(by_smtp_codec(octets), octets);
    let mut decoder = decoder();
    assert_eq!(decoder.decode(octets).0, octets.len());

    instrument.measure(case.by("ours"), || decoder.decode(black_box(octets)).1.is_ok());
    instrument.measure(case.by("smtp-codec"), || by_smtp_codec(black_box(octets)).len());
}

/// The enhanced status code and the text. Among the peers, only Stalwart's crate parses the code.
fn enhanced(instrument: &mut impl Instrument, reply: &str) {
    let case = Case { group: "reply_single", case: "enhanced" };
    let octets = reply.as_bytes();
    let (_, parsed) = Reply::parse(octets).expect("a reply").expect("a whole one");
    let code = parsed.enhanced().expect("an enhanced status code");
    assert_eq!([code.class(), code.subject(), code.detail()], by_stalwart(octets).esc.map(u16::from));

    let mut decoder = decoder();
    instrument.measure(case.by("ours"), || {
        let (_, reply) = decoder.decode(black_box(octets));
        let reply = reply.expect("a reply").expect("a whole one");
        reply.lines().for_each(|line| _ = black_box(line));
        (reply.code(), reply.enhanced())
    });
    instrument.measure(case.by("stalwart"), || by_stalwart(black_box(octets)));
}

fn by_stalwart(octets: &[u8]) -> stalwart::Response<String> {
    ResponseReceiver::default().parse(&mut octets.iter()).expect("a reply")
}

fn by_lettre(reply: &str) -> LettreReply {
    reply.parse().expect("a reply")
}

fn by_async_smtp(reply: &str) -> AsyncSmtpReply {
    reply.parse().expect("a reply")
}

fn by_io_smtp(octets: &[u8]) -> SmtpResponse<'_> {
    SmtpResponse::parse(octets).expect("a reply")
}

fn by_smtp_codec(octets: &[u8]) -> &[u8] {
    smtp_codec::parse::response::Reply_line(octets).expect("a reply").1
}

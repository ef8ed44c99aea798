//! Encodes content for the wire: doubles dots and adds the end of data.
//!
//! The output is not copied any further: if a client writes to a stream, the stream drops the octets.

use std::hint::black_box;

use io_smtp::{
    coroutine::{SmtpCoroutine, SmtpCoroutineState, SmtpYield},
    rfc5321::data::SmtpData,
};
use memchr::memchr_iter;
use smtp_proto::{Body, ContentEncoder, LineEndings};
use smtp_testkit::peers::{Stream, with_clock};

use crate::{
    Instrument, inputs,
    instrument::Case,
    session::{
        io_smtp::{IoSmtp, for_io_smtp},
        peers::{self, for_async_smtp, for_lettre, for_mail_send},
        server::{Replay, Script, Server},
    },
};

const GROUP: &str = "dot_stuff";
/// A typical size of reads from a file.
const PIECE: usize = 16 * 1024;
/// Like the peers' encoders, which only look for dots.
const BODY: Body = Body::EightBit;

/// `dot_stuff`: 4 MiB without dots, with a dot at the start of one line in 20, and of every line. Whole, and
/// in pieces of 16 KiB.
pub fn all(instrument: &mut impl Instrument) {
    for (dots_in, whole_case, pieces_case) in [
        (0, "no dots, whole", "no dots, pieces"),
        (20, "1 line in 20, whole", "1 line in 20, pieces"),
        (1, "every line, whole", "every line, pieces"),
    ] {
        let content: &'static [u8] = inputs::content(dots_in).leak();
        let checked = with_clock(|| Checked::by(content));
        with_clock(|| whole(instrument, Case { group: GROUP, case: whole_case }, content, &checked));
        pieces(instrument, Case { group: GROUP, case: pieces_case }, content, &checked);
        if dots_in == 0 {
            seven_bit(instrument, Case { group: GROUP, case: "no dots, pieces, 7-bit" }, content);
        }
    }
}

/// The server's replies to each client, recorded while the client was checked.
struct Checked {
    mail_send: &'static Script,
    lettre: &'static Script,
    async_smtp: &'static Script,
    recipients: &'static [String],
}

impl Checked {
    fn by(content: &'static [u8]) -> Self {
        let recipients: &'static [String] = inputs::recipients(1).leak();
        let mut wire = Vec::new();
        encode(content, BODY, PIECE, &mut wire, |_| {});
        let mut all_at_once = Vec::new();
        encode(content, BODY, content.len(), &mut all_at_once, |_| {});
        assert!(wire == all_at_once);
        let check = |server: &Server| {
            // Only the second message is measured.
            assert!(server.conversation().content == [&wire[..], &wire[..]].concat());
            server.script()
        };

        let server = Server::default();
        let mut client = peers::mail_send(Stream::new(server.clone()));
        peers::send(&mut client, for_mail_send(recipients, content));
        server.mark();
        peers::send(&mut client, for_mail_send(recipients, content));
        let mail_send = check(&server);

        let server = Server::default();
        let mut client = peers::lettre(Box::new(Stream::new(server.clone())), &peers::lettre_name());
        peers::send(&mut client, (for_lettre(recipients), content));
        server.mark();
        peers::send(&mut client, (for_lettre(recipients), content));
        let lettre = check(&server);

        let server = Server::default();
        let mut client = peers::async_smtp(Stream::new(server.clone()));
        peers::send(&mut client, for_async_smtp(recipients, content));
        server.mark();
        peers::send(&mut client, for_async_smtp(recipients, content));
        let async_smtp = check(&server);

        let server = Server::default();
        let mut client = IoSmtp::hello(server.clone());
        peers::send(&mut client, for_io_smtp(recipients, content));
        peers::send(&mut client, for_io_smtp(recipients, content));
        check(&server);

        Self { mail_send, lettre, async_smtp, recipients }
    }
}

fn whole(instrument: &mut impl Instrument, case: Case, content: &'static [u8], checked: &Checked) {
    let mut out = Vec::new();
    instrument.measure(case.by("ours"), || {
        out.clear();
        encode(black_box(content), BODY, content.len(), &mut out, |_| {});
        black_box(out.as_slice()).len()
    });
    limits(instrument, case, content, content.len());

    let mut client = peers::mail_send(Stream::new(Replay::new(checked.mail_send)));
    instrument.measure(case.by("mail-send"), || client.content(black_box(content)));

    // lettre's encoder is private, so this also reads a reply.
    let mut client = peers::lettre(Box::new(Stream::new(Replay::new(checked.lettre))), &peers::lettre_name());
    instrument.measure(case.by("lettre"), || client.content(std::iter::once(black_box(content))));

    instrument.measure_with(
        case.by("io-smtp"),
        || {
            let mut data = SmtpData::new(content.to_vec());
            data.resume(None);
            data.resume(None);
            data
        },
        |mut data| match data.resume(Some(b"354 Go on\r\n")) {
            SmtpCoroutineState::Yielded(SmtpYield::WantsWrite(octets)) => octets,
            other => panic!("expected to write content: {other:?}"),
        },
    );

    // This includes the commands before the content: a few hundred octets compared with 4 MiB.
    let mut client = peers::async_smtp(Stream::new(Replay::new(checked.async_smtp)));
    peers::send(&mut client, for_async_smtp(checked.recipients, content));
    let message = || for_async_smtp(checked.recipients, content);
    instrument.measure_with(case.by("async-smtp"), message, |message| peers::send(&mut client, message));
}

/// Among the peers, only lettre accepts content in pieces.
fn pieces(instrument: &mut impl Instrument, case: Case, content: &'static [u8], checked: &Checked) {
    let mut out = Vec::new();
    instrument.measure(case.by("ours"), || encode(black_box(content), BODY, PIECE, &mut out, take));
    limits(instrument, case, content, PIECE);
    let mut client = peers::lettre(Box::new(Stream::new(Replay::new(checked.lettre))), &peers::lettre_name());
    instrument.measure(case.by("lettre"), || client.content(black_box(content).chunks(PIECE)));
}

/// The default of a delivery, which also looks for 8-bit octets.
fn seven_bit(instrument: &mut impl Instrument, case: Case, content: &'static [u8]) {
    let mut out = Vec::new();
    instrument.measure(case.by("ours"), || encode(black_box(content), Body::SevenBit, PIECE, &mut out, take));
    limits(instrument, case, content, PIECE);
}

fn limits(instrument: &mut impl Instrument, case: Case, content: &[u8], piece: usize) {
    let mut out = Vec::new();
    instrument.measure(case.by("memcpy"), || {
        for piece in black_box(content).chunks(piece) {
            out.clear();
            out.extend_from_slice(piece);
            black_box(out.as_slice());
        }
    });
    instrument.measure(case.by("memchr"), || {
        for piece in black_box(content).chunks(piece) {
            memchr_iter(b'\n', piece).for_each(|at| _ = black_box(at));
        }
    });
}

/// Consumes the output.
fn take(out: &mut Vec<u8>) {
    black_box(out.as_slice());
    out.clear();
}

fn encode(content: &[u8], body: Body, piece: usize, out: &mut Vec<u8>, mut written: impl FnMut(&mut Vec<u8>)) {
    let mut encoder = ContentEncoder::new(LineEndings::Mend, body);
    for piece in content.chunks(piece) {
        encoder.encode(piece, out).expect("lines of ASCII");
        written(out);
    }
    encoder.finish(out).expect("lines of ASCII");
    written(out);
}

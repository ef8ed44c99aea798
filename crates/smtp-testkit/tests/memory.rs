//! The memory that the machines need. Use `-- --nocapture` to print the number of octets with small limits.

use std::{
    alloc::System,
    fs,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use smtp_proto::{
    Body, Chunking, Command, Config, ContentEncoder, Delivery, Envelope, ForwardPath, HelloName, Limits, LineEndings,
    MailParameters, Outcome, RcptParameters, ReversePath, Session, Stage, Step,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What is allocated counts for all threads: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Octets that were allocated since and are held.
fn held(since: &Region<'_, System>) -> usize {
    let change = since.change();
    change.bytes_allocated.saturating_sub(change.bytes_deallocated)
}

#[test]
fn content_does_not_pile_up_in_a_delivery_when_the_driver_makes_partial_writes() {
    let _alone = alone();
    let mut config = Config::new(HelloName::new("client.example").unwrap());
    config = config.clone().with_limits(config.limits().with_block(4096));
    let envelope = Envelope::new(ReversePath::Null, vec![ForwardPath::Postmaster]).unwrap();
    let mut delivery = Delivery::new(config, envelope);
    delivery.connected().unwrap();
    for reply in ["220 mx\r\n", "250 mx\r\n", "250 ok\r\n", "250 ok\r\n", "354 go on\r\n"] {
        if let Step::Transmit(transmit) = delivery.poll() {
            let all = transmit.octets().len();
            delivery.sent(all).unwrap();
        }
        delivery.received(reply.as_bytes()).unwrap();
    }
    let before = Region::new(ALLOCATOR);
    let line = "0123456789\r\n".repeat(400);
    let mut given = 0;
    while given < 1 << 20 {
        match delivery.poll() {
            Step::Content(room) => {
                let piece = &line.as_bytes()[..room.min(line.len())];
                delivery.content(piece).unwrap();
                given += piece.len();
            }
            Step::Transmit(transmit) => {
                let half = transmit.octets().len().div_ceil(2);
                delivery.sent(half).unwrap();
            }
            other => panic!("expected to give or write content: {other:?}"),
        }
        let held = held(&before);
        assert!(held < 32_768, "{held} octets are held after {given} octets of content");
    }
}

#[test]
fn content_does_not_pile_up_in_a_session_whose_output_never_becomes_empty() {
    let _alone = alone();
    let mut session = Session::new(Limits::DEFAULT);
    let name = HelloName::new("client.example").unwrap();
    session.received(b"220 mx\r\n");
    for (command, reply) in [
        (Command::Ehlo(&name), "250 mx\r\n"),
        (Command::Mail(&ReversePath::Null, &MailParameters::new()), "250 ok\r\n"),
        (Command::Rcpt(&ForwardPath::Postmaster, RcptParameters::NONE), "250 ok\r\n"),
        (Command::Data, "354 go on\r\n"),
    ] {
        session.command(&command).unwrap();
        session.sent(session.output().len()).unwrap();
        session.received(reply.as_bytes());
    }
    session.begin_content(ContentEncoder::new(LineEndings::Mend, Body::SevenBit)).unwrap();
    let before = Region::new(ALLOCATOR);
    let line = "0123456789\r\n".repeat(400);
    for given in 0..256 {
        session.content(line.as_bytes()).unwrap();
        session.sent(session.output().len().min(line.len() + 1) - 1).unwrap();
        let held = held(&before);
        assert!(held < 32_768, "{held} octets are held after {given} pieces of content");
    }
}

/// What the documentation of [`Limits::SMALL`] says, in octets: if replies arrive whole, and if they arrive in pieces.
const SMALL: [(Chunking, usize, usize); 2] = [(Chunking::Never, 1536, 2048), (Chunking::Auto, 2560, 3072)];

#[test]
fn with_small_limits_a_delivery_stays_within_the_documented_memory_for_the_replies_of_known_servers() {
    let _alone = alone();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/replies");
    let replies = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let ehlos = replies.filter(|path| path.to_str().is_some_and(|path| path.ends_with("-ehlo.reply")));
    let ehlos: Vec<_> = ehlos.map(|path| fs::read(path).unwrap()).collect();
    assert!(ehlos.iter().any(|ehlo| ehlo.len() > 300), "a long one is among them");
    for (chunking, if_whole, if_in_pieces) in SMALL {
        for (piece, documented) in [(usize::MAX, if_whole), (64, if_in_pieces), (1, if_in_pieces)] {
            let most = ehlos.iter().map(|ehlo| most_held(chunking, ehlo, piece)).max().unwrap();
            println!("{chunking:?}, replies in pieces of {piece}: at most {most} octets");
            assert!(most < documented, "{chunking:?}, {piece}: {most} octets");
        }
    }
}

/// How much memory a delivery with small limits holds at most. The replies arrive in pieces of this size.
fn most_held(chunking: Chunking, ehlo: &[u8], piece: usize) -> usize {
    let content = "0123456789\r\n".repeat(100);
    let before = Region::new(ALLOCATOR);
    let config = Config::new(HelloName::new("client.example.com").unwrap());
    let to = ["alice@example.com", "bob@example.net", "carol@example.org"].map(|to| to.parse().unwrap()).to_vec();
    let envelope = Envelope::new("sender@example.com".parse().unwrap(), to).unwrap();
    let mut delivery = Delivery::new(config.with_limits(Limits::SMALL).with_chunking(chunking), envelope);
    let mut content = content.as_bytes();
    let mut most = 0;
    loop {
        match delivery.poll() {
            Step::Connect(_) => delivery.connected().unwrap(),
            Step::Transmit(transmit) => {
                let len = transmit.octets().len().min(100);
                delivery.sent(len).unwrap();
            }
            Step::Content(_) if content.is_empty() => delivery.end_content().unwrap(),
            Step::Content(room) => {
                let (now, later) = content.split_at(room.min(content.len()));
                delivery.content(now).unwrap();
                content = later;
            }
            Step::Receive(_) => {
                let reply = match delivery.report().attempts().last().unwrap().stage() {
                    Stage::Greeting => b"220 mx.example.net ESMTP ready at Fri, 27 Nov 2026 12:00:00 +0000\r\n",
                    Stage::Ehlo => ehlo,
                    Stage::Data => b"354 End data with <CR><LF>.<CR><LF>\r\n",
                    Stage::Quit => b"221 2.0.0 mx.example.net closing connection\r\n",
                    _ => &b"250 2.0.0 OK, 1764244800 a640c23a62f3a-b7355dc3a42si123456866b.42 - smtp\r\n"[..],
                };
                for piece in reply.chunks(piece) {
                    delivery.received(piece).unwrap();
                    most = most.max(held(&before));
                }
            }
            Step::Done(report) => {
                assert_eq!(report.outcome(), Some(Outcome::Delivered), "{report}");
                return most;
            }
            other => panic!("not expected: {other:?}"),
        }
        most = most.max(held(&before));
    }
}

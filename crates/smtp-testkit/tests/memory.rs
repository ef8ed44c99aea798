//! Neither machine holds more than a block or two of the content, however the driver writes.

use std::{
    alloc::System,
    sync::{Mutex, MutexGuard, PoisonError},
};

use smtp_proto::{
    Body, Command, Config, ContentEncoder, Delivery, Envelope, ForwardPath, HelloName, Limits, LineEndings,
    MailParameters, RcptParameters, ReversePath, Session, Step,
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

//! A delivery never holds more than a block or two of the content, however the driver writes.

use std::alloc::System;

use smtp_proto::{Config, Delivery, Envelope, ForwardPath, HelloName, ReversePath, Step};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn content_does_not_pile_up_when_the_driver_makes_partial_writes() {
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
        let change = before.change();
        let held = change.bytes_allocated.saturating_sub(change.bytes_deallocated);
        assert!(held < 32_768, "{held} octets are held after {given} octets of content");
    }
}

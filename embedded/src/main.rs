//! A delivery without std, on a static heap and a static stack. Prints how much memory it needed.
//!
//! smtp-embedded [OCTETS]     OCTETS: the size of the heap, if it is to be smaller
#![no_std]
#![no_main]

extern crate alloc;

mod heap;
mod host;
mod message;
mod network;
mod server;
mod stack;
mod transcript;

use core::ffi::{c_char, c_int};

use host::say;
use smtp_proto::Delivery;
use transcript::{EHLO_CLOSED, FIRST_REFUSED, GROUP};

/// The state machine must need less heap than this, in octets.
const MACHINE: usize = 1200;

#[unsafe(no_mangle)]
#[allow(unsafe_code, reason = "the C library calls it by its name")]
extern "C" fn main(count: c_int, arguments: *const *const c_char) -> c_int {
    let size = host::argument(count, arguments).unwrap_or(heap::SIZE);
    heap::start(size);
    say!("a heap of {size} octets");
    say!("on the stack: a Delivery of {} octets; {} of smoltcp", size_of::<Delivery>(), network::ON_THE_STACK);
    say!("");
    say!("{:<28}{:>8}{:>10}{:>10}{:>8}", "octets at most", "heap", "machine's", "smoltcp's", "stack");
    let mut most = 0;
    for (name, work) in [
        (GROUP.name, (|| GROUP.play()) as fn()),
        (EHLO_CLOSED.name, || EHLO_CLOSED.play()),
        (FIRST_REFUSED.name, || FIRST_REFUSED.play()),
        ("ehlo-closed over smoltcp", network::deliver),
    ] {
        heap::take_peak();
        let ((), stack) = stack::measure(work);
        let peak = heap::take_peak();
        most = most.max(peak.machine);
        say!("{name:<28}{:>8}{:>10}{:>10}{stack:>8}", peak.total(), peak.machine, peak.network);
    }
    assert!(most < MACHINE, "the state machine needed {most} octets of heap, not less than {MACHINE}");
    0
}

//! The memory that a session needs. Use `-- --nocapture` to print the numbers of octets.

use std::{alloc::System, hint::black_box};

use smtp_benches::session;
use smtp_proto::{Delivery, Session};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn an_idle_session_and_its_buffers_are_small() {
    let before = Region::new(ALLOCATOR);
    let idle = session::idle();
    let change = before.change();
    let heap = change.bytes_allocated - change.bytes_deallocated;
    drop(black_box(idle));
    let (session, delivery) = (size_of::<Session>(), size_of::<Delivery>());
    println!("Session: {session} octets, and {heap} in buffers when idle; Delivery: {delivery} octets");
    assert!(session <= 328, "Session has {session} octets");
    assert!(delivery <= 712, "Delivery has {delivery} octets");
    assert!(session + heap <= 2048, "an idle Session has {session} octets and {heap} in buffers");
}

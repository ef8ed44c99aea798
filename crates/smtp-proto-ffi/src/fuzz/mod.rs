//! The body of the fuzz target: any calls with any arguments, in any order. Each call to a delivery is compared with the
//! same call in Rust.

#![allow(clippy::missing_panics_doc, reason = "a body panics where something does not hold: that is its only output")]
#![allow(clippy::needless_pass_by_value, reason = "`fuzz_target!` passes each input by value")]

mod arguments;
mod building;
mod driving;
mod reading;
mod world;

use arbitrary::Arbitrary;

use building::Build;
use driving::Drive;
use reading::Read;
use world::World;

/// Calls, in order.
#[derive(Arbitrary, Debug)]
pub struct Input<'a> {
    calls: Vec<Call<'a>>,
}

/// A call, or several that belong together.
#[derive(Arbitrary, Debug)]
enum Call<'a> {
    /// Up to 16 times what the delivery wants.
    Oblige(u8),
    /// Twice as likely as the others.
    Drive(Drive<'a>),
    DriveAgain(Drive<'a>),
    Build(Build<'a>),
    Read(Read),
}

/// Makes the calls.
pub fn body(input: Input<'_>) {
    let mut world = World::new();
    for call in input.calls {
        match call {
            Call::Oblige(times) => (0..=times % 16).for_each(|_| world.oblige()),
            Call::Drive(call) | Call::DriveAgain(call) => call.make(&mut world),
            Call::Build(call) => call.make(&mut world),
            Call::Read(call) => call.make(&mut world),
        }
        world.check();
    }
}

//! An arbitrary server over several connections, and an arbitrary driver.

use arbitrary::Arbitrary;

use crate::fuzz::{
    driver::Driver,
    moves::{Moves, play},
    server::Offered,
    values::{Addressed, Octets, Pieces, Policy},
};

/// A run: what is delivered, and all events.
#[derive(Clone, Debug, Arbitrary)]
pub struct Input<'a> {
    policy: Policy,
    envelope: Addressed,
    content: Octets,
    pieces: Pieces,
    offered: Offered,
    moves: Moves<'a>,
}

/// Runs the input and continues to the end, under the oracle.
pub fn body(input: Input<'_>) {
    let Input { policy, envelope, content, pieces, offered, moves } = input;
    let mut driver = Driver::new(policy.0, envelope.0, content.0, pieces, offered);
    play(&mut driver, &moves);
    driver.finish();
}

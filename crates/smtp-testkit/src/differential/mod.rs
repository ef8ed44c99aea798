//! Compares our client with the peers: the same server for both, the same replies for both, and lists of
//! the permitted differences.

#![allow(clippy::missing_panics_doc, reason = "a comparison panics where it fails: that is its only output")]

mod permitted;
mod reading;
mod replies;
mod run;
mod script;
mod server;

pub use permitted::{Compared, Difference, PERMITTED, check, covering};
pub use replies::{MISREADINGS, Misread, Parser, check_replies, misreading};
pub use run::{Outcome, Peer, Run, ours, theirs};
pub use script::{Answer, Form, Offers, Script, Turn};

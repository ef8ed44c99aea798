//! One file for each target, with its `Input` and a `body` that panics if the input breaks a promise.

pub mod capabilities;
pub mod command;
pub mod content;
#[cfg(feature = "peers")]
pub mod differential;
pub mod ehlo_disconnect;
pub mod reply;
pub mod sasl;
pub mod session;

//! A file for each target: its `Input`, and the `body` that panics if the input breaks a promise.

pub mod capabilities;
pub mod command;
pub mod content;
#[cfg(feature = "peers")]
pub mod differential;
pub mod ehlo_disconnect;
pub mod reply;
pub mod session;

//! The oracle, and the scripted servers and clients shared by tests, fuzz targets and benches.

#![forbid(unsafe_code)]

pub mod conformance;
mod conversation;
#[cfg(feature = "peers")]
pub mod differential;
pub mod explore;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod machine;
pub mod oracle;
#[cfg(feature = "peers")]
pub mod peers;
pub mod player;
pub mod sasl;
pub mod server;
pub mod transcript;
mod watched;

pub use machine::Machine;
pub use watched::Watched;

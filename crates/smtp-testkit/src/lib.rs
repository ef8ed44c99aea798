//! The oracle, and the scripted peers that tests, fuzz targets and benches share.

mod conversation;
pub mod explore;
pub mod fuzz;
pub mod oracle;
pub mod player;
pub mod transcript;
mod watched;

pub use watched::Watched;

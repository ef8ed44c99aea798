//! The oracle, and the scripted peers that tests, fuzz targets and benches share.

mod conversation;
#[cfg(feature = "peers")]
pub mod differential;
pub mod explore;
pub mod fuzz;
pub mod oracle;
#[cfg(feature = "peers")]
pub mod peers;
pub mod player;
pub mod transcript;
mod watched;

pub use watched::Watched;

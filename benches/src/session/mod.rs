//! Whole sessions in memory: the same replies, the same message.

pub mod ours;
pub mod peers;
mod run;
pub mod server;
pub mod stream;

pub use run::{all, idle, retry};

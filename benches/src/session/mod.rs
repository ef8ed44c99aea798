//! Whole sessions in memory: the same replies, the same message.

pub mod io_smtp;
pub mod ours;
pub mod peers;
mod run;
pub mod server;

pub use run::{all, idle, retry};

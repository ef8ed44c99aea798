//! Whole sessions in memory, with the same replies and the same message for every client.

pub mod io_smtp;
pub mod ours;
pub mod peers;
mod run;
mod secured;
pub mod server;

pub use run::{all, idle, retry};
pub use secured::starttls_and_auth;

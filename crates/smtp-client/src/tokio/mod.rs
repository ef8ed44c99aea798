//! A driver for tokio: the same connections, TLS and authentication, on tokio's reactor and clock.
//!
//! One message, from `examples/async.rs`:
//!
//! ```no_run
#![doc = include_str!("../../examples/async.rs")]
//! ```
//!
//! Many messages, from `examples/pool.rs`:
//!
//! ```no_run
#![doc = include_str!("../../examples/pool.rs")]
//! ```

mod client;
mod content;
#[cfg(feature = "lettre")]
mod lettre;
mod mailer;
mod pool;
mod task;
mod trace;

pub use client::Client;
pub use content::{Content, Once};
#[cfg(feature = "lettre")]
pub use lettre::MessageError;
pub use mailer::{Mailer, Summary};
pub use pool::{Destination, Pool, PoolError, PoolLimits};

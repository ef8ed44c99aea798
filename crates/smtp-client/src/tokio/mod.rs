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
//!
//! From the smallest to the largest:
//!
//! - [`Client`] drives one [`Delivery`](smtp_proto::Delivery) after another over one connection.
//! - [`Pool`] takes an envelope and content, and chooses the connection. It waits if its [limits](PoolLimits) are
//!   reached, and leaves hosts alone that cannot be reached.
//! - [`Mailer`] takes a whole message in memory, and sends all to one [`Destination`]. With the feature `lettre`, the
//!   message may be one of lettre.
//!
//! What they do not do: they do not look up MX records, keep a queue, or try again later. A name is looked up with the
//! resolver of the system, on tokio's threads for blocking work, or where the system allows no more threads, on the task
//! of the delivery. A [`CredentialSource`](crate::CredentialSource) is
//! called on the task of the delivery, and must not block.
//!
//! # Tracing
//!
//! With the feature `tracing`, each delivery has a span `delivery` with the fields `host`, `port`, `protocol` and
//! `recipients` (how many), with the target `smtp_client`. Its connections, TLS and the wait for a turn are events at
//! debug, what became of the recipients at info, backing off and refused credentials at warn. Addresses of people,
//! content, credentials and the text of replies are never recorded. For those, use an [`Observer`](crate::Observer).

mod client;
mod content;
mod delivering;
#[cfg(feature = "lettre")]
mod lettre;
mod mailer;
mod pool;
mod task;
mod trace;

pub use client::Client;
pub use content::{Content, Once};
pub use delivering::Delivering;
#[cfg(feature = "lettre")]
pub use lettre::MessageError;
pub use mailer::{Mailer, Summary};
pub use pool::{Destination, Pool, PoolError, PoolLimits};

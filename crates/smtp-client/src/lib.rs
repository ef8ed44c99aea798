//! Two drivers for [`smtp_proto::Delivery`] over TCP connections or Unix sockets: one that blocks, for one delivery at a
//! time, and with the feature `tokio` one for tokio, with a pool, for many at once.
//!
//! They open connections, read and write, and watch the clock. [`smtp_proto`] decides what to send, and what to
//! do when a connection ends.
//!
//! ```no_run
//! use smtp_client::Client;
//! use smtp_proto::{Config, Delivery, Envelope, HelloName};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let envelope = Envelope::new("a@example.com".parse()?, vec!["b@example.net".parse()?])?;
//! let mut delivery = Delivery::new(Config::new(HelloName::new("client.example.com")?), envelope);
//! let mut client = Client::new("mx.example.net:25".parse()?);
//! let content = b"Subject: hello\r\n\r\nhello\r\n";
//! client.deliver(&mut delivery, &mut std::io::Cursor::new(content), &mut ())?;
//! print!("{}", delivery.report());
//! # Ok(())
//! # }
//! ```
//!
//! A driver for another kind of I/O can replace [`Client`] and use the same [`NextHop`], [`Bounds`] and
//! [`Observer`].

#![forbid(unsafe_code)]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

#[cfg(not(any(feature = "blocking", feature = "tokio")))]
compile_error!("smtp-client needs a driver: enable the feature `blocking`, `tokio` or both");

mod awaited;
mod bounds;
#[cfg(feature = "blocking")]
mod client;
mod connection;
mod content;
mod content_changed;
mod drive;
mod echo;
mod endpoint;
mod known_hosts;
mod link;
mod link_methods;
mod login;
mod next_hop;
mod observer;
mod opening;
#[cfg(feature = "blocking")]
mod poll;
mod race;
mod room;
mod route;
mod runtime;
mod stream;
pub mod tls;
#[cfg(feature = "tokio")]
pub mod tokio;

pub use bounds::{Bounds, LeastRate};
#[cfg(feature = "blocking")]
pub use client::Client;
pub use content::{Content, Once};
pub use content_changed::ContentChanged;
pub use endpoint::Endpoint;
pub use known_hosts::KnownHosts;
pub use login::CredentialSource;
pub use next_hop::{NextHop, NextHopError};
pub use observer::{Observer, Sent};
pub use route::{Family, Route};

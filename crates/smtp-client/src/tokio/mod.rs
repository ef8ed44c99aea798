//! A driver for tokio: the same connections, TLS and authentication, on tokio's reactor and clock.
//!
//! ```no_run
//! use smtp_client::tokio::Client;
//! use smtp_proto::{Config, Delivery, Envelope, HelloName};
//!
//! # async fn deliver() -> Result<(), Box<dyn std::error::Error>> {
//! let envelope = Envelope::new("a@example.com".parse()?, vec!["b@example.net".parse()?])?;
//! let mut delivery = Delivery::new(Config::new(HelloName::new("client.example.com")?), envelope);
//! let mut client = Client::new("mx.example.net:25".parse()?);
//! let content = b"Subject: hello\r\n\r\nhello\r\n";
//! client.deliver(&mut delivery, &mut std::io::Cursor::new(content), &mut ()).await?;
//! print!("{}", delivery.report());
//! # Ok(())
//! # }
//! ```

mod client;
mod content;
mod pool;

pub use client::Client;
pub use content::{Content, Once};
pub use pool::{Destination, Pool, PoolError, PoolLimits};

//! TLS, independent of who waits for the transport: a driver over `poll` or an asynchronous one.
//!
//! A [`TlsConfig`] says what to trust. It starts a [`TlsChannel`] for each connection, which turns data into TLS
//! records and back, over any transport that implements [`Read`](std::io::Read) and [`Write`](std::io::Write).
//!
//! A blocking transport never returns `WouldBlock`, so that one call does everything:
//!
//! ```no_run
//! use std::net::TcpStream;
//!
//! use smtp_client::tls::{TlsConfig, Verification};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = TlsConfig::builder().build()?;
//! let mut stream = TcpStream::connect("mx.example.net:465")?;
//! let mut channel = config.channel("mx.example.net", Verification::Required)?;
//! channel.handshake(&mut stream)?;
//! let mut room = [0; 1024];
//! let len = channel.read(&mut stream, &mut room)?;
//! println!("{}", String::from_utf8_lossy(&room[..len]));
//! channel.close(&mut stream);
//! # Ok(())
//! # }
//! ```

mod binding;
mod certificate;
mod channel;
mod config;
mod config_error;
mod der;
mod error;
mod facts;
mod fingerprint;
mod provider;
mod server_name;
mod sessions;
mod text;
mod verification;
mod verifier;

pub use binding::TlsBinding;
pub use certificate::CertificateFacts;
pub use channel::{Progress, TlsChannel};
pub use config::{TlsConfig, TlsConfigBuilder};
pub use config_error::TlsConfigError;
pub use error::{HandshakeError, looks_like_tls};
pub use facts::TlsFacts;
pub use fingerprint::{Fingerprint, FingerprintError};
pub(crate) use provider::nonce;
pub use server_name::{ServerName, ServerNameError};
pub use verification::{CertificateFault, Verification, VerificationError};

#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]
#![allow(clippy::doc_markdown, reason = "SASLprep is a name, not code")]

extern crate alloc;

mod channel_binding;
mod client;
mod cram_md5;
mod credentials;
mod error;
mod gs2;
mod keyed;
mod login;
mod mechanism;
mod oauth;
mod plain;
mod scram;
mod secret;

pub use channel_binding::ChannelBinding;
pub use client::Client;
pub use credentials::Credentials;
pub use error::{Field, SaslError, SetupError};
pub use mechanism::Mechanism;
pub use scram::{MAX_ROUNDS, MIN_ROUNDS};
pub use secret::Response;

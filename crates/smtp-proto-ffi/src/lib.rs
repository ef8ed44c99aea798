//! The state machine of `smtp-proto` as a C library. The README describes it, and `include/smtp_proto.h` has every
//! function.
//!
//! Rules for all functions, which make their unsafe code sound:
//!
//! - A handle is one that a `…_new` function stored and that was not freed since, or NULL.
//! - A pointer with a length points to that many octets, which nothing else writes during the call. So it does not point
//!   into a handle that the call changes. It may be NULL if the length is zero.
//! - A pointer to a result points to room for it, or is NULL.
//!
//! What can be checked is checked, and answered with a status.

#![allow(non_camel_case_types, reason = "names are those of the header")]
#![allow(clippy::doc_markdown, reason = "comments are for C, too")]
#![allow(clippy::missing_safety_doc, reason = "the rules are the same for all functions: see above")]
#![cfg_attr(
    not(any(test, feature = "fuzz")),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod allocator;
mod arguments;
mod attempt;
mod authentication;
mod choices;
mod clock;
mod config;
mod connection;
mod content;
mod delivery;
mod envelope;
mod events;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod handle;
mod head;
mod known_host;
mod memory;
mod message;
mod option;
mod outcomes;
mod parameters;
mod policy;
mod recipient;
mod refusal;
mod report;
mod reserve;
mod status;
mod step;
mod text;
mod tls;
mod version;

pub use attempt::*;
pub use authentication::*;
pub use clock::*;
pub use config::*;
pub use connection::*;
pub use content::*;
pub use delivery::*;
pub use envelope::*;
pub use events::*;
pub use known_host::*;
pub use memory::*;
pub use message::*;
pub use option::*;
pub use outcomes::*;
pub use parameters::*;
pub use policy::*;
pub use recipient::*;
pub use report::*;
pub use status::*;
pub use step::*;
pub use text::*;
pub use tls::*;
pub use version::*;

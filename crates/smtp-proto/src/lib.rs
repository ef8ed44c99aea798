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

extern crate alloc;

mod address;
mod capabilities;
mod command;
mod config;
mod content;
mod delivery;
mod envelope;
mod escape;
mod known_refusals;
mod ledger;
mod mechanisms;
mod one_or_many;
mod recipients;
mod reply;
mod report;
pub mod retry;
mod session;
mod steps;
mod transaction;

pub use address::{AddressError, ForwardPath, HelloName, Mailbox, ReversePath};
pub use capabilities::{Capabilities, Keyword, SizeLimit, keywords};
pub use command::{Command, MailParameters};
pub use config::{
    Afterwards, AuthPolicy, Config, EightBitPolicy, HeloRetry, Limits, LineEndings, Protocol, TlsPolicy, Waits,
};
pub use content::{ContentEncoder, ContentFault, LONGEST_LINE, is_seven_bit};
pub use delivery::{Delivery, Misuse, Place, Step};
pub use envelope::{Body, Envelope, Need, Needs, NoRecipients, Size};
pub use escape::Escaped;
pub use mechanisms::{Mechanism, Mechanisms};
pub use reply::{Code, EnhancedCode, Reply, ReplyDecoder, ReplyFault, ReplyFaultKind, Severity};
pub use report::{AttemptReport, Cancel, Cause, Disconnect, Ended, Hello, RecipientReport, Report, Stage, Status};
pub use session::{Event, Refused, Session, Wait};

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
#[cfg(feature = "std")]
extern crate std;

#[macro_use]
mod settings;

mod address;
mod auth;
mod capabilities;
mod cause;
mod characters;
mod choice;
mod chunking;
mod command;
mod config;
mod content;
mod decimal;
mod delivery;
mod envelope;
mod escape;
mod given;
mod header_scan;
mod inquiry;
mod kept;
mod keywords_kept;
mod known_host;
mod known_refusals;
mod ledger;
mod limits;
mod limits_offered;
mod mechanisms;
mod narrow;
mod needs;
mod one_or_many;
mod outcome;
mod parameters;
mod recipient;
mod recipients;
mod reply;
mod report;
mod requests;
pub mod retry;
mod rounds;
mod security;
mod session;
mod stage;
mod steps;
mod timeouts;
mod transaction;

pub use address::{AddressError, ForwardPath, HelloName, Mailbox, ReversePath};
pub use auth::{AfterAuthRefusal, AuthPolicy, AuthRefusal, Authentication, after_auth_refusal};
pub use capabilities::{Capabilities, Keyword, SizeLimit, keywords};
pub use cause::Cause;
pub use chunking::Chunking;
pub use command::{Command, MailParameters};
pub use config::{Afterwards, Config, EightBitPolicy, HeloRetry, LineEndings, Protocol, TlsPolicy};
pub use content::{ContentEncoder, ContentError, LONGEST_LINE, is_seven_bit};
pub use delivery::{AuthRequest, Authenticate, Connect, Delivery, MisuseError, Place, Secure, Step, Transmit};
pub use envelope::{Body, Envelope, EnvelopeError, Size};
pub use escape::Escaped;
pub use header_scan::HeaderScan;
pub use inquiry::{Answered, Argument, Verification};
pub use known_host::KnownHost;
pub use limits::Limits;
pub use limits_offered::LimitsOffered;
pub use mechanisms::{Mechanism, Mechanisms};
pub use needs::{Need, Needs};
pub use outcome::{AttemptEnd, Cancel, Disconnect, Hello, Outcome, Status};
pub use parameters::{
    DeliverBy, EnvelopeId, Late, NotificationDropped, Notify, OriginalRecipient, Parameter, ParameterError,
    RcptParameters, Return, Submitter,
};
pub use recipient::Recipient;
pub use reply::{Code, EnhancedCode, Reply, ReplyDecoder, ReplyError, ReplyErrorKind, Severity};
pub use report::{AttemptReport, OwnedReport, RecipientReport, Report, TlsReport};
pub use security::{Secured, Security, TlsVersion};
pub use session::{Event, Session, SessionError};
pub use stage::Stage;
pub use timeouts::{Clock, Timeout, Timeouts};

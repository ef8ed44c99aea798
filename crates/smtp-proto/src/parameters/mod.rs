//! Parameters of MAIL and RCPT that few messages have (RFC 5321 section 4.1.2). None of them can contain a space or a
//! line end.

mod deliver_by;
mod dropped;
mod error;
mod mail;
mod notification;
mod original_recipient;
mod other;
mod rcpt;
mod submitter;
mod xtext;

pub use deliver_by::{DeliverBy, Late};
pub(crate) use dropped::Dropped;
pub use dropped::NotificationDropped;
pub use error::ParameterError;
pub(crate) use mail::MailExtras;
pub use notification::{EnvelopeId, Notify, Return};
pub use original_recipient::OriginalRecipient;
pub use other::Parameter;
pub use rcpt::RcptParameters;
pub use submitter::Submitter;

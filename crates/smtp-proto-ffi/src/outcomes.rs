//! The words of a report.

use smtp_proto::{Cause, Hello, Outcome, Security, Status};

use crate::choices::choices;

/// How a connection was secured.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_security {
    /// Not at all: everything was sent in clear.
    SMTP_SECURITY_CLEAR = 0,
    /// With TLS, but the server's certificate was not verified, so the server may be anybody.
    SMTP_SECURITY_UNVERIFIED = 1,
    /// With TLS, and the server's certificate was verified.
    SMTP_SECURITY_VERIFIED = 2,
}

/// Which command opened a session.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_hello {
    /// None was sent.
    SMTP_HELLO_NONE = 0,
    /// EHLO: with extensions.
    SMTP_HELLO_EHLO = 1,
    /// HELO: without extensions.
    SMTP_HELLO_HELO = 2,
    /// LHLO: LMTP.
    SMTP_HELLO_LHLO = 3,
}

/// The final status of a recipient.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_recipient_status {
    /// There is no final status yet.
    SMTP_PENDING = 0,
    /// The server accepted responsibility for the message.
    SMTP_DELIVERED = 1,
    /// Not delivered now. The same delivery may succeed later.
    SMTP_DEFERRED = 2,
    /// Not delivered, and the same delivery will not succeed later.
    SMTP_FAILED = 3,
    /// The whole message was sent, but it is not known whether the server accepted it. Sending it again may deliver it
    /// twice.
    SMTP_UNCONFIRMED = 4,
}

/// The outcome for the whole message.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_outcome {
    /// Not every recipient has its final status yet, or there are none.
    SMTP_OUTCOME_PENDING = 0,
    /// Delivered to every recipient.
    SMTP_OUTCOME_DELIVERED = 1,
    /// Delivered to no recipient; at least one recipient is deferred.
    SMTP_OUTCOME_DEFERRED = 2,
    /// Failed for every recipient.
    SMTP_OUTCOME_FAILED = 3,
    /// Not known to be delivered to any recipient; at least one recipient is unconfirmed.
    SMTP_OUTCOME_UNCONFIRMED = 4,
    /// Delivered to some recipients, but not to all.
    SMTP_OUTCOME_PARTIAL = 5,
}

/// What settled the status of a recipient.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_cause {
    /// Something that is newer than this header.
    SMTP_CAUSE_OTHER = 0,
    /// The server's reply.
    SMTP_CAUSE_REPLY = 1,
    /// The connections failed. Each attempt says how.
    SMTP_CAUSE_CONNECTIONS = 2,
    /// The message or the policy needs an extension that the server does not offer.
    SMTP_CAUSE_NEEDS = 3,
    /// The server demands TLS or authentication (530), which the policy does not provide.
    SMTP_CAUSE_DEMANDED = 4,
    /// The server refused the authentication.
    SMTP_CAUSE_AUTH_REFUSED = 5,
    /// The server offers none of the mechanisms that the client may use.
    SMTP_CAUSE_NO_MECHANISM = 6,
    /// The client gave up the authentication.
    SMTP_CAUSE_AUTH_ABANDONED = 7,
    /// The message is larger than the server's limit.
    SMTP_CAUSE_TOO_LARGE = 8,
    /// The server does not offer the extension of a parameter.
    SMTP_CAUSE_NOT_OFFERED = 9,
    /// The content cannot be sent as it is.
    SMTP_CAUSE_CONTENT = 10,
    /// The caller cancelled the delivery.
    SMTP_CAUSE_CANCELLED = 11,
    /// The recipient needs a further transaction, and the content cannot be read again from its start.
    SMTP_CAUSE_CANNOT_REWIND = 12,
}

choices! {
    smtp_security = Security {
        SMTP_SECURITY_CLEAR = Security::Clear,
        SMTP_SECURITY_UNVERIFIED = Security::Unverified,
        SMTP_SECURITY_VERIFIED = Security::Verified,
    }
    smtp_hello = Hello {
        SMTP_HELLO_EHLO = Hello::Ehlo,
        SMTP_HELLO_HELO = Hello::Helo,
        SMTP_HELLO_LHLO = Hello::Lhlo,
    }
    smtp_recipient_status = Status {
        SMTP_DELIVERED = Status::Delivered,
        SMTP_DEFERRED = Status::Deferred,
        SMTP_FAILED = Status::Failed,
        SMTP_UNCONFIRMED = Status::Unconfirmed,
    }
    smtp_outcome = Outcome {
        SMTP_OUTCOME_DELIVERED = Outcome::Delivered,
        SMTP_OUTCOME_DEFERRED = Outcome::Deferred,
        SMTP_OUTCOME_FAILED = Outcome::Failed,
        SMTP_OUTCOME_UNCONFIRMED = Outcome::Unconfirmed,
        SMTP_OUTCOME_PARTIAL = Outcome::Partial,
    }
}

impl smtp_cause {
    pub(crate) const fn of(cause: &Cause<'_>) -> Self {
        match cause {
            Cause::Reply(_) => Self::SMTP_CAUSE_REPLY,
            Cause::Connections => Self::SMTP_CAUSE_CONNECTIONS,
            Cause::Needs { .. } => Self::SMTP_CAUSE_NEEDS,
            Cause::Demanded { .. } => Self::SMTP_CAUSE_DEMANDED,
            Cause::AuthRefused { .. } => Self::SMTP_CAUSE_AUTH_REFUSED,
            Cause::NoMechanism => Self::SMTP_CAUSE_NO_MECHANISM,
            Cause::AuthAbandoned { .. } => Self::SMTP_CAUSE_AUTH_ABANDONED,
            Cause::TooLarge(_) => Self::SMTP_CAUSE_TOO_LARGE,
            Cause::NotOffered(_) => Self::SMTP_CAUSE_NOT_OFFERED,
            Cause::Content(_) => Self::SMTP_CAUSE_CONTENT,
            Cause::Cancelled(_) => Self::SMTP_CAUSE_CANCELLED,
            Cause::CannotRewind => Self::SMTP_CAUSE_CANNOT_REWIND,
            _ => Self::SMTP_CAUSE_OTHER,
        }
    }
}

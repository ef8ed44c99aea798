//! The enums that C passes and gets, and what they stand for.
//!
//! C passes an enum as a number, which may have any value.

use smtp_proto::{
    Afterwards, Body, Cancel, Cause, Chunking, Disconnect, EightBitPolicy, Hello, HeloRetry, LineEndings, Mechanism,
    Need, Outcome, Place, Protocol, Return, Security, Status, TlsPolicy, TlsVersion,
};

use crate::refusal::Refusal;

/// Which protocol the server speaks.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_protocol {
    /// SMTP: EHLO or HELO, and one reply to the content.
    SMTP_PROTOCOL_SMTP = 0,
    /// LMTP: LHLO, and one reply to the content for each accepted recipient (RFC 2033).
    SMTP_PROTOCOL_LMTP = 1,
}

/// Whether connections must be secured.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_tls {
    /// Everything is sent in clear.
    SMTP_TLS_NEVER = 0,
    /// STARTTLS is used where it is offered, with any certificate. Without it, or after it failed, the message is sent
    /// in clear, unless something else needs TLS.
    SMTP_TLS_OPPORTUNISTIC = 1,
    /// Only EHLO, STARTTLS and QUIT may be sent in clear, and the server's certificate must be verified.
    SMTP_TLS_REQUIRED = 2,
    /// TLS starts before the greeting (RFC 8314 section 3), and the server's certificate must be verified.
    SMTP_TLS_IMPLICIT = 3,
}

/// When a delivery may start over with HELO on a new connection (RFC 1869 section 4.7).
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_helo_retry {
    /// Never. HELO is still sent on the same connection after EHLO was refused.
    SMTP_HELO_RETRY_NEVER = 0,
    /// When the peer hung up on EHLO.
    SMTP_HELO_RETRY_DISCONNECT = 1,
    /// When the peer hung up on EHLO or did not answer it in time.
    SMTP_HELO_RETRY_TIMEOUT = 2,
}

/// What to do with 8-bit content if the server does not offer 8BITMIME.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_eight_bit {
    /// The message is not sent, and fails.
    SMTP_EIGHT_BIT_REFUSE = 0,
    /// The content is sent as it is, without `BODY=8BITMIME`.
    SMTP_EIGHT_BIT_SEND = 1,
}

/// What to do with bare CR and LF in the content (RFC 5321 section 2.3.8).
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_line_endings {
    /// A bare LF becomes CR LF, and a bare CR becomes a space.
    SMTP_LINE_ENDINGS_MEND = 0,
    /// The message fails if it has either.
    SMTP_LINE_ENDINGS_STRICT = 1,
}

/// What to do with the connection after a message.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_afterwards {
    /// End it with QUIT.
    SMTP_AFTERWARDS_QUIT = 0,
    /// Keep it for the next message, unless the server's replies show that it cannot be used.
    SMTP_AFTERWARDS_KEEP = 1,
}

/// Whether content is sent with BDAT (RFC 3030).
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_chunking {
    /// Always with DATA.
    SMTP_CHUNKING_NEVER = 0,
    /// With BDAT where the server offers CHUNKING, and with DATA otherwise.
    SMTP_CHUNKING_AUTO = 1,
}

/// Which octets the content may have (RFC 6152 section 3, RFC 3030 section 3).
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_body {
    /// Octets from 1 to 127. Content that turns out to have another is not sent to its end.
    SMTP_BODY_7BIT = 0,
    /// Any octets, in lines.
    SMTP_BODY_8BIT = 1,
    /// Any octets, sent exactly as they are. Needs a server with CHUNKING and BINARYMIME.
    SMTP_BODY_BINARY = 2,
}

/// What a notification returns (RFC 3461 section 4.3).
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_return {
    /// The whole message.
    SMTP_RETURN_FULL = 1,
    /// Only its header.
    SMTP_RETURN_HEADERS = 2,
}

/// Something that a message may need from the server.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_need {
    /// TLS before MAIL.
    SMTP_NEED_TLS = 1,
    /// Authentication before MAIL.
    SMTP_NEED_AUTH = 2,
    /// SMTPUTF8 (RFC 6531). Addresses that are not ASCII need it anyway.
    SMTP_NEED_SMTPUTF8 = 3,
    /// 8BITMIME (RFC 6152).
    SMTP_NEED_8BITMIME = 4,
    /// CHUNKING and BINARYMIME (RFC 3030).
    SMTP_NEED_BINARYMIME = 5,
    /// TLS on the whole way of the message (RFC 8689).
    SMTP_NEED_REQUIRETLS = 6,
    /// DELIVERBY (RFC 2852).
    SMTP_NEED_DELIVERBY = 7,
    /// A verified certificate.
    SMTP_NEED_VERIFIED_TLS = 8,
    /// The extension of an additional parameter of MAIL.
    SMTP_NEED_PARAMETER = 9,
}

/// Where to connect to.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_place {
    /// Any address of the next hop.
    SMTP_PLACE_ANY = 1,
    /// The address and port of the previous connection.
    SMTP_PLACE_SAME = 2,
}

/// How a connection was lost. A read or write that would block, that timed out or that was interrupted does not lose
/// it.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_disconnect {
    /// The peer closed the connection.
    SMTP_DISCONNECT_CLOSED = 1,
    /// The peer reset the connection.
    SMTP_DISCONNECT_RESET = 2,
    /// A write failed. Read what has arrived before you report this.
    SMTP_DISCONNECT_WRITE_FAILED = 3,
    /// A read failed.
    SMTP_DISCONNECT_READ_FAILED = 4,
}

/// Why the caller cancels a delivery.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_cancel {
    /// The delivery was interrupted, such as by a signal.
    SMTP_CANCEL_INTERRUPTED = 1,
    /// The whole delivery took longer than the caller allows.
    SMTP_CANCEL_DEADLINE = 2,
    /// The peer reads the content more slowly than the caller allows.
    SMTP_CANCEL_TOO_SLOW = 3,
    /// The content could not be read to its end.
    SMTP_CANCEL_CONTENT_UNREADABLE = 4,
    /// The content has changed since the delivery began.
    SMTP_CANCEL_CONTENT_CHANGED = 5,
}

/// The version of TLS.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_tls_version {
    /// TLS 1.2 (RFC 5246).
    SMTP_TLS_1_2 = 12,
    /// TLS 1.3 (RFC 8446).
    SMTP_TLS_1_3 = 13,
}

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

/// A SASL mechanism.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_mechanism {
    /// PLAIN (RFC 4616).
    SMTP_MECHANISM_PLAIN = 1,
    /// LOGIN: asks for the user name, then for the password.
    SMTP_MECHANISM_LOGIN = 2,
    /// CRAM-MD5 (RFC 2195).
    SMTP_MECHANISM_CRAM_MD5 = 3,
    /// DIGEST-MD5 (RFC 2831).
    SMTP_MECHANISM_DIGEST_MD5 = 4,
    /// SCRAM-SHA-1 (RFC 5802).
    SMTP_MECHANISM_SCRAM_SHA_1 = 5,
    /// SCRAM-SHA-1-PLUS (RFC 5802), bound to the TLS channel.
    SMTP_MECHANISM_SCRAM_SHA_1_PLUS = 6,
    /// SCRAM-SHA-256 (RFC 7677).
    SMTP_MECHANISM_SCRAM_SHA_256 = 7,
    /// SCRAM-SHA-256-PLUS (RFC 7677), bound to the TLS channel.
    SMTP_MECHANISM_SCRAM_SHA_256_PLUS = 8,
    /// EXTERNAL (RFC 4422 appendix A): the identity comes from the connection.
    SMTP_MECHANISM_EXTERNAL = 9,
    /// ANONYMOUS (RFC 4505).
    SMTP_MECHANISM_ANONYMOUS = 10,
    /// GSSAPI (RFC 4752): Kerberos.
    SMTP_MECHANISM_GSSAPI = 11,
    /// NTLM.
    SMTP_MECHANISM_NTLM = 12,
    /// OAUTHBEARER (RFC 7628).
    SMTP_MECHANISM_OAUTHBEARER = 13,
    /// XOAUTH2, the predecessor of OAUTHBEARER.
    SMTP_MECHANISM_XOAUTH2 = 14,
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

/// An enum of C that stands for `T`.
pub(crate) trait Choice<T: Copy + PartialEq + 'static>: Copy + 'static {
    /// Each value with its number.
    const ALL: &'static [(u32, T)];

    /// What a number from C stands for.
    fn read(number: impl TryInto<u32>) -> Result<T, Refusal> {
        let number = number.try_into().map_err(|_| Refusal::Value)?;
        Self::ALL.iter().find(|(known, _)| *known == number).map(|(_, value)| *value).ok_or(Refusal::Value)
    }

    /// The number for a value; zero for one that is newer than the header.
    fn number(value: T) -> u32 {
        Self::ALL.iter().find(|(_, known)| *known == value).map_or(0, |(number, _)| *number)
    }
}

macro_rules! choices {
    ($($name:ident = $of:ty { $($number:ident = $value:expr),* $(,)? })*) => {$(
        impl Choice<$of> for $name {
            const ALL: &'static [(u32, $of)] = &[$(($name::$number as u32, $value)),*];
        }
    )*};
}

choices! {
    smtp_protocol = Protocol { SMTP_PROTOCOL_SMTP = Protocol::Smtp, SMTP_PROTOCOL_LMTP = Protocol::Lmtp }
    smtp_tls = TlsPolicy {
        SMTP_TLS_NEVER = TlsPolicy::Never,
        SMTP_TLS_OPPORTUNISTIC = TlsPolicy::Opportunistic,
        SMTP_TLS_REQUIRED = TlsPolicy::Required,
        SMTP_TLS_IMPLICIT = TlsPolicy::Implicit,
    }
    smtp_helo_retry = HeloRetry {
        SMTP_HELO_RETRY_NEVER = HeloRetry::Never,
        SMTP_HELO_RETRY_DISCONNECT = HeloRetry::Disconnect,
        SMTP_HELO_RETRY_TIMEOUT = HeloRetry::Timeout,
    }
    smtp_eight_bit = EightBitPolicy {
        SMTP_EIGHT_BIT_REFUSE = EightBitPolicy::Refuse,
        SMTP_EIGHT_BIT_SEND = EightBitPolicy::Send,
    }
    smtp_line_endings = LineEndings {
        SMTP_LINE_ENDINGS_MEND = LineEndings::Mend,
        SMTP_LINE_ENDINGS_STRICT = LineEndings::Strict,
    }
    smtp_afterwards = Afterwards { SMTP_AFTERWARDS_QUIT = Afterwards::Quit, SMTP_AFTERWARDS_KEEP = Afterwards::Keep }
    smtp_chunking = Chunking { SMTP_CHUNKING_NEVER = Chunking::Never, SMTP_CHUNKING_AUTO = Chunking::Auto }
    smtp_body = Body {
        SMTP_BODY_7BIT = Body::SevenBit,
        SMTP_BODY_8BIT = Body::EightBit,
        SMTP_BODY_BINARY = Body::Binary,
    }
    smtp_return = Return { SMTP_RETURN_FULL = Return::Full, SMTP_RETURN_HEADERS = Return::Headers }
    smtp_need = Need {
        SMTP_NEED_TLS = Need::Tls,
        SMTP_NEED_AUTH = Need::Auth,
        SMTP_NEED_SMTPUTF8 = Need::Smtputf8,
        SMTP_NEED_8BITMIME = Need::EightBitMime,
        SMTP_NEED_BINARYMIME = Need::BinaryMime,
        SMTP_NEED_REQUIRETLS = Need::RequireTls,
        SMTP_NEED_DELIVERBY = Need::DeliverBy,
        SMTP_NEED_VERIFIED_TLS = Need::VerifiedTls,
        SMTP_NEED_PARAMETER = Need::Parameter,
    }
    smtp_place = Place { SMTP_PLACE_ANY = Place::Any, SMTP_PLACE_SAME = Place::Same }
    smtp_disconnect = Disconnect {
        SMTP_DISCONNECT_CLOSED = Disconnect::Closed,
        SMTP_DISCONNECT_RESET = Disconnect::Reset,
        SMTP_DISCONNECT_WRITE_FAILED = Disconnect::WriteFailed,
        SMTP_DISCONNECT_READ_FAILED = Disconnect::ReadFailed,
    }
    smtp_cancel = Cancel {
        SMTP_CANCEL_INTERRUPTED = Cancel::Interrupted,
        SMTP_CANCEL_DEADLINE = Cancel::Deadline,
        SMTP_CANCEL_TOO_SLOW = Cancel::TooSlow,
        SMTP_CANCEL_CONTENT_UNREADABLE = Cancel::ContentUnreadable,
        SMTP_CANCEL_CONTENT_CHANGED = Cancel::ContentChanged,
    }
    smtp_tls_version = TlsVersion { SMTP_TLS_1_2 = TlsVersion::Tls12, SMTP_TLS_1_3 = TlsVersion::Tls13 }
    smtp_security = Security {
        SMTP_SECURITY_CLEAR = Security::Clear,
        SMTP_SECURITY_UNVERIFIED = Security::Unverified,
        SMTP_SECURITY_VERIFIED = Security::Verified,
    }
    smtp_mechanism = Mechanism {
        SMTP_MECHANISM_PLAIN = Mechanism::Plain,
        SMTP_MECHANISM_LOGIN = Mechanism::Login,
        SMTP_MECHANISM_CRAM_MD5 = Mechanism::CramMd5,
        SMTP_MECHANISM_DIGEST_MD5 = Mechanism::DigestMd5,
        SMTP_MECHANISM_SCRAM_SHA_1 = Mechanism::ScramSha1,
        SMTP_MECHANISM_SCRAM_SHA_1_PLUS = Mechanism::ScramSha1Plus,
        SMTP_MECHANISM_SCRAM_SHA_256 = Mechanism::ScramSha256,
        SMTP_MECHANISM_SCRAM_SHA_256_PLUS = Mechanism::ScramSha256Plus,
        SMTP_MECHANISM_EXTERNAL = Mechanism::External,
        SMTP_MECHANISM_ANONYMOUS = Mechanism::Anonymous,
        SMTP_MECHANISM_GSSAPI = Mechanism::GssApi,
        SMTP_MECHANISM_NTLM = Mechanism::Ntlm,
        SMTP_MECHANISM_OAUTHBEARER = Mechanism::OAuthBearer,
        SMTP_MECHANISM_XOAUTH2 = Mechanism::XOAuth2,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mechanism_and_every_need_has_a_number() {
        let mechanisms = Mechanism::ALL.iter().map(|mechanism| smtp_mechanism::number(*mechanism));
        let needs = Need::ALL.iter().map(|need| smtp_need::number(*need));
        assert!(mechanisms.clone().all(|number| number != 0) && needs.clone().all(|number| number != 0));
        assert!(mechanisms.map(smtp_mechanism::read).eq(Mechanism::ALL.iter().copied().map(Ok)));
        assert!(needs.map(smtp_need::read).eq(Need::ALL.iter().copied().map(Ok)));
    }

    #[test]
    fn a_number_without_a_value_is_refused() {
        for number in [u64::from(u32::MAX), 1 << 32, u64::MAX, 77] {
            assert_eq!(smtp_tls::read(number), Err(Refusal::Value), "{number}");
        }
        assert_eq!(smtp_tls::read(3_u64), Ok(TlsPolicy::Implicit));
    }
}

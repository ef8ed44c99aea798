//! What can be said about a message.

use smtp_proto::{Body, Need, Return};

use crate::choices::choices;

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

choices! {
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
}

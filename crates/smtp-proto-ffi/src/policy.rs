//! The choices of a policy.

use smtp_proto::{Afterwards, Chunking, EightBitPolicy, HeloRetry, LineEndings, Mechanism, Protocol, TlsPolicy};

use crate::choices::choices;

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
}

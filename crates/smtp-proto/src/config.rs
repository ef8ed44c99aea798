//! Policy: what a delivery may do.

use crate::{
    address::HelloName,
    auth::AuthPolicy,
    chunking::Chunking,
    envelope::{Body, Envelope},
    limits::Limits,
    needs::{Need, Needs},
    timeouts::Timeouts,
};

/// The settings that all messages share.
///
/// Start with [`Config::new`] and change individual settings. Pass an `Arc<Config>` to share one policy
/// between deliveries.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Config {
    hello_name: HelloName,
    address_literal: bool,
    protocol: Protocol,
    tls: TlsPolicy,
    auth: AuthPolicy,
    helo_retry: HeloRetry,
    eight_bit: EightBitPolicy,
    line_endings: LineEndings,
    afterwards: Afterwards,
    chunking: Chunking,
    max_recipients: Option<u32>,
    ignore_limits: bool,
    timeouts: Timeouts,
    limits: Limits,
}

impl Config {
    /// The defaults: SMTP without TLS and AUTH, HELO after a hang-up on EHLO, no 8-bit content to servers without
    /// 8BITMIME, line endings mended, BDAT where it is offered, one message per connection, all recipients in one
    /// transaction unless the server limits them, [`Timeouts::RFC_5321`] and [`Limits::DEFAULT`].
    pub const fn new(hello_name: HelloName) -> Self {
        Self {
            hello_name,
            address_literal: false,
            protocol: Protocol::Smtp,
            tls: TlsPolicy::Never,
            auth: AuthPolicy::Never,
            helo_retry: HeloRetry::Disconnect,
            eight_bit: EightBitPolicy::Refuse,
            line_endings: LineEndings::Mend,
            afterwards: Afterwards::Quit,
            chunking: Chunking::Auto,
            max_recipients: None,
            ignore_limits: false,
            timeouts: Timeouts::RFC_5321,
            limits: Limits::DEFAULT,
        }
    }

    /// The client's name in EHLO, HELO and LHLO.
    pub const fn hello_name(&self) -> &HelloName {
        &self.hello_name
    }

    /// The same, with another [`hello_name`](Self::hello_name).
    #[must_use]
    pub fn with_hello_name(mut self, hello_name: HelloName) -> Self {
        self.hello_name = hello_name;
        self
    }

    settings! {
        /// Whether EHLO, HELO and LHLO give the address literal of the connection's local address instead of the
        /// [`hello_name`](Self::hello_name) (RFC 5321 section 4.1.4), where the driver reports that address with
        /// [`Delivery::connected_from`](crate::Delivery::connected_from). For a client that has no fully qualified
        /// name.
        address_literal, with_address_literal: bool;
        /// SMTP or LMTP.
        protocol, with_protocol: Protocol;
        /// Whether connections must be secured.
        tls, with_tls: TlsPolicy;
        /// When a delivery may start over with HELO on a new connection.
        helo_retry, with_helo_retry: HeloRetry;
        /// What to do with 8-bit content if the server does not offer 8BITMIME.
        eight_bit, with_eight_bit: EightBitPolicy;
        /// What to do with bare CR and LF in the content.
        line_endings, with_line_endings: LineEndings;
        /// What to do with the connection after a message.
        afterwards, with_afterwards: Afterwards;
        /// Whether content is sent with BDAT.
        chunking, with_chunking: Chunking;
        /// The most recipients in one transaction; further ones are in further transactions. Zero means one. Every
        /// server must accept 100 (RFC 5321 section 4.5.3.1.8).
        max_recipients, with_max_recipients: Option<u32>;
        /// Whether to ignore the limits that the server [announces](crate::LimitsOffered).
        ignore_limits, with_ignore_limits: bool;
    }

    /// Whether the client must authenticate before it sends a message.
    pub const fn auth(&self) -> &AuthPolicy {
        &self.auth
    }

    /// The same, with another [`auth`](Self::auth).
    #[must_use]
    pub fn with_auth(mut self, auth: AuthPolicy) -> Self {
        self.auth = auth;
        self
    }

    /// How long to wait for each step.
    pub const fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// The same, with other [`timeouts`](Self::timeouts).
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Limits on what is accepted from the server, and on what is in flight.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The same, with other [`limits`](Self::limits).
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// What a server must offer for `envelope` to be delivered under this policy.
    pub fn needs(&self, envelope: &Envelope) -> Needs {
        let mut needs = envelope.needs();
        match self.tls {
            TlsPolicy::Never | TlsPolicy::Opportunistic => {}
            TlsPolicy::Required | TlsPolicy::Implicit => needs = needs.with(Need::Tls),
        }
        match &self.auth {
            AuthPolicy::Never => {}
            AuthPolicy::Required(how) if how.in_clear() => needs = needs.with(Need::Auth),
            AuthPolicy::Required(_) => needs = needs.with(Need::Auth).with(Need::Tls),
        }
        if needs.contains(Need::RequireTls) {
            needs = needs.with(Need::Tls);
        }
        match (envelope.body(), self.eight_bit) {
            (Body::EightBit, EightBitPolicy::Refuse) => needs.with(Need::EightBitMime),
            (Body::Binary, EightBitPolicy::Refuse | EightBitPolicy::Send) => needs.with(Need::BinaryMime),
            (Body::EightBit, EightBitPolicy::Send) | (Body::SevenBit, _) => needs,
        }
    }
}

/// Which protocol the server speaks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "callers match on the protocol")]
pub enum Protocol {
    /// SMTP: EHLO or HELO, and one reply to the content.
    Smtp,
    /// LMTP: LHLO, and one reply to the content for each accepted recipient (RFC 2033).
    Lmtp,
}

/// Whether connections must be secured.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum TlsPolicy {
    /// Everything is sent in clear.
    Never,
    /// STARTTLS is used where it is offered, with any certificate. Without it, or after it failed, the message is sent
    /// in clear, unless something else needs TLS or the server is [known](crate::KnownHost) to support it.
    Opportunistic,
    /// Only EHLO, STARTTLS and QUIT may be sent in clear, and the server's certificate must be verified.
    Required,
    /// TLS starts before the greeting (RFC 8314 section 3), and the server's certificate must be verified.
    Implicit,
}

/// When a delivery may start over with HELO on a new connection (RFC 1869 section 4.7).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum HeloRetry {
    /// When the peer hung up on EHLO.
    Disconnect,
    /// When the peer hung up on EHLO or did not answer it in time.
    Timeout,
    /// Never. HELO is still sent on the same connection after EHLO was refused; that is not a retry.
    Never,
}

/// What to do with 8-bit content if the server does not offer 8BITMIME.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum EightBitPolicy {
    /// The message is not sent, and fails.
    Refuse,
    /// The content is sent as it is, without `BODY=8BITMIME`.
    Send,
}

/// What to do with bare CR and LF in the content (RFC 5321 section 2.3.8).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum LineEndings {
    /// A bare LF becomes CR LF, and a bare CR becomes a space.
    Mend,
    /// The message fails if it has either.
    Strict,
}

/// What to do with the connection after a message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Afterwards {
    /// End it with QUIT.
    Quit,
    /// Keep it for the next message, unless the server's replies show that it cannot be used.
    Keep,
}

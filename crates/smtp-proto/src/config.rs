//! Policy: what a delivery may do.

use crate::{
    address::HelloName,
    envelope::{Body, Envelope, Need, Needs},
    limits::Limits,
    timeouts::Timeouts,
};

/// Everything that is decided once for all messages.
///
/// Start with [`Config::new`] and change what should differ. Pass an `Arc<Config>` to share one policy
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
    timeouts: Timeouts,
    limits: Limits,
}

impl Config {
    /// SMTP without TLS and AUTH, HELO after a hang-up, no 8-bit content for servers without 8BITMIME, line
    /// endings mended, one message per connection, the timeouts of RFC 5321, and the default limits.
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
            timeouts: Timeouts::RFC_5321,
            limits: Limits::DEFAULT,
        }
    }

    /// The name that EHLO, HELO and LHLO give.
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
        /// Whether messages may only go to servers that accepted the client's credentials.
        auth, with_auth: AuthPolicy;
        /// When a delivery may start over with HELO on a new connection.
        helo_retry, with_helo_retry: HeloRetry;
        /// What happens to 8-bit content at a server that does not offer 8BITMIME.
        eight_bit, with_eight_bit: EightBitPolicy;
        /// What happens to bare CR and LF.
        line_endings, with_line_endings: LineEndings;
        /// What happens to the connection when a message is done.
        afterwards, with_afterwards: Afterwards;
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

    /// How much to accept, and how much to have in flight.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The same, with other [`limits`](Self::limits).
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// What delivering `envelope` under this policy needs of a server.
    pub fn needs(&self, envelope: &Envelope) -> Needs {
        let mut needs = envelope.needs();
        match self.tls {
            TlsPolicy::Never => {}
            TlsPolicy::Required => needs = needs.with(Need::Tls),
        }
        match self.auth {
            AuthPolicy::Never => {}
            AuthPolicy::Required => needs = needs.with(Need::Auth),
        }
        match (envelope.body(), self.eight_bit) {
            (Body::EightBit, EightBitPolicy::Refuse) => needs.with(Need::EightBitMime),
            (Body::EightBit, EightBitPolicy::Send) | (Body::SevenBit, _) => needs,
        }
    }
}

/// Which protocol the server speaks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "a caller that speaks one of them knows which")]
pub enum Protocol {
    /// EHLO and HELO, and one reply to the content.
    Smtp,
    /// LHLO, and a reply to the content for each accepted recipient (RFC 2033).
    Lmtp,
}

/// Whether connections must be secured.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum TlsPolicy {
    /// Everything is sent in clear.
    Never,
    /// Only EHLO and QUIT may be sent in clear. As TLS is not implemented yet, every delivery is deferred.
    Required,
}

/// Whether messages may only go to servers that accepted the client's credentials.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum AuthPolicy {
    /// No authentication.
    Never,
    /// Only after authentication. As AUTH is not implemented yet, every delivery is deferred.
    Required,
}

/// When a delivery may start over with HELO on a new connection (RFC 1869 section 4.7).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum HeloRetry {
    /// When the peer hung up on EHLO.
    Disconnect,
    /// When the peer hung up on EHLO or did not answer it in time.
    Timeout,
    /// Never. HELO on the same connection, after EHLO was refused, is not a retry and is still sent.
    Never,
}

/// What happens to 8-bit content at a server that does not offer 8BITMIME.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum EightBitPolicy {
    /// The message is not sent there, and fails.
    Refuse,
    /// The content is sent unannounced, as it is.
    Send,
}

/// What happens to bare CR and LF (RFC 5321 section 2.3.8).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum LineEndings {
    /// A bare LF becomes CR LF, a bare CR a space.
    Mend,
    /// Either makes the message fail.
    Strict,
}

/// What happens to the connection when a message is done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Afterwards {
    /// It is ended with QUIT.
    Quit,
    /// It is kept for the next message, if it is still of use.
    Keep,
}

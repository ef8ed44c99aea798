//! What a delivery asks its driver to do, and the error for misuse.

use core::{fmt, time::Duration};

use crate::{escape::Escaped, mechanisms::Mechanism, report::Report, timeouts::Timeout};

/// What to do next.
///
/// The enum is exhaustive on purpose: a driver that ignored an unknown step would loop forever. A new step is a
/// breaking change.
#[derive(Debug)]
#[allow(clippy::exhaustive_enums, reason = "a driver must handle every step")]
pub enum Step<'a> {
    /// Drop the connection, if there is one. Then open a new one, and report
    /// [`connected`](super::Delivery::connected) or [`connect_failed`](super::Delivery::connect_failed).
    Connect(Connect),
    /// Write these octets, or some of them, and report how many with [`sent`](super::Delivery::sent). Keep
    /// reading while you write, or both sides may deadlock.
    Transmit(Transmit<'a>),
    /// Give at most this many octets of the message with [`content`](super::Delivery::content), or report its end with
    /// [`end_content`](super::Delivery::end_content). Never zero.
    Content(usize),
    /// Go back to the start of the content: the message needs a further transaction. Report
    /// [`rewound`](super::Delivery::rewound) or [`cannot_rewind`](super::Delivery::cannot_rewind). The connection is idle
    /// meanwhile.
    Rewind,
    /// Run a TLS handshake on the open connection, and report [`secured`](super::Delivery::secured) or
    /// [`secure_failed`](super::Delivery::secure_failed).
    Secure(Secure),
    /// Compute what to send next to authenticate. Each [request](Authenticate::request) says which method answers it.
    Authenticate(Authenticate<'a>),
    /// Read, and report [`received`](super::Delivery::received),
    /// [`disconnected`](super::Delivery::disconnected) or [`timed_out`](super::Delivery::timed_out).
    Receive(Timeout),
    /// The delivery is done: every recipient has its final status. Drop the connection unless it
    /// [is kept](super::Delivery::is_kept).
    Done(Report<'a>),
}

/// Which connection to open.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct Connect {
    /// Where to connect to.
    pub place: Place,
    /// How long to wait for one address to accept the connection. After that, try the next address, or report that
    /// connecting failed. Zero leaves no time; `TcpStream::connect_timeout` returns an error for it.
    pub timeout: Duration,
}

impl Connect {
    /// A connection to `place`, with `timeout` for each address.
    pub const fn new(place: Place, timeout: Duration) -> Self {
        Self { place, timeout }
    }
}

/// Where to connect to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "a driver must handle every place")]
pub enum Place {
    /// Any address of the next hop.
    Any,
    /// The address and port of the previous connection.
    Same,
}

/// A TLS handshake to run.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct Secure {
    /// Whether to abort the handshake if the server's certificate cannot be verified. If not, accept every certificate,
    /// and report whether it could be verified.
    pub must_verify: bool,
    /// How long the whole handshake may take. Then report [`timed_out`](super::Delivery::timed_out).
    pub timeout: Timeout,
}

impl Secure {
    /// A handshake that may take this long.
    pub const fn new(must_verify: bool, timeout: Timeout) -> Self {
        Self { must_verify, timeout }
    }
}

/// What to compute for an authentication.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Authenticate<'a> {
    /// The mechanism.
    pub mechanism: Mechanism,
    /// What is asked for.
    pub request: AuthRequest<'a>,
}

impl<'a> Authenticate<'a> {
    /// A request for this mechanism.
    pub const fn new(mechanism: Mechanism, request: AuthRequest<'a>) -> Self {
        Self { mechanism, request }
    }
}

/// What an authentication asks for. To give up instead, call [`auth_abandon`](super::Delivery::auth_abandon).
#[derive(Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a driver must handle every request")]
pub enum AuthRequest<'a> {
    /// Start a new exchange, and answer with [`auth_start`](super::Delivery::auth_start).
    Start {
        /// The most octets that an initial response may have. `None` if there must be none.
        initial: Option<usize>,
    },
    /// Answer this challenge, without its base64, with [`auth_response`](super::Delivery::auth_response).
    Challenge(&'a [u8]),
    /// The server reports success. If the exchange agrees, answer with
    /// [`auth_complete`](super::Delivery::auth_complete). It must not if the server has yet to prove who it is.
    Success,
}

/// Does not show the challenge, in which a server may echo a secret.
impl fmt::Debug for AuthRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { initial } => f.debug_struct("Start").field("initial", initial).finish(),
            Self::Challenge(octets) => write!(f, "Challenge({} octets)", octets.len()),
            Self::Success => f.write_str("Success"),
        }
    }
}

impl fmt::Debug for Authenticate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticate").field("mechanism", &self.mechanism).field("request", &self.request).finish()
    }
}

/// Octets to write.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Transmit<'a> {
    octets: &'a [u8],
    timeout: Timeout,
    is_sensitive: bool,
}

impl<'a> Transmit<'a> {
    /// Octets that are not sensitive.
    pub const fn new(octets: &'a [u8], timeout: Timeout) -> Self {
        Self { octets, timeout, is_sensitive: false }
    }

    /// The same, marked as [sensitive](Self::is_sensitive) or not.
    #[must_use]
    pub const fn with_sensitive(mut self, is_sensitive: bool) -> Self {
        self.is_sensitive = is_sensitive;
        self
    }

    /// The octets. Never empty.
    pub const fn octets(&self) -> &'a [u8] {
        self.octets
    }

    /// How long the peer may take to accept a block of them, as [`Limits::block`](crate::Limits::block) defines it.
    pub const fn timeout(&self) -> Timeout {
        self.timeout
    }

    /// Whether the octets contain a secret, such as a response to an authentication challenge. Do not log or display
    /// them.
    pub const fn is_sensitive(&self) -> bool {
        self.is_sensitive
    }
}

/// Does not show sensitive octets.
impl fmt::Debug for Transmit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut transmit = f.debug_struct("Transmit");
        if self.is_sensitive {
            transmit.field("octets", &format_args!("{} sensitive octets", self.octets.len()));
        } else {
            transmit.field("octets", &Escaped(self.octets));
        }
        transmit.field("timeout", &self.timeout).finish()
    }
}

/// The driver made a call that is not allowed now. The call changed nothing. Nothing that the peer sends can cause
/// this.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum MisuseError {
    /// The delivery did not ask for a connection.
    NotConnecting,
    /// There is no connection.
    NotConnected,
    /// More octets were reported as sent than there were to send.
    NothingToSend,
    /// The delivery did not ask for content.
    NoContentWanted,
    /// More content was given than the delivery asked for.
    TooMuchContent,
    /// The delivery did not ask for a TLS handshake.
    NotSecuring,
    /// The delivery did not ask to go back to the start of the content.
    NotRewinding,
    /// The delivery did not ask for this authentication answer.
    NotAuthenticating,
    /// The initial response is longer than the delivery asked for.
    InitialResponseTooLong,
    /// The delivery has connected already.
    AlreadyConnected,
    /// The delivery is not done.
    NotDone,
}

impl fmt::Display for MisuseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotConnecting => "the delivery did not ask for a connection",
            Self::NotConnected => "there is no connection",
            Self::NothingToSend => "more octets were reported as sent than there were to send",
            Self::NoContentWanted => "the delivery did not ask for content",
            Self::TooMuchContent => "more content was given than the delivery asked for",
            Self::NotSecuring => "the delivery did not ask for a TLS handshake",
            Self::NotRewinding => "the delivery did not ask to go back to the start of the content",
            Self::NotAuthenticating => "the delivery did not ask for this authentication answer",
            Self::InitialResponseTooLong => "the initial response is longer than the delivery asked for",
            Self::AlreadyConnected => "the delivery has connected already",
            Self::NotDone => "the delivery is not done",
        })
    }
}

impl core::error::Error for MisuseError {}

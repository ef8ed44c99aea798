//! What a delivery asks its driver to do.

use std::{ptr, time::Duration};

use smtp_proto::{AuthRequest, Delivery, Mechanism, Outcome, Place, Step, Timeout};

use crate::{
    arguments, choices::Choice, delivery::smtp_delivery, events::smtp_place, handle, outcomes::smtp_outcome,
    policy::smtp_mechanism, status::smtp_status,
};

/// What to do next.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_step_kind {
    /// Drop the connection, if there is one. Then open a new one to `place`: give up on an address after `timeout`, and
    /// try the next one. Answer with `smtp_delivery_connected` or `smtp_delivery_connect_failed`.
    SMTP_STEP_CONNECT = 1,
    /// Write `octets`, or some of them, and report how many with `smtp_delivery_sent`. Keep reading while you wait to
    /// write, or both sides may block.
    SMTP_STEP_TRANSMIT = 2,
    /// Give at most `room` octets of the message with `smtp_delivery_content`, or report its end with
    /// `smtp_delivery_end_content`. `room` is never 0.
    SMTP_STEP_CONTENT = 3,
    /// Go back to the start of the content: the message needs a further transaction. Answer with
    /// `smtp_delivery_rewound` or `smtp_delivery_cannot_rewind`.
    SMTP_STEP_REWIND = 4,
    /// Read, and report with `smtp_delivery_received`, `smtp_delivery_disconnected` or `smtp_delivery_timed_out`.
    SMTP_STEP_RECEIVE = 5,
    /// Run a TLS handshake on the open connection. If `must_verify` is set, abort it if the server's certificate cannot
    /// be verified. Answer with `smtp_delivery_secured` or `smtp_delivery_secure_failed`. Before it, read once without
    /// waiting, and report what has arrived: that is not part of TLS.
    SMTP_STEP_SECURE = 6,
    /// Start a new exchange with `mechanism`, and answer with `smtp_delivery_auth_start`. An initial response may have
    /// `room` octets; there must be none unless `has_initial` is set.
    SMTP_STEP_AUTH_START = 7,
    /// Answer the challenge in `octets`, which is not in base64, with `smtp_delivery_auth_response`.
    SMTP_STEP_AUTH_CHALLENGE = 8,
    /// The server reports success. If the exchange agrees, answer with `smtp_delivery_auth_complete`.
    SMTP_STEP_AUTH_SUCCESS = 9,
    /// The delivery is done, with this `outcome`. Drop the connection unless `is_kept` is set.
    SMTP_STEP_DONE = 10,
}

use smtp_step_kind::{
    SMTP_STEP_AUTH_CHALLENGE, SMTP_STEP_AUTH_START, SMTP_STEP_AUTH_SUCCESS, SMTP_STEP_CONNECT, SMTP_STEP_CONTENT,
    SMTP_STEP_DONE, SMTP_STEP_RECEIVE, SMTP_STEP_REWIND, SMTP_STEP_SECURE, SMTP_STEP_TRANSMIT,
};

/// A step, with the data of its kind. All other members are 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct smtp_step {
    /// An `smtp_step_kind`. There will be no others in this version of the binary interface.
    pub kind: u32,
    /// Of TRANSMIT, RECEIVE and SECURE: changes when the timeout starts over. `smtp_clock_left` measures it.
    pub progress: u32,
    /// Of CONNECT, TRANSMIT, RECEIVE and SECURE: how long to wait, in milliseconds.
    pub timeout: u64,
    /// Of TRANSMIT: what to write. Of AUTH_CHALLENGE: the challenge. Valid until the next call that changes the
    /// delivery.
    pub octets: *const u8,
    /// How many octets there are.
    pub octets_len: usize,
    /// Of CONTENT and AUTH_START: how many octets to give at most.
    pub room: usize,
    /// Of CONNECT: an `smtp_place`.
    pub place: u32,
    /// Of the steps of AUTH: an `smtp_mechanism`.
    pub mechanism: u32,
    /// Of DONE: an `smtp_outcome`.
    pub outcome: u32,
    /// Of DONE: whether the connection is kept for another message.
    pub is_kept: bool,
    /// Of TRANSMIT: whether the octets contain a secret. Do not log them.
    pub is_sensitive: bool,
    /// Of SECURE: whether the server's certificate must be verified.
    pub must_verify: bool,
    /// Of AUTH_START: whether there may be an initial response.
    pub has_initial: bool,
}

/// The size of the struct in version 1.
const LEAST: usize = size_of::<smtp_step>();

impl smtp_step {
    pub(crate) const EMPTY: Self = Self {
        kind: 0,
        progress: 0,
        timeout: 0,
        octets: ptr::null(),
        octets_len: 0,
        room: 0,
        place: 0,
        mechanism: 0,
        outcome: 0,
        is_kept: false,
        is_sensitive: false,
        must_verify: false,
        has_initial: false,
    };

    const fn of_kind(kind: smtp_step_kind) -> Self {
        Self { kind: kind as u32, ..Self::EMPTY }
    }

    fn with_timeout(self, timeout: Timeout) -> Self {
        Self { timeout: milliseconds(timeout.duration), progress: timeout.progress, ..self }
    }

    fn with_octets(self, octets: &[u8]) -> Self {
        Self { octets: octets.as_ptr(), octets_len: octets.len(), ..self }
    }

    fn with_mechanism(self, mechanism: Mechanism) -> Self {
        Self { mechanism: smtp_mechanism::number(mechanism), ..self }
    }

    fn next(delivery: &Delivery) -> Self {
        match delivery.poll() {
            Step::Connect(to) => Self {
                place: <smtp_place as Choice<Place>>::number(to.place),
                timeout: milliseconds(to.timeout),
                ..Self::of_kind(SMTP_STEP_CONNECT)
            },
            Step::Transmit(transmit) => Self {
                is_sensitive: transmit.is_sensitive(),
                ..Self::of_kind(SMTP_STEP_TRANSMIT).with_timeout(transmit.timeout()).with_octets(transmit.octets())
            },
            Step::Content(room) => Self { room, ..Self::of_kind(SMTP_STEP_CONTENT) },
            Step::Rewind => Self::of_kind(SMTP_STEP_REWIND),
            Step::Receive(timeout) => Self::of_kind(SMTP_STEP_RECEIVE).with_timeout(timeout),
            Step::Secure(how) => {
                Self { must_verify: how.must_verify, ..Self::of_kind(SMTP_STEP_SECURE).with_timeout(how.timeout) }
            }
            Step::Authenticate(authenticate) => match authenticate.request {
                AuthRequest::Start { initial } => Self {
                    has_initial: initial.is_some(),
                    room: initial.unwrap_or(0),
                    ..Self::of_kind(SMTP_STEP_AUTH_START)
                },
                AuthRequest::Challenge(octets) => Self::of_kind(SMTP_STEP_AUTH_CHALLENGE).with_octets(octets),
                AuthRequest::Success => Self::of_kind(SMTP_STEP_AUTH_SUCCESS),
            }
            .with_mechanism(authenticate.mechanism),
            Step::Done(report) => Self {
                outcome: report.outcome().map_or(0, <smtp_outcome as Choice<Outcome>>::number),
                is_kept: delivery.is_kept(),
                ..Self::of_kind(SMTP_STEP_DONE)
            },
        }
    }
}

/// Rounded up, so that a timeout never expires early.
fn milliseconds(timeout: Duration) -> u64 {
    u64::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

/// Stores the next step of a delivery in `step`. `size` is `sizeof(smtp_step)`. The step stays the same until a call
/// changes the delivery.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_poll(
    delivery: *const smtp_delivery,
    step: *mut smtp_step,
    size: usize,
) -> smtp_status {
    // SAFETY: the caller promises the room.
    let poll = |delivery: &Delivery| unsafe { arguments::store(smtp_step::next(delivery), step, size, LEAST) };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::read(delivery, poll) }
}

//! The report on one connection.

use std::ffi::c_char;

use smtp_proto::{AttemptReport, Delivery, Hello, Security, TlsReport};

use crate::{
    arguments,
    choices::Choice,
    delivery::smtp_delivery,
    handle,
    outcomes::{smtp_hello, smtp_security},
    policy::smtp_mechanism,
    refusal::Refusal,
    status::smtp_status,
    text::{self, smtp_text},
};

/// The report on one attempt: the use of one connection for this message. Texts are valid until the next call that
/// changes the delivery.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct smtp_attempt {
    /// An `smtp_hello`: the one that was sent last.
    pub hello: u32,
    /// An `smtp_security`.
    pub security: u32,
    /// An `smtp_mechanism`: the one with which the client has authenticated; 0 if it has not.
    pub mechanism: u32,
    /// 1 if the connection had carried an earlier message.
    pub is_reused: u32,
    /// How far the connection came, as one word, such as `hello` or `content-end`.
    pub stage: smtp_text,
    /// How the attempt ended, as one word, such as `quit`, `closed` or `timed-out`; empty if it has not ended.
    pub end: smtp_text,
    /// The greeting; empty if there was none. This and the other replies are as the server sent them, and may be any
    /// octets.
    pub greeting: smtp_text,
    /// The reply that accepted the hello. After EHLO or LHLO, it lists what the server offers.
    pub hello_reply: smtp_text,
    /// The reply that ended the attempt, such as a refusal of EHLO or a 421.
    pub reply: smtp_text,
}

/// The size of the struct in version 1.
const LEAST: usize = size_of::<smtp_attempt>();

impl smtp_attempt {
    fn of(attempt: &AttemptReport<'_>) -> Self {
        let security = match attempt.tls() {
            TlsReport::Secured { unverified: None, .. } => Security::Verified,
            TlsReport::Secured { .. } => Security::Unverified,
            _ => Security::Clear,
        };
        let text = |reply: Option<smtp_proto::Reply<'_>>| reply.map_or(&b""[..], |reply| reply.octets()).into();
        Self {
            hello: attempt.hello().map_or(0, <smtp_hello as Choice<Hello>>::number),
            security: <smtp_security as Choice<Security>>::number(security),
            mechanism: attempt.mechanism().map_or(0, smtp_mechanism::number),
            is_reused: attempt.reused().into(),
            stage: attempt.stage().as_str().into(),
            end: attempt.end().map_or("", |end| end.as_str()).into(),
            greeting: text(attempt.greeting()),
            hello_reply: text(attempt.hello_reply()),
            reply: text(attempt.reply()),
        }
    }
}

/// Stores the report on the attempt with this index in `attempt`. `size` is `sizeof(smtp_attempt)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_attempt(
    delivery: *const smtp_delivery,
    index: usize,
    attempt: *mut smtp_attempt,
    size: usize,
) -> smtp_status {
    let read = |delivery: &Delivery| {
        let found = delivery.report().attempts().nth(index).ok_or(Refusal::Index)?;
        // SAFETY: the caller promises the room.
        unsafe { arguments::store(smtp_attempt::of(&found), attempt, size, LEAST) }
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::read(delivery, read) }
}

/// Writes how this attempt ended, like `smtp_delivery_report_text`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_attempt_text(
    delivery: *const smtp_delivery,
    index: usize,
    buffer: *mut c_char,
    size: usize,
    len: *mut usize,
) -> smtp_status {
    let write = |delivery: &Delivery| {
        let found = delivery.report().attempts().nth(index).ok_or(Refusal::Index)?;
        // SAFETY: the caller promises the room.
        unsafe { text::write(found, buffer, size, len) }
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::read(delivery, write) }
}

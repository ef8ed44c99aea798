//! The report on one recipient.

use std::{ffi::c_char, fmt::Display, ptr};

use smtp_proto::{Delivery, RecipientReport, Status};

use crate::{
    arguments,
    choices::Choice,
    delivery::smtp_delivery,
    handle,
    outcomes::{smtp_cause, smtp_recipient_status},
    refusal::Refusal,
    status::smtp_status,
    text::{self, smtp_text},
};

/// The report on one recipient. Texts are valid until the next call that changes the delivery.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct smtp_recipient {
    /// An `smtp_recipient_status`.
    pub status: u32,
    /// An `smtp_cause`: what settled the status.
    pub cause: u32,
    /// The recipient's address, as in the envelope.
    pub address: smtp_text,
    /// The reply that settled the status, as the server sent it, which may be any octets; empty if there is none.
    pub reply: smtp_text,
    /// The code of that reply; 0 if there is none.
    pub code: u32,
    /// Its enhanced code (RFC 3463), such as 5, 1 and 1; zeros if it has none.
    pub enhanced: [u32; 3],
}

/// The size of the struct in version 1.
const LEAST: usize = size_of::<smtp_recipient>();

impl smtp_recipient {
    fn of(address: &str, report: Option<&RecipientReport<'_>>) -> Self {
        let reply = report.and_then(RecipientReport::reply);
        let enhanced = reply.and_then(|reply| reply.enhanced());
        Self {
            status: report.map_or(0, |report| <smtp_recipient_status as Choice<Status>>::number(report.status)),
            cause: report.map_or(0, |report| smtp_cause::of(&report.cause) as u32),
            address: address.into(),
            reply: reply.map_or(&b""[..], |reply| reply.octets()).into(),
            code: reply.map_or(0, |reply| reply.code().get().into()),
            enhanced: enhanced.map_or([0; 3], |code| [code.class(), code.subject(), code.detail()].map(u32::from)),
        }
    }
}

/// Stores the report on the recipient with this index of the envelope in `recipient`. `size` is
/// `sizeof(smtp_recipient)`. The time that it takes grows with the index.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_recipient(
    delivery: *const smtp_delivery,
    index: usize,
    recipient: *mut smtp_recipient,
    size: usize,
) -> smtp_status {
    let read = |delivery: &Delivery| {
        let path = delivery.envelope().forward_paths().get(index).ok_or(Refusal::Index)?;
        let value = smtp_recipient::of(path.as_str(), find(delivery, index).as_ref());
        // SAFETY: the caller promises the room.
        unsafe { arguments::store(value, recipient, size, LEAST) }
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::read(delivery, read) }
}

/// Writes why this recipient has its status, like `smtp_delivery_report_text`: the server's reply, or what went wrong on
/// each connection. Empty as long as there is no final status.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_recipient_reason(
    delivery: *const smtp_delivery,
    index: usize,
    buffer: *mut c_char,
    size: usize,
    len: *mut usize,
) -> smtp_status {
    let write = |delivery: &Delivery| {
        delivery.envelope().forward_paths().get(index).ok_or(Refusal::Index)?;
        let found = find(delivery, index);
        let reason = text::from_fn(|f| found.iter().try_for_each(|report| report.reason().fmt(f)));
        // SAFETY: the caller promises the room.
        unsafe { text::write(reason, buffer, size, len) }
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::read(delivery, write) }
}

/// The report on the recipient with this index; `None` as long as there is no final status.
fn find(delivery: &Delivery, index: usize) -> Option<RecipientReport<'_>> {
    let path = delivery.envelope().forward_paths().get(index)?;
    // Those without a final status are left out. Paths are compared by address, because they may be equal.
    delivery.report().recipients().take(index.saturating_add(1)).find(|report| ptr::eq(report.path, path))
}

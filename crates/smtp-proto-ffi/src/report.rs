//! The report on a delivery.

use std::ffi::c_char;

use smtp_proto::{Delivery, Outcome};

use crate::{
    arguments,
    choices::Choice,
    delivery::smtp_delivery,
    handle,
    outcomes::smtp_outcome,
    status::smtp_status,
    text::{self, Buffer},
};

/// The report on a delivery. It is complete when the delivery is done.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct smtp_report {
    /// An `smtp_outcome`.
    pub outcome: u32,
    /// 1 if the connection is kept for another message.
    pub is_kept: u32,
    /// How many recipients the envelope has.
    pub recipients: usize,
    /// How many connections were used or attempted.
    pub attempts: usize,
    /// The length of the longest line of the content, in octets without its line end, if it is above 998; otherwise 0.
    /// Such a line is sent as it is, but some servers refuse it.
    pub longest_line: u64,
}

/// The size of the struct in version 1.
const LEAST: usize = size_of::<smtp_report>();

/// Stores the report in `report`. `size` is `sizeof(smtp_report)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_report(
    delivery: *const smtp_delivery,
    report: *mut smtp_report,
    size: usize,
) -> smtp_status {
    let read = |delivery: &Delivery| {
        let found = delivery.report();
        let value = smtp_report {
            outcome: found.outcome().map_or(0, <smtp_outcome as Choice<Outcome>>::number),
            is_kept: delivery.is_kept().into(),
            recipients: delivery.envelope().forward_paths().len(),
            attempts: found.attempts().count(),
            longest_line: found.longest_line().unwrap_or(0),
        };
        // SAFETY: the caller promises the room.
        unsafe { arguments::store(value, report, size, LEAST) }
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::read(delivery, read) }
}

/// Writes the report for humans: a line for each recipient, then one for each connection.
///
/// This and all other texts are written like `snprintf` does it: at most `size` octets with the zero that ends them. The
/// length of the whole text without that zero is stored in `len`, which may be NULL. With a `size` of 0, `buffer` may be
/// NULL. The text is UTF-8, and what a server sent is escaped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_report_text(
    delivery: *const smtp_delivery,
    buffer: *mut c_char,
    size: usize,
    len: *mut usize,
) -> smtp_status {
    // SAFETY: the caller promises the room.
    let write = |delivery: &Delivery| unsafe { text::write(delivery.report(), buffer, size, len) };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::read(delivery, write) }
}

/// Writes the report as one JSON object, like `smtp_delivery_report_text`:
///
/// ```json
/// {"outcome":"delivered",
///  "recipients":[{"address":"bob@example.net","status":"delivered",
///    "reply":{"code":250,"enhanced":"2.0.0","text":"2.0.0 Queued"},"reason":"250 2.0.0 Queued"}],
///  "attempts":[{"server":null,"greeting":"ehlo","tls":null,"auth":null,
///    "stage":"quit","ended":"quit","reason":null}]}
/// ```
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_report_json(
    delivery: *const smtp_delivery,
    buffer: *mut c_char,
    size: usize,
    len: *mut usize,
) -> smtp_status {
    let write = |delivery: &Delivery| {
        // SAFETY: the caller promises the room.
        let mut json = unsafe { Buffer::new(buffer, size) }?;
        // A buffer does not fail, and the names of the members are text.
        let _ = serde_json::to_writer(&mut json, &delivery.report());
        // SAFETY: the caller promises the room.
        unsafe { json.end(len) }
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::read(delivery, write) }
}

//! Calls that write to memory of the caller, and calls with wrong handles.

use std::{ffi::c_char, ptr};

use arbitrary::Arbitrary;

use super::{
    arguments::Number,
    world::{World, expect},
};
use crate::{
    attempt::{smtp_attempt, smtp_delivery_attempt, smtp_delivery_attempt_text},
    authentication::smtp_mechanism_name,
    connection::smtp_delivery_connected,
    delivery::{smtp_delivery, smtp_delivery_deliver_next, smtp_delivery_free},
    envelope::smtp_envelope,
    recipient::{smtp_delivery_recipient, smtp_delivery_recipient_reason, smtp_recipient},
    report::{smtp_delivery_report, smtp_delivery_report_json, smtp_delivery_report_text, smtp_report},
    status::{smtp_status, smtp_status_text},
    text::{smtp_error_text, smtp_text},
};

/// A call that reads, or is refused.
#[derive(Arbitrary, Clone, Debug)]
pub(super) enum Read {
    WrongKind(u8),
    Texts(u8, u8),
    Structs(u16, u8),
    Names(Number),
}

impl Read {
    pub(super) fn make(self, world: &mut World) {
        let &mut World { config, envelope, delivery } = world;
        // SAFETY: handles are valid or NULL, octets have the lengths that are given, and there is room for results.
        unsafe {
            match self {
                Self::WrongKind(choice) => {
                    let status = match choice % 3 {
                        0 => smtp_delivery_connected(config.cast()),
                        1 => smtp_delivery_deliver_next(delivery, delivery.cast::<smtp_envelope>()),
                        _ => smtp_delivery_free(envelope.cast::<smtp_delivery>()),
                    };
                    let is_null = envelope.is_null() && choice % 3 == 2;
                    assert!(is_null || status == smtp_status::SMTP_BAD_HANDLE, "{status:?}");
                }
                Self::Texts(size, index) => texts(world, size.into(), index.into()),
                Self::Structs(size, index) => structs(delivery, size.into(), index.into()),
                Self::Names(Number(number)) => {
                    let mut name = smtp_text::from("");
                    expect(smtp_mechanism_name(number, &raw mut name));
                    assert!(!smtp_status_text(number).is_null());
                }
            }
        }
    }
}

/// Texts are written to the room that they are given.
fn texts(world: &World, size: usize, index: usize) {
    const MOST: usize = 255;
    let delivery = world.delivery;
    let write = |which, buffer: *mut c_char, len: *mut usize| {
        // SAFETY: the handles are valid or NULL, and there is room for `size` octets, unless that is zero, and a number.
        unsafe {
            match which {
                0 => smtp_delivery_report_text(delivery, buffer, size, len),
                1 => smtp_delivery_report_json(delivery, buffer, size, len),
                2 => smtp_delivery_recipient_reason(delivery, index, buffer, size, len),
                3 => smtp_delivery_attempt_text(delivery, index, buffer, size, len),
                _ => smtp_error_text(world.envelope.cast(), buffer, size, len),
            }
        }
    };
    for which in 0..5 {
        let (mut buffer, mut len) = ([0xff_u8; MOST + 1], 0);
        let status = write(which, buffer.as_mut_ptr().cast(), &raw mut len);
        expect(status);
        let written = if status == smtp_status::SMTP_OK { size } else { 0 };
        assert!(buffer[written..].iter().all(|octet| *octet == 0xff), "more than {size} octets were written");
        if let Some(end) = buffer[..written].iter().position(|octet| *octet == 0) {
            assert!(end <= len && std::str::from_utf8(&buffer[..end]).is_ok());
        } else {
            assert_eq!(written, 0);
        }
        let without_room = write(which, ptr::null_mut(), &raw mut len);
        if status == smtp_status::SMTP_OK {
            assert_eq!(without_room == smtp_status::SMTP_OK, size == 0);
        }
    }
}

/// Structs are written to the room that they are given, whatever its alignment.
#[allow(clippy::cast_ptr_alignment, reason = "the library writes octets")]
fn structs(delivery: *const smtp_delivery, size: usize, index: usize) {
    let mut buffer = [0xff_u8; 512];
    if size > buffer.len() {
        return;
    }
    let out = buffer.as_mut_ptr();
    // SAFETY: the handle is valid or NULL, and there is room for `size` octets.
    unsafe {
        expect(smtp_delivery_report(delivery, out.cast::<smtp_report>(), size));
        expect(smtp_delivery_recipient(delivery, index, out.cast::<smtp_recipient>(), size));
        expect(smtp_delivery_attempt(delivery, index, out.cast::<smtp_attempt>(), size));
    }
    assert!(buffer[size..].iter().all(|octet| *octet == 0xff), "more than {size} octets were written");
}

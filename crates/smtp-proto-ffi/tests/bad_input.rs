//! Arguments that are not valid are refused, and change nothing.

use std::{ffi::c_char, ptr};

use smtp_proto_ffi::{
    smtp_config, smtp_config_add_mechanism, smtp_config_free, smtp_config_get, smtp_config_new, smtp_config_set,
    smtp_delivery, smtp_delivery_attempt, smtp_delivery_cancel, smtp_delivery_connected, smtp_delivery_connected_from,
    smtp_delivery_content, smtp_delivery_disconnected, smtp_delivery_free, smtp_delivery_new, smtp_delivery_poll,
    smtp_delivery_received, smtp_delivery_recipient, smtp_delivery_report, smtp_delivery_report_text,
    smtp_delivery_secured, smtp_delivery_sent, smtp_envelope, smtp_envelope_add_recipient, smtp_envelope_free,
    smtp_envelope_new, smtp_envelope_set, smtp_envelope_set_deliver_by, smtp_envelope_set_notify, smtp_error_text,
    smtp_option,
    smtp_status::{self, SMTP_BAD_HANDLE, SMTP_INVALID_ARGUMENT, SMTP_MISUSE, SMTP_NO_SUCH_ITEM, SMTP_OK},
    smtp_step, smtp_step_kind,
};

/// A delivery with its policy and its envelope.
struct Handles {
    config: *mut smtp_config,
    envelope: *mut smtp_envelope,
    delivery: *mut smtp_delivery,
}

fn text(text: &str) -> (*const c_char, usize) {
    (text.as_ptr().cast(), text.len())
}

impl Handles {
    fn new() -> Self {
        let (mut config, mut envelope, mut delivery) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        let ((name, name_len), (path, path_len)) = (text("client.example"), text("bob@example.net"));
        // SAFETY: the texts have these lengths, and there is room for the handles.
        unsafe {
            assert_eq!(smtp_config_new(name, name_len, &raw mut config), SMTP_OK);
            assert_eq!(smtp_envelope_new(ptr::null(), 0, &raw mut envelope), SMTP_OK);
            assert_eq!(smtp_envelope_add_recipient(envelope, path, path_len), SMTP_OK);
            assert_eq!(smtp_delivery_new(config, envelope, &raw mut delivery), SMTP_OK);
        }
        Self { config, envelope, delivery }
    }

    fn step(&self) -> smtp_step {
        // SAFETY: a struct of numbers and pointers may be zero. It has room for the step.
        unsafe {
            let mut step: smtp_step = std::mem::zeroed();
            assert_eq!(smtp_delivery_poll(self.delivery, &raw mut step, size_of::<smtp_step>()), SMTP_OK);
            step
        }
    }

    fn why(&self) -> String {
        let (mut buffer, mut len) = ([0_u8; 128], 0);
        // SAFETY: there is room for the text and its length.
        let status =
            unsafe { smtp_error_text(self.delivery.cast(), buffer.as_mut_ptr().cast(), buffer.len(), &raw mut len) };
        assert_eq!(status, SMTP_OK);
        String::from_utf8(buffer[..len].to_vec()).unwrap()
    }
}

impl Drop for Handles {
    fn drop(&mut self) {
        // SAFETY: the handles were not freed.
        unsafe {
            assert_eq!(smtp_delivery_free(self.delivery), SMTP_OK);
            assert_eq!(smtp_envelope_free(self.envelope), SMTP_OK);
            assert_eq!(smtp_config_free(self.config), SMTP_OK);
        }
    }
}

#[test]
fn null_is_refused_where_something_is_needed_and_taken_where_nothing_is() {
    let handles = Handles::new();
    let &Handles { config, envelope, delivery } = &handles;
    let nothing = ptr::null_mut::<smtp_delivery>();
    // SAFETY: NULL is always allowed.
    let made: Vec<(smtp_status, smtp_status)> = unsafe {
        vec![
            (smtp_config_new(ptr::null(), 0, ptr::null_mut()), SMTP_INVALID_ARGUMENT),
            (smtp_config_new(ptr::null(), 14, ptr::null_mut()), SMTP_INVALID_ARGUMENT),
            (smtp_config_get(config, 1, ptr::null_mut()), SMTP_INVALID_ARGUMENT),
            (smtp_delivery_new(config, envelope, ptr::null_mut()), SMTP_INVALID_ARGUMENT),
            (smtp_envelope_add_recipient(envelope, ptr::null(), 3), SMTP_INVALID_ARGUMENT),
            (smtp_delivery_poll(delivery, ptr::null_mut(), size_of::<smtp_step>()), SMTP_INVALID_ARGUMENT),
            (smtp_delivery_poll(nothing, ptr::null_mut(), 0), SMTP_BAD_HANDLE),
            (smtp_delivery_sent(nothing, 0), SMTP_BAD_HANDLE),
            (smtp_error_text(ptr::null(), ptr::null_mut(), 0, ptr::null_mut()), SMTP_BAD_HANDLE),
            (smtp_delivery_report(delivery, ptr::null_mut(), 1000), SMTP_INVALID_ARGUMENT),
            (smtp_delivery_report_text(delivery, ptr::null_mut(), 1, ptr::null_mut()), SMTP_INVALID_ARGUMENT),
            (smtp_delivery_report_text(delivery, ptr::null_mut(), 0, ptr::null_mut()), SMTP_OK),
            (smtp_delivery_connected(delivery), SMTP_OK),
            (smtp_delivery_received(delivery, ptr::null(), 0), SMTP_OK),
            (smtp_delivery_received(delivery, ptr::null(), 1), SMTP_INVALID_ARGUMENT),
            (smtp_delivery_free(nothing), SMTP_OK),
        ]
    };
    for (at, (status, expected)) in made.into_iter().enumerate() {
        assert_eq!(status, expected, "call {at}");
    }
}

#[test]
fn a_length_that_no_object_has_is_refused() {
    let handles = Handles::new();
    let octet = b'x';
    for len in [usize::MAX, isize::MAX as usize + 1] {
        // SAFETY: such a length is refused before anything is read.
        let statuses = unsafe {
            [
                smtp_envelope_add_recipient(handles.envelope, (&raw const octet).cast(), len),
                smtp_delivery_report_text(handles.delivery, (&raw const octet).cast_mut().cast(), len, ptr::null_mut()),
                smtp_delivery_poll(handles.delivery, &mut handles.step(), len),
                smtp_delivery_received(handles.delivery, &raw const octet, len),
            ]
        };
        assert_eq!(statuses, [SMTP_INVALID_ARGUMENT; 4], "{len}");
    }
}

#[test]
fn an_unknown_option_value_or_enum_is_refused() {
    let handles = Handles::new();
    let &Handles { config, envelope, delivery } = &handles;
    let connect = handles.step();
    for number in [77, u32::MAX, 0xffff_0001] {
        // SAFETY: the handles were not freed.
        let statuses = unsafe {
            [
                smtp_config_set(config, number, 0),
                smtp_config_set(config, smtp_option::SMTP_OPTION_TLS as u32, number.into()),
                smtp_config_add_mechanism(config, number),
                smtp_envelope_set(envelope, number, 0),
                smtp_envelope_set(envelope, 1, number.into()),
                smtp_envelope_set_notify(envelope, 0, number),
                smtp_envelope_set_deliver_by(envelope, 60, number, 0),
                smtp_envelope_set_deliver_by(envelope, 60, 0, number),
                smtp_delivery_cancel(delivery, number),
                smtp_delivery_disconnected(delivery, number),
                smtp_delivery_secured(delivery, number, ptr::null(), 0, 0),
                smtp_delivery_secured(delivery, 13, ptr::null(), 0, number),
            ]
        };
        assert_eq!(statuses, [SMTP_INVALID_ARGUMENT; 12], "{number}");
    }
    assert_eq!(handles.step().kind, connect.kind);
}

#[test]
fn a_step_that_is_answered_twice_is_misuse_and_changes_nothing() {
    let handles = Handles::new();
    assert_eq!(handles.step().kind, smtp_step_kind::SMTP_STEP_CONNECT as u32);
    // SAFETY: the handle was not freed, and the octets have this length.
    unsafe {
        assert_eq!(smtp_delivery_connected(handles.delivery), SMTP_OK);
        assert_eq!(handles.why(), "");
        assert_eq!(smtp_delivery_connected(handles.delivery), SMTP_MISUSE);
        assert_eq!(handles.why(), "the delivery did not ask for a connection");
        let greeting = b"220 mx\r\n";
        assert_eq!(smtp_delivery_received(handles.delivery, greeting.as_ptr(), greeting.len()), SMTP_OK);
        let transmit = handles.step();
        assert_eq!(transmit.kind, smtp_step_kind::SMTP_STEP_TRANSMIT as u32);
        assert_eq!(smtp_delivery_sent(handles.delivery, transmit.octets_len + 1), SMTP_MISUSE);
        assert_eq!(handles.step().octets_len, transmit.octets_len);
        assert_eq!(smtp_delivery_sent(handles.delivery, transmit.octets_len), SMTP_OK);
        assert_eq!(smtp_delivery_sent(handles.delivery, transmit.octets_len), SMTP_MISUSE);
        assert_eq!(smtp_delivery_content(handles.delivery, greeting.as_ptr(), 3), SMTP_MISUSE);
    }
}

#[test]
fn an_index_behind_the_last_item_is_refused() {
    let handles = Handles::new();
    // SAFETY: the handles were not freed, and the structs may be zero.
    unsafe {
        let (mut recipient, mut attempt) = (std::mem::zeroed(), std::mem::zeroed());
        for (index, expected) in [(0, SMTP_OK), (1, SMTP_NO_SUCH_ITEM), (usize::MAX, SMTP_NO_SUCH_ITEM)] {
            let size = size_of_val(&recipient);
            assert_eq!(smtp_delivery_recipient(handles.delivery, index, &raw mut recipient, size), expected);
            assert_eq!(smtp_envelope_set_notify(handles.envelope, index, 0), expected);
        }
        let size = size_of_val(&attempt);
        assert_eq!(smtp_delivery_attempt(handles.delivery, 0, &raw mut attempt, size), SMTP_NO_SUCH_ITEM);
        assert_eq!(smtp_delivery_connected_from(handles.delivery, [1, 2, 3].as_ptr(), 3), SMTP_INVALID_ARGUMENT);
        assert_eq!(smtp_delivery_connected_from(handles.delivery, [192, 0, 2, 1].as_ptr(), 4), SMTP_OK);
        assert_eq!(smtp_delivery_attempt(handles.delivery, 0, &raw mut attempt, size), SMTP_OK);
    }
}

#[test]
fn a_struct_of_another_version_gets_the_members_that_it_has() {
    const SIZE: usize = size_of::<smtp_step>();
    let handles = Handles::new();
    let mut room = [0xff_u8; SIZE + 16];
    for (size, expected) in
        [(SIZE - 1, SMTP_INVALID_ARGUMENT), (0, SMTP_INVALID_ARGUMENT), (SIZE, SMTP_OK), (SIZE + 8, SMTP_OK)]
    {
        room.fill(0xff);
        // SAFETY: there is room for `size` octets, in a buffer without an alignment of its own.
        let status = unsafe { smtp_delivery_poll(handles.delivery, room.as_mut_ptr().cast(), size) };
        assert_eq!(status, expected, "{size}");
        let written = if expected == SMTP_OK { size } else { 0 };
        assert!(room[written..].iter().all(|octet| *octet == 0xff), "{size}");
        assert!(room[SIZE.min(written)..written].iter().all(|octet| *octet == 0), "{size}");
    }
}

#[test]
fn a_text_that_does_not_fit_is_cut_between_characters_and_its_length_is_reported() {
    let mut config = ptr::null_mut();
    let (name, name_len) = text("client.example");
    // SAFETY: the text has this length, there is room for the handle, and for each text.
    unsafe {
        assert_eq!(smtp_config_new(name, name_len, &raw mut config), SMTP_OK);
        assert_eq!(smtp_config_set(config, 77, 0), SMTP_INVALID_ARGUMENT);
        let whole = "there is no such option or value";
        for size in [0, 1, 2, 10, whole.len(), whole.len() + 1, 100] {
            let (mut buffer, mut len) = ([0xff_u8; 128], 0);
            assert_eq!(smtp_error_text(config.cast(), buffer.as_mut_ptr().cast(), size, &raw mut len), SMTP_OK);
            assert_eq!(len, whole.len());
            let fits = size.saturating_sub(1).min(len);
            assert_eq!(&buffer[..fits], &whole.as_bytes()[..fits]);
            assert!(size == 0 || buffer[fits] == 0);
            assert!(buffer[size.min(fits + 1)..].iter().all(|octet| *octet == 0xff), "{size}");
        }
        assert_eq!(smtp_config_free(config), SMTP_OK);
    }
}

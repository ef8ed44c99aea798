//! Answers of SASL.

use std::ffi::c_char;

use smtp_proto::{Delivery, Mechanism};

use crate::{
    arguments, choices::Choice, delivery::smtp_delivery, handle, policy::smtp_mechanism, refusal::Refusal,
    status::smtp_status, text::smtp_text,
};

/// Starts the exchange. `initial` is NULL if there is no initial response; it may have zero octets, and at most as many
/// as the step asked for. Answers SMTP_STEP_AUTH_START.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_auth_start(
    delivery: *mut smtp_delivery,
    initial: *const u8,
    initial_len: usize,
) -> smtp_status {
    let start = |delivery: &mut Delivery| {
        // SAFETY: the caller promises the length.
        let octets = unsafe { arguments::octets(initial, initial_len) }?;
        Ok(delivery.auth_start((!initial.is_null()).then_some(octets))?)
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(delivery, initial_len, start) }
}

/// Gives the response to a challenge, which may be empty. Answers SMTP_STEP_AUTH_CHALLENGE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_auth_response(
    delivery: *mut smtp_delivery,
    response: *const u8,
    response_len: usize,
) -> smtp_status {
    // SAFETY: the caller promises the length.
    let answer =
        |delivery: &mut Delivery| Ok(delivery.auth_response(unsafe { arguments::octets(response, response_len) }?)?);
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(delivery, response_len, answer) }
}

/// Confirms that the exchange is complete, and that the server has proved who it is if the mechanism asks for that.
/// Answers SMTP_STEP_AUTH_SUCCESS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_auth_complete(delivery: *mut smtp_delivery) -> smtp_status {
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(delivery, 0, |delivery: &mut Delivery| Ok(delivery.auth_complete()?)) }
}

/// Gives up the authentication. Recipients are deferred, and `why` goes into the report. Answers each of the three steps
/// of AUTH.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_auth_abandon(
    delivery: *mut smtp_delivery,
    why: *const c_char,
    why_len: usize,
) -> smtp_status {
    // SAFETY: the caller promises the length.
    let abandon = |delivery: &mut Delivery| Ok(delivery.auth_abandon(unsafe { arguments::text(why, why_len) }?)?);
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(delivery, why_len, abandon) }
}

/// Cuts off replies that contain this secret, such as a password, in reports. Only fingerprints of it are kept.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_hide(
    delivery: *mut smtp_delivery,
    secret: *const u8,
    secret_len: usize,
) -> smtp_status {
    let hide = |delivery: &mut Delivery| {
        // SAFETY: the caller promises the length.
        delivery.hide(unsafe { arguments::octets(secret, secret_len) }?);
        Ok(())
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(delivery, secret_len, hide) }
}

/// Stores the registered name of an `smtp_mechanism`, such as `SCRAM-SHA-256`, in `name`. It is static.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_mechanism_name(mechanism: u32, name: *mut smtp_text) -> smtp_status {
    // SAFETY: the caller promises the room.
    let stored = smtp_mechanism::read(mechanism)
        .and_then(|mechanism: Mechanism| unsafe { arguments::store_one(mechanism.name().into(), name) });
    stored.map_or_else(Refusal::status, |()| smtp_status::SMTP_OK)
}

//! The results of TLS handshakes.

use std::ffi::c_char;

use smtp_proto::{Delivery, Secured};

use crate::{
    arguments, choices::Choice, delivery::smtp_delivery, events::smtp_tls_version, handle, option::switch,
    status::smtp_status,
};

/// Reports that the TLS handshake has completed, with this `smtp_tls_version`. `unverified` is NULL if the server's
/// certificate was verified, and otherwise says why not. `can_bind` is 1 if an authentication can be bound to the
/// connection (RFC 5056), and otherwise 0. Answers SMTP_STEP_SECURE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_secured(
    delivery: *mut smtp_delivery,
    version: u32,
    unverified: *const c_char,
    unverified_len: usize,
    can_bind: u32,
) -> smtp_status {
    let secured = |delivery: &mut Delivery| {
        let version = smtp_tls_version::read(version)?;
        // SAFETY: the caller promises the length.
        let why = unsafe { arguments::text(unverified, unverified_len) }?;
        let facts = if unverified.is_null() { Secured::verified(version) } else { Secured::unverified(version, why) };
        Ok(delivery.secured(facts.with_channel_binding(switch(can_bind.into())?))?)
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(delivery, unverified_len, secured) }
}

/// Reports that the TLS handshake failed. `why` goes into the report. Drop the connection. Answers SMTP_STEP_SECURE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_secure_failed(
    delivery: *mut smtp_delivery,
    why: *const c_char,
    why_len: usize,
) -> smtp_status {
    // SAFETY: the caller promises the length.
    let failed = |delivery: &mut Delivery| Ok(delivery.secure_failed(unsafe { arguments::text(why, why_len) }?)?);
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(delivery, why_len, failed) }
}

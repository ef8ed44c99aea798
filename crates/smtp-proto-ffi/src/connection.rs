//! What happened on the connection.

use std::{
    ffi::c_char,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use smtp_proto::Delivery;

use crate::{
    arguments, choices::Choice, delivery::smtp_delivery, events::smtp_disconnect, handle, refusal::Refusal,
    status::smtp_status,
};

/// Reports that a new connection is open. Answers SMTP_STEP_CONNECT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_connected(delivery: *mut smtp_delivery) -> smtp_status {
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(delivery, 0, |delivery: &mut Delivery| Ok(delivery.connected()?)) }
}

/// The same, with the local address of the connection: 4 octets for IPv4 or 16 for IPv6, in network order. It is used if
/// SMTP_OPTION_ADDRESS_LITERAL is set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_connected_from(
    delivery: *mut smtp_delivery,
    address: *const u8,
    address_len: usize,
) -> smtp_status {
    let connected = |delivery: &mut Delivery| {
        // SAFETY: the caller promises the length.
        let octets = unsafe { arguments::octets(address, address_len) }?;
        let address: IpAddr = if let Ok(octets) = <[u8; 4]>::try_from(octets) {
            Ipv4Addr::from(octets).into()
        } else if let Ok(octets) = <[u8; 16]>::try_from(octets) {
            Ipv6Addr::from(octets).into()
        } else {
            return Err(Refusal::Value);
        };
        Ok(delivery.connected_from(address)?)
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(delivery, address_len, connected) }
}

/// Reports that no connection could be opened. `why` goes into the report. Answers SMTP_STEP_CONNECT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_connect_failed(
    delivery: *mut smtp_delivery,
    why: *const c_char,
    why_len: usize,
) -> smtp_status {
    // SAFETY: the caller promises that it is a handle or NULL, and the length.
    let failed = |delivery: &mut Delivery| Ok(delivery.connect_failed(unsafe { arguments::text(why, why_len) }?)?);
    // SAFETY: as above.
    unsafe { handle::change(delivery, why_len, failed) }
}

/// Reports that the transport accepted this many octets from the start of those in SMTP_STEP_TRANSMIT. Call it directly
/// after the write, before anything that was received.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_sent(delivery: *mut smtp_delivery, octets: usize) -> smtp_status {
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(delivery, 0, |delivery: &mut Delivery| Ok(delivery.sent(octets)?)) }
}

/// Reports octets that arrived, in pieces of any size.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_received(
    delivery: *mut smtp_delivery,
    octets: *const u8,
    octets_len: usize,
) -> smtp_status {
    // SAFETY: the caller promises the length.
    let received = |delivery: &mut Delivery| Ok(delivery.received(unsafe { arguments::octets(octets, octets_len) }?)?);
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(delivery, octets_len, received) }
}

/// Reports that the connection is lost; `how` is an `smtp_disconnect`. Report everything that has arrived before you
/// call this.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_disconnected(delivery: *mut smtp_delivery, how: u32) -> smtp_status {
    let lost = |delivery: &mut Delivery| Ok(delivery.disconnected(smtp_disconnect::read(how)?)?);
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(delivery, 0, lost) }
}

/// Reports that the timeout of the step has expired. The connection is then abandoned. Report everything that has
/// arrived before you call this.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_timed_out(delivery: *mut smtp_delivery) -> smtp_status {
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(delivery, 0, |delivery: &mut Delivery| Ok(delivery.timed_out()?)) }
}

//! The content of the message.

use smtp_proto::Delivery;

use crate::{arguments, delivery::smtp_delivery, handle, status::smtp_status};

/// Gives the next octets of the message: at most as many as SMTP_STEP_CONTENT asked for. They are copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_content(
    delivery: *mut smtp_delivery,
    octets: *const u8,
    octets_len: usize,
) -> smtp_status {
    // SAFETY: the caller promises the length.
    let content = |delivery: &mut Delivery| Ok(delivery.content(unsafe { arguments::octets(octets, octets_len) }?)?);
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change_needing(delivery, of_a_chunk, octets_len, content) }
}

/// The first content of a chunk reserves room for all of it.
fn of_a_chunk(delivery: &Delivery) -> usize {
    /// A longer chunk counts as this long.
    const LONGEST: usize = 1 << 30;
    let limits = delivery.config().limits();
    limits.chunk().min(LONGEST).saturating_add(limits.block().min(LONGEST)).saturating_add(SURROUNDINGS)
}

/// Command lines around a chunk.
const SURROUNDINGS: usize = 1024;

/// Reports the end of the message. Answers SMTP_STEP_CONTENT. If the source failed, call `smtp_delivery_cancel` instead:
/// the server would accept an incomplete message as complete.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_end_content(delivery: *mut smtp_delivery) -> smtp_status {
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(delivery, 0, |delivery: &mut Delivery| Ok(delivery.end_content()?)) }
}

/// Reports that the source is at the start of the content again. Answers SMTP_STEP_REWIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_rewound(delivery: *mut smtp_delivery) -> smtp_status {
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(delivery, 0, |delivery: &mut Delivery| Ok(delivery.rewound()?)) }
}

/// Reports that the content cannot be read again from its start. The recipients of the next transaction are deferred.
/// Answers SMTP_STEP_REWIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_cannot_rewind(delivery: *mut smtp_delivery) -> smtp_status {
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(delivery, 0, |delivery: &mut Delivery| Ok(delivery.cannot_rewind()?)) }
}

//! A delivery: its start, its end, and what its caller decides.

use std::sync::Arc;

use smtp_proto::{Config, Delivery};

use crate::{
    choices::Choice,
    config::{Settings, smtp_config},
    envelope::{Draft, smtp_envelope},
    events::smtp_cancel,
    handle::{self, Kind},
    head,
    status::smtp_status,
};

/// The delivery of one message to one next hop, over as many connections as needed.
///
/// Call `smtp_delivery_poll` for the next step, perform it, report the result with the function that the step names, and
/// poll again. Functions may be called in any order: one that is not allowed now returns SMTP_MISUSE and changes
/// nothing.
pub struct smtp_delivery {
    _private: (),
}

impl Kind for Delivery {
    type Opaque = smtp_delivery;
    const MARK: u32 = head::DELIVERY;
    /// Room for commands, and for the first buffers of a connection.
    const NEEDS: usize = 32 * 1024;

    /// Commands that are sent together. Encoded, a recipient is at most eight times as long as in memory.
    fn grows(&self, held: usize) -> usize {
        self.config().limits().pipeline().min(held.saturating_mul(8))
    }
}

/// Starts the delivery of a message with this envelope, and stores it in `delivery`. SMTP_INVALID_ARGUMENT if the
/// envelope has no recipient, if a command would be longer than 512 octets, or if one would have the same parameter
/// twice. NULL is stored then. Free it with `smtp_delivery_free`; `config` and `envelope` stay the caller's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_new(
    config: *const smtp_config,
    envelope: *const smtp_envelope,
    delivery: *mut *mut smtp_delivery,
) -> smtp_status {
    // SAFETY: the caller promises that they are handles or NULL, and the room.
    unsafe {
        if let Err(refusal) = handle::clear(delivery) {
            return refusal.status();
        }
        with_shared(config, |shared| {
            with_copy(envelope, |draft, held| {
                handle::create(delivery, held, || Ok(Delivery::new(shared, draft.envelope()?)))
            })
        })
    }
}

/// Starts a delivery without a message, which only greets the server: the reply to EHLO is in the report on the attempt.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_probe(
    config: *const smtp_config,
    delivery: *mut *mut smtp_delivery,
) -> smtp_status {
    // SAFETY: the caller promises that it is a handle or NULL, and the room.
    unsafe {
        if let Err(refusal) = handle::clear(delivery) {
            return refusal.status();
        }
        with_shared(config, |shared| handle::create(delivery, 0, || Ok(Delivery::probe(shared))))
    }
}

/// Frees a delivery, in any state. NULL is ignored. Nothing is sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_free(delivery: *mut smtp_delivery) -> smtp_status {
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::free::<Delivery>(delivery) }
}

/// Stops the delivery. It is then done, and the connection must be dropped. `why` is an `smtp_cancel`.
///
/// Before the end of the content was sent, recipients without a final status are deferred; after that, they are
/// unconfirmed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_cancel(delivery: *mut smtp_delivery, why: u32) -> smtp_status {
    let cancel = |delivery: &mut Delivery| {
        delivery.cancel(smtp_cancel::read(why)?);
        Ok(())
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(delivery, 0, cancel) }
}

/// Starts the next message to the same next hop, when the delivery is done. It uses the kept connection if there is one
/// and it can carry the message; otherwise it asks for a new one. The report on the message before is forgotten.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_deliver_next(
    delivery: *mut smtp_delivery,
    envelope: *const smtp_envelope,
) -> smtp_status {
    // SAFETY: the caller promises that they are handles or NULL.
    unsafe {
        with_copy(envelope, |draft, held| {
            handle::change(delivery, held, |delivery: &mut Delivery| Ok(delivery.deliver_next(draft.envelope()?)?))
        })
    }
}

/// Ends a kept connection with QUIT: poll until the delivery is done again. Does nothing if there is no connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_quit(delivery: *mut smtp_delivery) -> smtp_status {
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(delivery, 0, |delivery: &mut Delivery| Ok(delivery.quit()?)) }
}

/// Calls `with` with the policy, unless there is none.
///
/// # Safety
///
/// `config` is NULL, or a handle that was not freed.
unsafe fn with_shared(config: *const smtp_config, with: impl FnOnce(Arc<Config>) -> smtp_status) -> smtp_status {
    let mut status = smtp_status::SMTP_OK;
    let read = |settings: &Settings| {
        status = with(settings.shared());
        Ok(())
    };
    // SAFETY: the caller's promise is the same.
    let found = unsafe { handle::read(config, read) };
    if found == smtp_status::SMTP_OK { status } else { found }
}

/// Calls `with` with the envelope and how many octets it has allocated, unless there is none.
///
/// # Safety
///
/// `envelope` is NULL, or a handle that was not freed.
unsafe fn with_copy(envelope: *const smtp_envelope, with: impl FnOnce(&Draft, usize) -> smtp_status) -> smtp_status {
    let mut status = smtp_status::SMTP_OK;
    let read = |draft: &Draft, held| {
        status = with(draft, held);
        Ok(())
    };
    // SAFETY: the caller's promise is the same.
    let found = unsafe { handle::copy(envelope, read) };
    if found == smtp_status::SMTP_OK { status } else { found }
}

//! The head of a handle: of which kind it is, and who uses it.

use std::{
    cell::UnsafeCell,
    sync::atomic::{AtomicU32, Ordering},
};

use crate::{refusal::Refusal, status::smtp_status};

/// The marks of all kinds.
pub(crate) const CONFIG: u32 = 0x5c0f_0000;
pub(crate) const ENVELOPE: u32 = 0x5e57_0000;
pub(crate) const DELIVERY: u32 = 0x5de1_0000;

/// Starts a handle of any kind.
#[repr(C)]
pub(crate) struct Head {
    /// The mark of the kind, and in the lower half who uses the handle.
    pub(crate) state: AtomicU32,
    /// Why the last call that could change the handle was refused.
    pub(crate) refusal: UnsafeCell<Option<Refusal>>,
    /// The octets that the value has allocated.
    pub(crate) held: UnsafeCell<usize>,
}

/// The lower half of a state: how many calls read, or one of these.
const USERS: u32 = 0xffff;
pub(crate) const CHANGING: u32 = 0xffff;
pub(crate) const BROKEN: u32 = 0xfffe;
/// The state of a freed handle.
pub(crate) const FREED: u32 = 0;

/// One more call that reads.
pub(crate) const fn one_more(users: u32) -> Option<u32> {
    if users < BROKEN - 1 { Some(users + 1) } else { None }
}

/// Checks that a handle has this mark, and notes what `next` says of its users.
///
/// # Safety
///
/// `head` is NULL, or the start of a handle that was not freed. For one that was freed, this is a best effort: its
/// memory may have been given back to the system, or to another handle.
pub(crate) unsafe fn enter<'a>(
    head: *const Head,
    mark: u32,
    next: impl Fn(u32) -> Option<u32>,
) -> Result<&'a AtomicU32, smtp_status> {
    if head.is_null() || !head.is_aligned() {
        return Err(smtp_status::SMTP_BAD_HANDLE);
    }
    // SAFETY: it is the start of a handle.
    let state = unsafe { &(*head).state };
    let mut seen = state.load(Ordering::Relaxed);
    loop {
        if seen & !USERS != mark {
            return Err(smtp_status::SMTP_BAD_HANDLE);
        }
        let Some(users) = next(seen & USERS) else {
            let is_broken = seen & USERS == BROKEN;
            return Err(if is_broken { smtp_status::SMTP_INTERNAL } else { smtp_status::SMTP_BUSY });
        };
        match state.compare_exchange_weak(seen, mark | users, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => return Ok(state),
            Err(now) => seen = now,
        }
    }
}

//! The allocator of everything in this library.

use std::{
    alloc::{GlobalAlloc, Layout},
    cell::Cell,
    ptr,
};

use crate::{memory, reserve};

/// How much this thread has allocated in the current call.
#[derive(Clone, Copy, Default)]
pub(crate) struct Usage {
    /// What was allocated less what was freed, in octets. It wraps below zero.
    pub(crate) net: usize,
    /// The sum of all allocations as they would take room in the reserve, in octets.
    pub(crate) total: usize,
}

thread_local! {
    static USAGE: Cell<Usage> = const { Cell::new(Usage { net: 0, total: 0 }) };
}

/// Returns the usage, and starts counting again.
pub(crate) fn take_usage() -> Usage {
    USAGE.take()
}

fn count(allocated: usize, freed: usize) {
    let Usage { net, total } = USAGE.get();
    let net = net.wrapping_add(allocated).wrapping_sub(freed);
    USAGE.set(Usage { net, total: total.wrapping_add(reserve::room_for(allocated)) });
}

/// The allocator of everything in this library.
struct Allocator;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

// SAFETY: memory comes from the system, from functions that promise the same as `malloc`, or from a reserve, which gives
// out each of its octets once. Nothing here unwinds: no function panics, and those of the caller are C.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller's promise is the same.
        let new = unsafe { memory::allocate(layout) };
        if new.is_null() { reserve::take(layout) } else { new }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(0, layout.size());
        if !reserve::give_back(at) {
            // SAFETY: it is not from a reserve, so it is from `allocate`.
            unsafe { memory::release(at, layout) };
        }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, layout.size());
        // SAFETY: the caller promises a size that is valid for this alignment.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        let is_reserve = reserve::owns(at);
        if !is_reserve {
            // SAFETY: it is not from a reserve, so it is from `allocate`.
            let moved = unsafe { memory::reallocate(at, layout, size) };
            if !moved.is_null() {
                return moved;
            }
        }
        // SAFETY: the size is not zero.
        let moved = if is_reserve { unsafe { memory::allocate(wanted) } } else { ptr::null_mut() };
        let moved = if moved.is_null() { reserve::take(wanted) } else { moved };
        if moved.is_null() {
            return moved;
        }
        // SAFETY: both have room for the smaller of the two sizes, and do not overlap.
        unsafe { ptr::copy_nonoverlapping(at, moved, layout.size().min(size)) };
        if !reserve::give_back(at) {
            // SAFETY: it is not from a reserve, so it is from `allocate`.
            unsafe { memory::release(at, layout) };
        }
        moved
    }
}

//! Where the library's memory comes from.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::UnsafeCell,
    ffi::c_void,
    hint,
    sync::atomic::{AtomicU8, Ordering},
};

use crate::status::smtp_status;

/// Functions that allocate memory. `context` is passed to each of them.
///
/// They may be called by every thread that calls the library, and must not call it themselves. Memory must be aligned
/// as that of `malloc`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct smtp_allocator {
    /// Passed to each function.
    pub context: *mut c_void,
    /// As `malloc`: NULL if there is no memory. The size is never zero.
    pub allocate: Option<unsafe extern "C" fn(context: *mut c_void, size: usize) -> *mut c_void>,
    /// As `realloc`: NULL if there is no memory, and `memory` is then unchanged. Neither `memory` nor the size is ever
    /// zero.
    pub reallocate: Option<unsafe extern "C" fn(context: *mut c_void, memory: *mut c_void, size: usize) -> *mut c_void>,
    /// As `free`. `memory` is never NULL.
    pub release: Option<unsafe extern "C" fn(context: *mut c_void, memory: *mut c_void)>,
}

/// Sets the functions that allocate the library's memory. The struct is copied.
///
/// Call it before all other functions, and once: SMTP_MISUSE if memory was allocated already. Without it, the library
/// uses `malloc`.
///
/// If memory runs out, a function returns SMTP_NO_MEMORY and has changed nothing. For this, each function that may
/// allocate first sets a block of memory aside, and releases it at its end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_set_allocator(allocator: *const smtp_allocator) -> smtp_status {
    if allocator.is_null() || !allocator.is_aligned() {
        return smtp_status::SMTP_INVALID_ARGUMENT;
    }
    // SAFETY: not NULL and aligned, so the caller promises that it is an allocator.
    let smtp_allocator { context, allocate, reallocate, release } = unsafe { *allocator };
    let (Some(allocate), Some(reallocate), Some(release)) = (allocate, reallocate, release) else {
        return smtp_status::SMTP_INVALID_ARGUMENT;
    };
    let claimed = CHOICE.compare_exchange(UNDECIDED, DECIDING, Ordering::Acquire, Ordering::Relaxed);
    if claimed.is_err() {
        return smtp_status::SMTP_MISUSE;
    }
    // SAFETY: only the thread that made the choice `DECIDING` writes, and others read only once it is `GIVEN`.
    unsafe { *FUNCTIONS.0.get() = Some(Functions { context, allocate, reallocate, release }) };
    CHOICE.store(GIVEN, Ordering::Release);
    smtp_status::SMTP_OK
}

/// Which allocator is used. It never changes once memory was allocated.
static CHOICE: AtomicU8 = AtomicU8::new(UNDECIDED);
const UNDECIDED: u8 = 0;
const DECIDING: u8 = 1;
const SYSTEM: u8 = 2;
const GIVEN: u8 = 3;

static FUNCTIONS: Shared = Shared(UnsafeCell::new(None));

struct Shared(UnsafeCell<Option<Functions>>);

// SAFETY: it is written once, before `CHOICE` becomes `GIVEN`, and read only after that. The functions may be called by
// any thread, as `smtp_allocator` asks.
unsafe impl Sync for Shared {}

#[derive(Clone, Copy)]
struct Functions {
    context: *mut c_void,
    allocate: unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void,
    reallocate: unsafe extern "C" fn(*mut c_void, *mut c_void, usize) -> *mut c_void,
    release: unsafe extern "C" fn(*mut c_void, *mut c_void),
}

/// The functions that the caller set; `None` for those of the system. This settles the choice.
fn chosen() -> Option<Functions> {
    loop {
        match CHOICE.load(Ordering::Acquire) {
            // SAFETY: it was written before the choice became `GIVEN`, and is not written again.
            GIVEN => return unsafe { *FUNCTIONS.0.get() },
            SYSTEM => return None,
            DECIDING => hint::spin_loop(),
            _ => {
                let _ = CHOICE.compare_exchange(UNDECIDED, SYSTEM, Ordering::Relaxed, Ordering::Relaxed);
            }
        }
    }
}

/// What `malloc` aligns to.
pub(crate) const ALIGNED: usize = 2 * size_of::<usize>();

/// The functions for memory with this layout. No type here needs a larger alignment than that of `malloc`; one in the
/// standard library may.
fn functions_for(layout: Layout) -> Option<Functions> {
    chosen().filter(|_| layout.align() <= ALIGNED)
}

/// Allocates, or returns NULL. Does not use the reserve.
///
/// # Safety
///
/// As [`GlobalAlloc::alloc`].
pub(crate) unsafe fn allocate(layout: Layout) -> *mut u8 {
    match functions_for(layout) {
        // SAFETY: the size is not zero.
        Some(given) => unsafe { (given.allocate)(given.context, layout.size()).cast() },
        // SAFETY: the caller's promise is the same.
        None => unsafe { System.alloc(layout) },
    }
}

/// Frees what [`allocate`] returned for the same layout.
///
/// # Safety
///
/// As [`GlobalAlloc::dealloc`].
pub(crate) unsafe fn release(memory: *mut u8, layout: Layout) {
    match functions_for(layout) {
        // SAFETY: it was allocated with these functions, because the choice does not change.
        Some(given) => unsafe { (given.release)(given.context, memory.cast()) },
        // SAFETY: as above.
        None => unsafe { System.dealloc(memory, layout) },
    }
}

/// Reallocates, or returns NULL and leaves the memory as it is. Does not use the reserve.
///
/// # Safety
///
/// As [`GlobalAlloc::realloc`].
pub(crate) unsafe fn reallocate(memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
    match functions_for(layout) {
        // SAFETY: it was allocated with these functions, and the size is not zero.
        Some(given) => unsafe { (given.reallocate)(given.context, memory.cast(), size).cast() },
        // SAFETY: the caller's promise is the same.
        None => unsafe { System.realloc(memory, layout, size) },
    }
}

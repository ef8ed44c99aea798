//! Runs code on a stack of its own, and measures how much of it was used.
#![allow(unsafe_code, reason = "changes stacks")]

use core::{
    cell::UnsafeCell,
    mem::MaybeUninit,
    ptr::null_mut,
    sync::atomic::{AtomicPtr, Ordering},
};

use libc::ucontext_t;

const SIZE: usize = 64 * 1024;
const PAINT: u8 = 0xA5;

/// Runs `work`. Returns its result, and how many octets from the start of the stack to the deepest one that it changed.
pub(crate) fn measure<T>(work: fn() -> T) -> (T, usize) {
    let mut job = Job { work, result: None };
    JOB.store((&raw mut job).cast(), Ordering::Relaxed);
    STACK.paint();
    // SAFETY: the stack is static and nothing else runs on it. `entry::<T>` gets its job by the pointer that was just
    // stored, which is valid until the end of this function, and returns to `here`, which is filled before that.
    unsafe {
        let mut here = MaybeUninit::<ucontext_t>::zeroed().assume_init();
        let mut there = MaybeUninit::<ucontext_t>::zeroed().assume_init();
        assert!(libc::getcontext(&raw mut there) == 0, "the context can be read");
        there.uc_stack.ss_sp = STACK.0.get().cast();
        there.uc_stack.ss_size = SIZE;
        there.uc_link = &raw mut here;
        libc::makecontext(&raw mut there, entry::<T>, 0);
        assert!(libc::swapcontext(&raw mut here, &raw const there) == 0, "the context can be changed");
    }
    let untouched = STACK.untouched();
    assert!(untouched > 0, "the stack overflowed");
    (job.result.expect("the job is done"), SIZE - untouched)
}

struct Job<T> {
    work: fn() -> T,
    result: Option<T>,
}

/// The job of `measure`.
static JOB: AtomicPtr<()> = AtomicPtr::new(null_mut());

extern "C" fn entry<T>() {
    // SAFETY: `measure::<T>` stored a pointer to its `Job<T>`, and does not touch it until this returns.
    let job = unsafe { &mut *JOB.load(Ordering::Relaxed).cast::<Job<T>>() };
    job.result = Some((job.work)());
}

#[repr(align(16))]
struct Stack(UnsafeCell<[u8; SIZE]>);

// SAFETY: the program has one thread.
unsafe impl Sync for Stack {}

static STACK: Stack = Stack(UnsafeCell::new([0; SIZE]));

impl Stack {
    fn paint(&self) {
        // SAFETY: nothing runs on the stack now.
        unsafe { self.0.get().write_bytes(PAINT, 1) };
    }

    /// How many octets at the far end still have their paint.
    fn untouched(&self) -> usize {
        // SAFETY: nothing runs on the stack any more.
        let octets = unsafe { &*self.0.get() };
        octets.iter().take_while(|octet| **octet == PAINT).count()
    }
}

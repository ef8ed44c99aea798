//! A static heap that counts what is in use.
#![allow(unsafe_code, reason = "implements the global allocator")]

use core::{
    alloc::{GlobalAlloc, Layout},
    cell::UnsafeCell,
    ptr::{NonNull, null_mut},
};

/// The size of the heap in octets.
pub(crate) const SIZE: usize = 3072;

/// What `linked_list_allocator` needs to start, in octets.
const LEAST: usize = 64;

/// Octets in use, as they were asked for: without what the allocator adds to align them.
#[derive(Clone, Copy)]
pub(crate) struct InUse {
    pub(crate) machine: usize,
    pub(crate) network: usize,
}

impl InUse {
    const NOTHING: Self = Self { machine: 0, network: 0 };

    pub(crate) const fn total(self) -> usize {
        self.machine + self.network
    }
}

/// Makes the heap ready: the first `octets` of its array. Call it once, before anything is allocated.
pub(crate) fn start(octets: usize) {
    assert!((LEAST..=SIZE).contains(&octets), "a heap must have {LEAST} to {SIZE} octets");
    HEAP.with(|heap| {
        assert!(heap.free.size() == 0, "the heap is started once");
        // SAFETY: the array is static, nothing else refers to it, and this is the only call, as was just checked.
        unsafe { heap.free.init(MEMORY.0.get().cast(), octets) };
    });
}

/// What was in use when most was, since the last call.
pub(crate) fn take_peak() -> InUse {
    HEAP.with(|heap| core::mem::replace(&mut heap.peak, heap.in_use))
}

/// Counts what `work` allocates and frees as the network's. It must not free what was allocated outside.
pub(crate) fn of_the_network<T>(work: impl FnOnce() -> T) -> T {
    HEAP.with(|heap| heap.is_of_the_network = true);
    let result = work();
    HEAP.with(|heap| heap.is_of_the_network = false);
    result
}

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new(State {
    free: linked_list_allocator::Heap::empty(),
    in_use: InUse::NOTHING,
    peak: InUse::NOTHING,
    is_of_the_network: false,
}));

static MEMORY: Memory = Memory(UnsafeCell::new([0; SIZE]));

struct Heap(UnsafeCell<State>);

#[repr(align(16))]
struct Memory(UnsafeCell<[u8; SIZE]>);

// SAFETY: the program has one thread and no signal handlers. On a board, turn interrupts off in `with`.
unsafe impl Sync for Heap {}
// SAFETY: the same.
unsafe impl Sync for Memory {}

struct State {
    free: linked_list_allocator::Heap,
    in_use: InUse,
    peak: InUse,
    is_of_the_network: bool,
}

impl State {
    fn counter(&mut self) -> &mut usize {
        if self.is_of_the_network { &mut self.in_use.network } else { &mut self.in_use.machine }
    }
}

impl Heap {
    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        // SAFETY: no other reference exists: there is one thread, and no caller's `work` allocates or calls `with`.
        work(unsafe { &mut *self.0.get() })
    }
}

// SAFETY: every block comes from `linked_list_allocator`, which never gives out overlapping ones. Nothing here panics
// between two valid states, and a panic ends the program.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.with(|heap| {
            let Ok(block) = heap.free.allocate_first_fit(layout) else { return null_mut() };
            *heap.counter() += layout.size();
            if heap.in_use.total() > heap.peak.total() {
                heap.peak = heap.in_use;
            }
            block.as_ptr()
        })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some(block) = NonNull::new(block) else { return };
        self.with(|heap| {
            *heap.counter() -= layout.size();
            // SAFETY: the caller promises that `alloc` gave this block for this layout.
            unsafe { heap.free.deallocate(block, layout) };
        });
    }
}

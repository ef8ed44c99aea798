//! Memory that is set aside before a call, so that nothing fails in its middle.
//!
//! Rust aborts the process if an allocation fails. So before a call that may allocate, one block is allocated that is
//! as large as all that the call may need. If that fails, the call is refused. If an allocation fails during the call,
//! it is served from the block. A block is freed when the call is over and nothing in it is used any more.

use std::{
    alloc::Layout,
    cell::{Cell, UnsafeCell},
    hint,
    marker::PhantomData,
    ptr,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use crate::memory::{self, ALIGNED};

/// The start of a block. The pieces follow it, each aligned as by `malloc`.
struct Block {
    next: *mut Block,
    size: usize,
    used: usize,
    /// How many pieces are in use.
    pieces: usize,
    /// Whether the call for which it was allocated is still running.
    is_held: bool,
}

thread_local! {
    /// The block of the call that this thread is making.
    static CURRENT: Cell<*mut Block> = const { Cell::new(ptr::null_mut()) };
}

/// All blocks with pieces in use. There are none unless memory has run out.
static LIST: List = List { is_locked: AtomicBool::new(false), first: UnsafeCell::new(ptr::null_mut()) };
/// How many there are, so that freeing need not lock the list.
static LISTED: AtomicUsize = AtomicUsize::new(0);

struct List {
    is_locked: AtomicBool,
    first: UnsafeCell<*mut Block>,
}

// SAFETY: the list and the blocks in it are used only while it is locked.
unsafe impl Sync for List {}

impl List {
    /// Calls `with` while the list is locked.
    fn lock<R>(&self, with: impl FnOnce(&mut *mut Block) -> R) -> R {
        while self.is_locked.swap(true, Ordering::Acquire) {
            hint::spin_loop();
        }
        // SAFETY: it is locked by this thread, and `with` does not lock it again.
        let result = with(unsafe { &mut *self.first.get() });
        self.is_locked.store(false, Ordering::Release);
        result
    }
}

/// A block that is set aside until this is dropped.
pub(crate) struct Reserve {
    /// It belongs to this thread.
    not_send: PhantomData<*mut Block>,
}

impl Reserve {
    /// Sets this many octets aside; `None` if there is not enough memory.
    pub(crate) fn hold(octets: usize) -> Option<Self> {
        let layout = layout(octets)?;
        #[allow(clippy::cast_ptr_alignment, reason = "the layout has the alignment")]
        // SAFETY: the layout has the size of the header at least.
        let block = unsafe { memory::allocate(layout) }.cast::<Block>();
        if block.is_null() {
            return None;
        }
        let header = Block { next: ptr::null_mut(), size: layout.size(), used: HEADER, pieces: 0, is_held: true };
        // SAFETY: it is new, large enough, and aligned as its layout asks.
        unsafe { block.write(header) };
        CURRENT.set(block);
        Some(Self { not_send: PhantomData })
    }
}

impl Drop for Reserve {
    fn drop(&mut self) {
        let block = CURRENT.replace(ptr::null_mut());
        // SAFETY: it exists while it is held. Without pieces, it is not in the list, and only this thread knows it.
        if unsafe { (*block).used } == HEADER {
            return free(block);
        }
        let is_unused = LIST.lock(|first| {
            // SAFETY: it exists while it is held, and the list is locked.
            let header = unsafe { &mut *block };
            header.is_held = false;
            if header.pieces == 0 {
                unlink(first, block);
            }
            header.pieces == 0
        });
        if is_unused {
            free(block);
        }
    }
}

const HEADER: usize = size_of::<Block>().next_multiple_of(ALIGNED);

/// How much of a block a piece of this size takes.
pub(crate) const fn room_for(octets: usize) -> usize {
    octets.saturating_add(ALIGNED - 1) / ALIGNED * ALIGNED
}

fn layout(octets: usize) -> Option<Layout> {
    Layout::from_size_align(HEADER.checked_add(octets)?, ALIGNED).ok()
}

/// A piece of the current block; NULL if there is none, or not enough of it.
pub(crate) fn take(layout: Layout) -> *mut u8 {
    let block = CURRENT.get();
    if block.is_null() || layout.align() > ALIGNED {
        return ptr::null_mut();
    }
    LIST.lock(|first| {
        // SAFETY: the current block exists, and the list is locked.
        let header = unsafe { &mut *block };
        let start = header.used;
        match start.checked_add(room_for(layout.size())) {
            Some(end) if end <= header.size => {
                if start == HEADER {
                    header.next = *first;
                    *first = block;
                    LISTED.fetch_add(1, Ordering::Release);
                }
                header.used = end;
                header.pieces = header.pieces.wrapping_add(1);
                // SAFETY: it is within the block.
                unsafe { block.cast::<u8>().add(start) }
            }
            _ => ptr::null_mut(),
        }
    })
}

/// Whether this memory is a piece of a block.
pub(crate) fn owns(memory: *mut u8) -> bool {
    LISTED.load(Ordering::Acquire) != 0 && LIST.lock(|first| !find(*first, memory).is_null())
}

/// Takes a piece back. Returns `false` if it is not from a block.
pub(crate) fn give_back(memory: *mut u8) -> bool {
    if LISTED.load(Ordering::Acquire) == 0 {
        return false;
    }
    let (is_piece, unused) = LIST.lock(|first| {
        let block = find(*first, memory);
        if block.is_null() {
            return (false, ptr::null_mut());
        }
        // SAFETY: it is in the list, which is locked.
        let header = unsafe { &mut *block };
        header.pieces = header.pieces.wrapping_sub(1);
        if header.pieces > 0 || header.is_held {
            return (true, ptr::null_mut());
        }
        unlink(first, block);
        (true, block)
    });
    if !unused.is_null() {
        free(unused);
    }
    is_piece
}

/// The block with this piece; NULL if there is none.
fn find(first: *mut Block, memory: *mut u8) -> *mut Block {
    let mut block = first;
    while !block.is_null() {
        // SAFETY: it is in the list, which the caller has locked.
        let header = unsafe { &*block };
        let start = block.addr();
        if (start..start.wrapping_add(header.size)).contains(&memory.addr()) {
            return block;
        }
        block = header.next;
    }
    block
}

fn unlink(first: &mut *mut Block, block: *mut Block) {
    let mut link: *mut *mut Block = first;
    // SAFETY: links and blocks are those of the list, which the caller has locked.
    unsafe {
        while !(*link).is_null() {
            if *link == block {
                *link = (*block).next;
                LISTED.fetch_sub(1, Ordering::Release);
                return;
            }
            link = &raw mut (**link).next;
        }
    }
}

/// Frees a block that is neither held nor in the list.
fn free(block: *mut Block) {
    // SAFETY: nothing refers to it any more. It was allocated with this layout.
    unsafe {
        let layout = Layout::from_size_align_unchecked((*block).size, ALIGNED);
        memory::release(block.cast(), layout);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(octets: usize) -> *mut u8 {
        take(Layout::from_size_align(octets, 1).unwrap())
    }

    #[test]
    fn a_block_serves_pieces_as_long_as_it_is_held_and_lives_as_long_as_they_do() {
        assert!(piece(1).is_null());
        let reserve = Reserve::hold(100).unwrap();
        let (one, two) = (piece(1), piece(2 * ALIGNED));
        assert_eq!(two.addr() - one.addr(), ALIGNED);
        assert!(piece(100).is_null());
        assert!(take(Layout::from_size_align(1, 2 * ALIGNED).unwrap()).is_null());
        // SAFETY: they are pieces of these sizes.
        unsafe {
            one.write_bytes(1, 1);
            two.write_bytes(2, 2 * ALIGNED);
        }
        assert!(owns(one) && owns(two) && !owns((&raw const reserve).cast_mut().cast()));
        assert!(give_back(one));
        drop(reserve);
        assert!(piece(1).is_null());
        // SAFETY: the second piece was not given back.
        assert_eq!(unsafe { two.read() }, 2);
        assert!(owns(two) && give_back(two));
        assert!(!owns(two) && !give_back(two));
    }

    #[test]
    fn blocks_of_several_calls_may_live_at_once() {
        let pieces: Vec<_> = (1..=3)
            .map(|octet| {
                let _reserve = Reserve::hold(64).unwrap();
                let piece = piece(64);
                // SAFETY: it is a piece of this size.
                unsafe { piece.write_bytes(octet, 64) };
                piece
            })
            .collect();
        for at in [1, 0, 2] {
            // SAFETY: it was not given back.
            assert_eq!(usize::from(unsafe { *pieces[at] }), at + 1);
            assert!(give_back(pieces[at]));
        }
    }
}

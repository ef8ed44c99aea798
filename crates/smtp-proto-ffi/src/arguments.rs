//! Arguments from C, and results to it.

use std::{ffi::c_char, mem::MaybeUninit, ptr, slice};

use crate::refusal::Refusal;

/// The octets at `start`.
///
/// # Safety
///
/// If `start` is not NULL and `len` not zero, there are `len` octets at `start`, which nothing changes during `'a`.
pub(crate) unsafe fn octets<'a>(start: *const u8, len: usize) -> Result<&'a [u8], Refusal> {
    if len == 0 {
        return Ok(&[]);
    }
    if start.is_null() || isize::try_from(len).is_err() {
        return Err(Refusal::Pointer);
    }
    // SAFETY: not NULL, not too long, and the rest is the caller's promise.
    Ok(unsafe { slice::from_raw_parts(start, len) })
}

/// The text at `start`.
///
/// # Safety
///
/// As [`octets`].
pub(crate) unsafe fn text<'a>(start: *const c_char, len: usize) -> Result<&'a str, Refusal> {
    // SAFETY: the caller's promise is the same.
    let octets = unsafe { octets(start.cast(), len) }?;
    std::str::from_utf8(octets).map_err(|_| Refusal::Text)
}

/// The struct of a caller is not larger than this, however many members it has got.
const LARGEST: usize = 4096;

/// Stores a result in a struct of the caller that has `size` octets, at least the first `least` of `T`. A shorter
/// struct is that of an older header: it gets the members that it has. In a longer one, the rest becomes zero.
///
/// # Safety
///
/// `out` is NULL, or has room for `size` octets. Each bit pattern of `T` that is zero is valid for C.
pub(crate) unsafe fn store<T: Copy>(value: T, out: *mut T, size: usize, least: usize) -> Result<(), Refusal> {
    if out.is_null() || !(least..=LARGEST).contains(&size) {
        return Err(Refusal::Pointer);
    }
    // SAFETY: there is room for `size` octets, and `value` has as many as are copied.
    unsafe {
        ptr::write_bytes(out.cast::<u8>(), 0, size);
        ptr::copy_nonoverlapping((&raw const value).cast::<u8>(), out.cast::<u8>(), size.min(size_of::<T>()));
    }
    Ok(())
}

/// Stores a number.
///
/// # Safety
///
/// `out` is NULL, or has room for it.
pub(crate) unsafe fn store_one<T: Copy>(value: T, out: *mut T) -> Result<(), Refusal> {
    if out.is_null() {
        return Err(Refusal::Pointer);
    }
    // SAFETY: it has room for the number.
    unsafe { out.write_unaligned(value) };
    Ok(())
}

/// Loads a struct of the caller that has `size` octets, at least the first `least` of `T`. Members that a shorter one
/// does not have are zero.
///
/// # Safety
///
/// `from` is NULL, or has `size` octets. Each bit pattern of `T` is valid.
pub(crate) unsafe fn load<T: Copy>(from: *const T, size: usize, least: usize) -> Result<T, Refusal> {
    if from.is_null() || !(least..=LARGEST).contains(&size) {
        return Err(Refusal::Pointer);
    }
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: as many octets are copied as both have, and all bit patterns are valid.
    unsafe {
        ptr::copy_nonoverlapping(from.cast::<u8>(), value.as_mut_ptr().cast::<u8>(), size.min(size_of::<T>()));
        Ok(value.assume_init())
    }
}

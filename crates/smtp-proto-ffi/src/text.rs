//! Texts for C.

use std::{
    ffi::{c_char, c_void},
    fmt::{self, Display, Write},
    io, ptr,
};

use crate::{arguments, handle, refusal::Refusal, status::smtp_status};

/// Text or octets that belong to a handle, without a zero at the end. They are valid until the next call that changes
/// the handle.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct smtp_text {
    /// The first octet. Not NULL.
    pub data: *const c_char,
    /// How many octets there are.
    pub len: usize,
}

impl From<&[u8]> for smtp_text {
    fn from(octets: &[u8]) -> Self {
        Self { data: octets.as_ptr().cast(), len: octets.len() }
    }
}

impl From<&str> for smtp_text {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

/// Why the last call that could change this handle was refused, in words; empty if it was accepted. `handle` is a
/// handle of any kind. The text is written as `smtp_delivery_report_text` does it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_error_text(
    handle: *const c_void,
    buffer: *mut c_char,
    size: usize,
    len: *mut usize,
) -> smtp_status {
    // SAFETY: the caller promises that it is a handle or NULL.
    match unsafe { handle::last_refusal(handle) } {
        Ok(refusal) => {
            let text = from_fn(|f| refusal.iter().try_for_each(|refusal| refusal.fmt(f)));
            // SAFETY: the caller promises the room.
            let written = unsafe { write(text, buffer, size, len) };
            written.map_or_else(Refusal::status, |()| smtp_status::SMTP_OK)
        }
        Err(status) => status,
    }
}

/// What this function displays.
pub(crate) fn from_fn(show: impl Fn(&mut fmt::Formatter<'_>) -> fmt::Result) -> impl Display {
    Text(show)
}

struct Text<F>(F);

impl<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result> Display for Text<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0(f)
    }
}

/// Writes a text to a buffer of the caller, like `snprintf`: a zero ends it, and what does not fit is left out, in
/// whole characters. The length of the whole text goes to `len`, unless that is NULL. Allocates nothing.
///
/// # Safety
///
/// `buffer` has room for `size` octets, or is NULL. `len` is NULL, or has room for a number.
pub(crate) unsafe fn write(
    text: impl Display,
    buffer: *mut c_char,
    size: usize,
    len: *mut usize,
) -> Result<(), Refusal> {
    // SAFETY: the caller's promise is the same.
    let mut buffer = unsafe { Buffer::new(buffer, size) }?;
    // A buffer does not fail.
    let _ = write!(buffer, "{text}");
    // SAFETY: the caller's promise is the same.
    unsafe { buffer.end(len) }
}

/// A buffer of the caller. Counts what does not fit.
pub(crate) struct Buffer {
    start: *mut u8,
    size: usize,
    used: usize,
    len: usize,
}

impl Buffer {
    /// # Safety
    ///
    /// `start` has room for `size` octets as long as this lives, or is NULL.
    pub(crate) unsafe fn new(start: *mut c_char, size: usize) -> Result<Self, Refusal> {
        if (start.is_null() && size > 0) || isize::try_from(size).is_err() {
            return Err(Refusal::Pointer);
        }
        Ok(Self { start: start.cast(), size, used: 0, len: 0 })
    }

    /// Ends the text with a zero, and stores its length.
    ///
    /// # Safety
    ///
    /// `len` is NULL, or has room for a number.
    pub(crate) unsafe fn end(self, len: *mut usize) -> Result<(), Refusal> {
        if self.size > 0 {
            // SAFETY: `append` leaves room for this octet.
            unsafe { self.start.add(self.used).write(0) };
        }
        if len.is_null() {
            return Ok(());
        }
        // SAFETY: the caller's promise is the same.
        unsafe { arguments::store_one(self.len, len) }
    }

    fn append(&mut self, text: &str) {
        // Nothing follows what did not fit.
        let room = if self.used < self.len { 0 } else { self.size.saturating_sub(self.used).saturating_sub(1) };
        let fitting = (0..=room.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        if fitting > 0 {
            // SAFETY: the buffer has room for them and for the zero, and is not part of the text.
            unsafe { ptr::copy_nonoverlapping(text.as_ptr(), self.start.add(self.used), fitting) };
        }
        self.used = self.used.saturating_add(fitting);
        self.len = self.len.saturating_add(text.len());
    }
}

impl Write for Buffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.append(text);
        Ok(())
    }
}

/// For JSON, which is written in whole characters.
impl io::Write for Buffer {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(octets).map_err(|_| io::ErrorKind::InvalidData)?;
        self.append(text);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

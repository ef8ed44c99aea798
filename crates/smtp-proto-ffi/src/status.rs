//! What each function returns.

use std::ffi::c_char;

/// What each function returns.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_status {
    /// The call was accepted.
    SMTP_OK = 0,
    /// The call is not allowed now, such as a second answer to a step. It changed nothing.
    SMTP_MISUSE = 1,
    /// An argument is not valid. The call changed nothing.
    SMTP_INVALID_ARGUMENT = 2,
    /// There is not enough memory for this call. It changed nothing, and may be repeated.
    SMTP_NO_MEMORY = 3,
    /// The handle is NULL, was freed, or is of another kind.
    SMTP_BAD_HANDLE = 4,
    /// Another thread is using the handle. The call changed nothing.
    SMTP_BUSY = 5,
    /// There is no recipient or attempt with this index.
    SMTP_NO_SUCH_ITEM = 6,
    /// A bug in this library. The handle can only be freed.
    SMTP_INTERNAL = 7,
}

use smtp_status::{
    SMTP_BAD_HANDLE, SMTP_BUSY, SMTP_INTERNAL, SMTP_INVALID_ARGUMENT, SMTP_MISUSE, SMTP_NO_MEMORY, SMTP_NO_SUCH_ITEM,
    SMTP_OK,
};

impl smtp_status {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        SMTP_OK,
        SMTP_MISUSE,
        SMTP_INVALID_ARGUMENT,
        SMTP_NO_MEMORY,
        SMTP_BAD_HANDLE,
        SMTP_BUSY,
        SMTP_NO_SUCH_ITEM,
        SMTP_INTERNAL,
    ];
}

/// A status in words. The text is static.
#[unsafe(no_mangle)]
pub extern "C" fn smtp_status_text(status: u32) -> *const c_char {
    let known = smtp_status::ALL.iter().find(|known| **known as u32 == status);
    let text = match known {
        Some(SMTP_OK) => c"accepted",
        Some(SMTP_MISUSE) => c"the call is not allowed now",
        Some(SMTP_INVALID_ARGUMENT) => c"an argument is not valid",
        Some(SMTP_NO_MEMORY) => c"there is not enough memory",
        Some(SMTP_BAD_HANDLE) => c"the handle is NULL, was freed, or is of another kind",
        Some(SMTP_BUSY) => c"another thread is using the handle",
        Some(SMTP_NO_SUCH_ITEM) => c"there is no item with this index",
        Some(SMTP_INTERNAL) => c"a bug in this library",
        None => c"an unknown status",
    };
    text.as_ptr()
}

//! The version of the library.

use std::ffi::c_char;

/// The version of the binary interface. A program that was compiled with this header works with every library whose
/// `smtp_abi_version` is the same. Later libraries of that version only add functions, options, values of enums, and
/// members at the ends of structs.
pub const SMTP_ABI_VERSION: u32 = 1;

/// The version of the library, such as `0.1.0`. The text is static.
#[unsafe(no_mangle)]
pub extern "C" fn smtp_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

/// The version of the binary interface of the library: compare it with `SMTP_ABI_VERSION`.
#[unsafe(no_mangle)]
pub extern "C" fn smtp_abi_version() -> u32 {
    SMTP_ABI_VERSION
}

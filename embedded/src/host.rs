//! The host, in place of a board: a console, the argument, and how the program ends.
#![allow(unsafe_code, reason = "libc")]

use core::{
    ffi::{CStr, c_char, c_int},
    fmt::{self, Write},
    panic::PanicInfo,
};

/// The exit status after a panic, as with std.
const PANICKED: c_int = 101;

/// Writes a line to standard output.
macro_rules! say {
    ($($argument:tt)*) => { $crate::host::write_line(libc::STDOUT_FILENO, format_args!($($argument)*)) };
}
pub(crate) use say;

pub(crate) fn write_line(file: c_int, line: fmt::Arguments<'_>) {
    // A console that cannot be written to has nowhere to report that.
    let _ = writeln!(Console(file), "{line}");
}

/// The first argument as a number; `None` if there is none. Panics if it is not a number.
pub(crate) fn argument(count: c_int, arguments: *const *const c_char) -> Option<usize> {
    if count < 2 {
        return None;
    }
    // SAFETY: `main` passes on what it was given: `count` pointers to strings that end in NUL and live as long as the
    // program.
    let text = unsafe { CStr::from_ptr(*arguments.add(1)) };
    let number = text.to_str().ok().and_then(|text| text.parse().ok());
    Some(number.expect("the argument is a number of octets"))
}

struct Console(c_int);

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            // SAFETY: the pointer and the length are those of a slice.
            let written = unsafe { libc::write(self.0, rest.as_ptr().cast(), rest.len()) };
            rest = usize::try_from(written).ok().and_then(|written| rest.get(written..)).ok_or(fmt::Error)?;
        }
        Ok(())
    }
}

/// Also called if the heap is exhausted: `alloc` then panics with "memory allocation of N bytes failed".
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    write_line(libc::STDERR_FILENO, format_args!("{}", info.message()));
    // SAFETY: has no preconditions.
    unsafe { libc::_exit(PANICKED) }
}

// The precompiled `alloc` refers to these two, which unwind a stack. Panics abort, so they are never called.

#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() {}

//! The source of the content of a message.

use std::io::{self, Read, Seek, SeekFrom};

/// The source of the content of a message: it is read from where it is to its end.
///
/// A message with many recipients may need several transactions, each with the whole content. The source is then asked
/// to [rewind](Seek::rewind). If that fails, the recipients that are left are deferred. Files and a
/// [`Cursor`](io::Cursor) can be rewound, if they were at their start. For a source that cannot, use [`Once`].
pub trait Content: Read + Seek {}

impl<T: Read + Seek + ?Sized> Content for T {}

/// Content that can be read only once.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "it only wraps")]
pub struct Once<R>(pub R);

impl<R: Read> Read for Once<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.0.read(room)
    }
}

/// Always fails.
impl<R> Seek for Once<R> {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

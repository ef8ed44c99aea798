//! The source of the content of a message, without blocking.

use std::{
    io::{self, ErrorKind, Read, Seek, SeekFrom},
    pin::Pin,
    task::{Context, Poll, Waker},
};

use tokio::io::{AsyncRead, AsyncSeek, ReadBuf};

/// The source of the content of a message: it is read from where it is to its end.
///
/// A message with many recipients may need several transactions, each with the whole content. The source is then asked
/// to seek to its start. If that fails, the recipients that are left are deferred. Files and a
/// [`Cursor`](io::Cursor) can seek. For a source that cannot, use [`Once`].
pub trait Content: AsyncRead + AsyncSeek + Unpin + Send {}

impl<T: AsyncRead + AsyncSeek + Unpin + Send + ?Sized> Content for T {}

/// Content that can be read only once.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "it only wraps")]
pub struct Once<R>(pub R);

impl<R: AsyncRead + Unpin> AsyncRead for Once<R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, room)
    }
}

/// Always fails.
impl<R: Unpin> AsyncSeek for Once<R> {
    fn start_seek(self: Pin<&mut Self>, _: SeekFrom) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }

    fn poll_complete(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Poll::Ready(Err(ErrorKind::Unsupported.into()))
    }
}

/// A source that would block where it is not ready, and then wakes this task once it is.
pub(super) struct Source<'c> {
    content: &'c mut dyn Content,
    task: Waker,
    seek: Seeking,
}

/// The state of a seek.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seeking {
    /// What was under way before it has to end.
    Settles,
    Started,
}

impl<'c> Source<'c> {
    pub(super) fn new(content: &'c mut dyn Content, task: Waker) -> Self {
        Self { content, task, seek: Seeking::Settles }
    }

    fn complete(&mut self) -> io::Result<u64> {
        answer(Pin::new(&mut *self.content).poll_complete(&mut Context::from_waker(&self.task)))
    }
}

impl Read for Source<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let mut room = ReadBuf::new(room);
        let read = Pin::new(&mut *self.content).poll_read(&mut Context::from_waker(&self.task), &mut room);
        answer(read).map(|()| room.filled().len())
    }
}

impl Seek for Source<'_> {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        if self.seek == Seeking::Settles {
            // Other errors are those of what was under way.
            if let Err(error) = self.complete() {
                if error.kind() == ErrorKind::WouldBlock {
                    return Err(error);
                }
            }
            answer(Poll::Ready(Pin::new(&mut *self.content).start_seek(place)))?;
            self.seek = Seeking::Started;
        }
        let sought = self.complete();
        if !matches!(&sought, Err(error) if error.kind() == ErrorKind::WouldBlock) {
            self.seek = Seeking::Settles;
        }
        sought
    }
}

/// A source that is pending would block. One that returns [`ErrorKind::WouldBlock`] itself has failed: it wakes no task.
fn answer<T>(polled: Poll<io::Result<T>>) -> io::Result<T> {
    match polled {
        Poll::Ready(Err(error)) if error.kind() == ErrorKind::WouldBlock => Err(io::Error::other(error)),
        Poll::Ready(result) => result,
        Poll::Pending => Err(ErrorKind::WouldBlock.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Like a file of tokio: it has to settle before it can seek, while a read is under way.
    #[derive(Default)]
    struct Busy {
        is_reading: bool,
        refuses: Option<ErrorKind>,
    }

    impl AsyncRead for Busy {
        fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            self.is_reading = true;
            Poll::Pending
        }
    }

    impl AsyncSeek for Busy {
        fn start_seek(self: Pin<&mut Self>, _: SeekFrom) -> io::Result<()> {
            match self.refuses {
                Some(kind) => Err(kind.into()),
                None if self.is_reading => Err(io::Error::other("busy")),
                None => Ok(()),
            }
        }

        fn poll_complete(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<u64>> {
            if std::mem::take(&mut self.is_reading) { Poll::Pending } else { Poll::Ready(Ok(0)) }
        }
    }

    #[test]
    fn a_seek_waits_for_the_read_before_it() {
        let mut busy = Busy::default();
        let mut source = Source::new(&mut busy, Waker::noop().clone());
        assert_eq!(source.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(source.rewind().unwrap_err().kind(), ErrorKind::WouldBlock);
        source.rewind().unwrap();
    }

    #[test]
    fn an_error_that_wakes_no_task_is_no_reason_to_wait() {
        let mut busy = Busy { refuses: Some(ErrorKind::WouldBlock), ..Busy::default() };
        let mut source = Source::new(&mut busy, Waker::noop().clone());
        assert_eq!(source.rewind().unwrap_err().kind(), ErrorKind::Other);
    }
}

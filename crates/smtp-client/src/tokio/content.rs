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
    is_seeking: bool,
}

impl<'c> Source<'c> {
    pub(super) fn new(content: &'c mut dyn Content) -> Self {
        Self { content, task: Waker::noop().clone(), is_seeking: false }
    }

    pub(super) fn wake(&mut self, task: &Waker) {
        self.task.clone_from(task);
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
        if !self.is_seeking {
            Pin::new(&mut *self.content).start_seek(place)?;
            self.is_seeking = true;
        }
        let sought = answer(Pin::new(&mut *self.content).poll_complete(&mut Context::from_waker(&self.task)));
        self.is_seeking = matches!(&sought, Err(error) if error.kind() == ErrorKind::WouldBlock);
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

//! What a source of content says when it is not what it was.

use std::{error::Error, fmt, io};

/// The content is no longer what it was when the delivery began.
///
/// A [`Read`](io::Read) fails with an [`io::Error`] that wraps this to have the delivery given up with
/// [`Cancel::ContentChanged`](smtp_proto::Cancel::ContentChanged).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its users wrap it")]
pub struct ContentChanged;

impl ContentChanged {
    /// Whether `error` wraps it.
    pub fn is_wrapped_in(error: &io::Error) -> bool {
        error.get_ref().is_some_and(<dyn Error + Send + Sync>::is::<Self>)
    }
}

impl fmt::Display for ContentChanged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the content changed before it was sent")
    }
}

impl Error for ContentChanged {}

impl From<ContentChanged> for io::Error {
    fn from(changed: ContentChanged) -> Self {
        Self::other(changed)
    }
}

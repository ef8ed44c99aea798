//! The error of a source of content that has changed.

use std::{error::Error, fmt, io};

/// The content has changed since the delivery began.
///
/// To cancel the delivery with [`Cancel::ContentChanged`](smtp_proto::Cancel::ContentChanged), let the
/// [`Read`](io::Read) of the content return an [`io::Error`] that wraps this.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its users wrap it")]
pub struct ContentChanged;

impl ContentChanged {
    /// Whether `error` wraps a `ContentChanged`.
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

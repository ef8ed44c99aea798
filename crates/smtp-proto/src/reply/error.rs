//! Why octets are not a valid reply.

use alloc::vec::Vec;
use core::fmt;

use crate::escape::Escaped;

/// How much of an invalid line is kept, in octets.
pub(crate) const EXCERPT: usize = 256;

/// The peer sent something that is not a valid SMTP reply.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ReplyError {
    kind: ReplyErrorKind,
    excerpt: Vec<u8>,
}

/// Why octets are not a valid SMTP reply.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ReplyErrorKind {
    /// A line does not start with a code from 200 to 599, followed by a space, a hyphen or the line end.
    Malformed,
    /// A line of the reply has a different code from the first line.
    MixedCodes,
    /// A line is longer than [`Limits::reply_line`](crate::Limits::reply_line).
    LineTooLong,
    /// The reply, with the empty lines before it, is longer than [`Limits::reply`](crate::Limits::reply).
    ReplyTooLong,
    /// Octets arrived where the TLS handshake was due. They may have been injected (RFC
    /// 3207 section 6), so they are not interpreted.
    BeforeHandshake,
}

impl ReplyError {
    /// Why the octets are not a valid reply.
    pub const fn kind(&self) -> ReplyErrorKind {
        self.kind
    }

    /// The invalid line, or its first 256 octets.
    pub fn excerpt(&self) -> &[u8] {
        &self.excerpt
    }

    /// The same error, without the octets.
    pub(crate) fn without_excerpt(self) -> Self {
        Self { excerpt: Vec::new(), ..self }
    }

    /// Not inlined, so that the code that reads a line is small enough to be.
    #[cold]
    #[inline(never)]
    pub(crate) fn new(kind: ReplyErrorKind, line: &[u8]) -> Self {
        let excerpt = line.get(..EXCERPT).unwrap_or(line);
        Self { kind, excerpt: excerpt.to_vec() }
    }
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.kind, Escaped(&self.excerpt))
    }
}

impl fmt::Display for ReplyErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "something that is not an SMTP reply",
            Self::MixedCodes => "a reply whose lines have different codes",
            Self::LineTooLong => "a reply line longer than the limit",
            Self::ReplyTooLong => "a reply longer than the limit",
            Self::BeforeHandshake => "octets in clear",
        })
    }
}

impl fmt::Debug for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReplyError({self})")
    }
}

impl core::error::Error for ReplyError {}

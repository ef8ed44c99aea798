//! The envelope of a message: sender, recipients, and what the message needs from a server.

use alloc::vec::Vec;
use core::fmt;

use crate::{
    address::{ForwardPath, ReversePath},
    needs::{Need, Needs},
};

/// The envelope of a message: one sender, at least one recipient, and facts about the content.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Envelope {
    reverse_path: ReversePath,
    forward_paths: Vec<ForwardPath>,
    body: Body,
    size: Option<Size>,
    needs: Needs,
}

/// The size of the content in octets, as RFC 1870 section 6 counts them: each line end counts as two octets; doubled
/// dots and the final dot do not count.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "a size is either enforced or not")]
pub enum Size {
    /// Exactly this many octets. Content that turns out to have more or fewer is not sent to its end.
    Exact(u64),
    /// About this many octets (RFC 1870 section 5). Declared to the server, but not enforced.
    Estimate(u64),
}

impl Size {
    /// The number of octets, exact or estimated.
    pub const fn octets(self) -> u64 {
        match self {
            Self::Exact(octets) | Self::Estimate(octets) => octets,
        }
    }
}

/// Which octets the content may have (RFC 6152 section 3, RFC 3030 section 3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Body {
    /// Octets from 1 to 127. Content that turns out to have another is not sent to its end.
    #[default]
    SevenBit,
    /// Any octets, in lines.
    EightBit,
    /// Any octets, sent exactly as they are. Needs a server with CHUNKING and BINARYMIME.
    Binary,
}

/// Why an envelope is not valid.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// There is no recipient.
    NoRecipients,
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRecipients => "an envelope needs at least one recipient",
        })
    }
}

impl core::error::Error for EnvelopeError {}

impl Envelope {
    /// An envelope for 7-bit content of unknown size, with the recipients in this order.
    pub fn new(reverse_path: ReversePath, forward_paths: Vec<ForwardPath>) -> Result<Self, EnvelopeError> {
        if forward_paths.is_empty() {
            return Err(EnvelopeError::NoRecipients);
        }
        let ascii = reverse_path.as_str().is_ascii() && forward_paths.iter().all(|path| path.as_str().is_ascii());
        let needs = if ascii { Needs::NONE } else { Needs::NONE.with(Need::Smtputf8) };
        Ok(Self { reverse_path, forward_paths, body: Body::SevenBit, size: None, needs })
    }

    /// The envelope of a probe: it has no recipients.
    pub(crate) const fn nobody() -> Self {
        Self {
            reverse_path: ReversePath::Null,
            forward_paths: Vec::new(),
            body: Body::SevenBit,
            size: None,
            needs: Needs::NONE,
        }
    }

    /// The same, with another [`body`](Self::body).
    #[must_use]
    pub const fn with_body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// The same, with the size of the content. It is declared to servers that offer SIZE; at a server with a lower
    /// limit, the message fails without being sent. An exact size is also enforced.
    #[must_use]
    pub const fn with_size(mut self, size: Size) -> Self {
        self.size = Some(size);
        self
    }

    /// The same, with one more need: the message must not be sent to a server that does not meet it.
    #[must_use]
    pub const fn requiring(mut self, need: Need) -> Self {
        self.needs = self.needs.with(need);
        self
    }

    /// The sender.
    pub const fn reverse_path(&self) -> &ReversePath {
        &self.reverse_path
    }

    /// The recipients, in the order they were given. Reports keep this order.
    pub fn forward_paths(&self) -> &[ForwardPath] {
        &self.forward_paths
    }

    /// Which octets the content may have.
    pub const fn body(&self) -> Body {
        self.body
    }

    /// The size of the content, if it was given.
    pub const fn size(&self) -> Option<Size> {
        self.size
    }

    /// What the envelope needs from a server, whatever the policy. 8-bit and binary content are not among its needs;
    /// see [`Config::needs`](crate::Config::needs).
    pub const fn needs(&self) -> Needs {
        self.needs
    }
}

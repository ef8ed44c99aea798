//! The state of content that is sent in chunks.

use alloc::{boxed::Box, vec::Vec};

use super::output::Output;
use crate::{content::ContentEncoder, given::Given};

/// The most octets gathered for a chunk, whatever the limits.
pub(super) const LARGEST_CHUNK: usize = 1 << 30;

/// The state of the content.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Chunks {
    pub(super) encoder: ContentEncoder,
    pub(super) first: First,
    pub(super) goes_on: GoesOn,
}

/// What happened to the first chunk.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum First {
    /// It is being gathered.
    Gathered,
    /// It was completed, with this many octets of content, and is kept.
    Kept(u32),
    /// The server has taken it.
    Taken,
}

/// Whether more chunks follow.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum GoesOn {
    Yes,
    /// The last chunk is complete.
    Ended,
    /// What is being gathered will not be sent.
    Stopped,
}

impl Chunks {
    /// The content that was given so far, if the server has not taken any of it.
    pub(super) fn given(&self, output: &Output) -> Option<Box<Given>> {
        let chunk = match self.first {
            First::Gathered => None,
            First::Kept(octets) => Some(octets as usize),
            First::Taken => return None,
        };
        let first = chunk.unwrap_or_default();
        let mut octets = Vec::with_capacity(first.saturating_add(output.gathered()));
        octets.extend_from_slice(output.last(first));
        octets.extend_from_slice(output.chunk());
        Some(Box::new(Given { octets, encoder: self.encoder.clone(), chunk, has_ended: self.goes_on == GoesOn::Ended }))
    }

    /// A chunk was answered with 2yz.
    pub(super) fn taken(&mut self, output: &mut Output) {
        self.first = First::Taken;
        output.release();
    }
}

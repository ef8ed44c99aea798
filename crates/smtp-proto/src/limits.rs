//! How much to accept, and how much to have in flight.

/// How much to accept, and how much to have in flight, in octets.
///
/// Start with [`Limits::DEFAULT`] and change what should differ. Zero is allowed everywhere, and means what
/// each limit says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Limits {
    reply_line: usize,
    reply: usize,
    kept_reply: usize,
    pipeline: usize,
    block: usize,
}

impl Limits {
    /// 12,288 for a line of a reply, 64 KiB for a reply, all of which is kept; 4 KiB of commands in flight,
    /// 16 KiB of content.
    pub const DEFAULT: Self =
        Self { reply_line: 12_288, reply: 65_536, kept_reply: 65_536, pipeline: 4096, block: 16_384 };

    settings! {
        /// The longest line of a reply, without its LF. A longer one ends the session. RFC 5321 asks for 512,
        /// RFC 4954 for 12,288. With zero no reply is valid.
        reply_line, with_reply_line: usize;
        /// The longest reply: all its lines, with their line ends and the empty lines before them. A longer
        /// one ends the session. With zero no reply is valid.
        reply, with_reply: usize;
        /// How much of one reply a report keeps, in whole lines. Once the replies kept exceed a mebibyte, it
        /// is at most 128. With zero, only codes are kept.
        kept_reply, with_kept_reply: usize;
        /// Octets of commands that were not answered yet. One command is always allowed, so zero turns
        /// pipelining off.
        pipeline, with_pipeline: usize;
        /// Content that is written as one block, before doubled dots and line ends. Zero means one octet.
        block, with_block: usize;
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

//! Limits on what is accepted from the server, and on what is in flight.

/// Limits on what is accepted from the server, and on what is in flight. All are in octets.
///
/// Start with [`Limits::DEFAULT`] and change individual limits. Zero is allowed everywhere; each limit says what it
/// means.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Limits {
    reply_line: usize,
    reply: usize,
    kept_reply: usize,
    pipeline: usize,
    block: usize,
    chunk: usize,
}

impl Limits {
    /// The defaults: 12,288 octets for a reply line, 64 KiB for a reply, of which 65,535 octets are kept in the report;
    /// 4 KiB of unanswered commands; blocks of 16 KiB, and chunks of 64 KiB.
    pub const DEFAULT: Self =
        Self { reply_line: 12_288, reply: 65_536, kept_reply: 65_535, pipeline: 4096, block: 16_384, chunk: 65_536 };

    /// For machines with little memory. With [`Chunking::Never`](crate::Chunking::Never), a delivery to three recipients
    /// needs less than 1.5 KiB of heap if each reply arrives whole, and less than 2 KiB if the largest arrives in pieces;
    /// with BDAT, each is 1 KiB more. This is for 64-bit systems and the replies of well-known servers.
    ///
    /// | Limit | Octets | What it costs | What happens if it is too small |
    /// |---|---|---|---|
    /// | [`reply_line`](Self::reply_line) | 512 | no memory of its own | The session ends. Servers may not send longer lines (RFC 5321 section 4.5.3.1.5), except challenges of AUTH (RFC 4954 section 4) |
    /// | [`reply`](Self::reply) | 1,024 | an incomplete reply, rounded up to a power of two, and twice that while it grows | The session ends. Large replies to EHLO have 200 to 500 octets |
    /// | [`kept_reply`](Self::kept_reply) | 64 | 192 for the usual replies, 64 for each further one in the report | The report cuts the text of replies |
    /// | [`pipeline`](Self::pipeline) | 256 | a buffer of 256; a longer command enlarges it | The commands for many recipients are sent in several flights |
    /// | [`block`](Self::block) | 224 | nothing: content uses the same buffer; many dots or LFs to be mended enlarge it to 512 | The content takes more writes |
    /// | [`chunk`](Self::chunk) | 256 | 1 KiB with BDAT, none with DATA | The content takes more commands |
    pub const SMALL: Self =
        Self { reply_line: 512, reply: 1024, kept_reply: 64, pipeline: 256, block: 224, chunk: 256 };

    settings! {
        /// The longest line of a reply, without its LF. A longer one ends the session. RFC 5321 requires clients to
        /// accept 512 octets, RFC 4954 12,288. With zero, no reply is valid.
        reply_line, with_reply_line: usize;
        /// The longest reply: all its lines, with their line ends and any empty lines before the first. A longer one
        /// ends the session. With zero, no reply is valid.
        reply, with_reply: usize;
        /// How much of one reply the report keeps, rounded down to whole lines; a longer first line is cut. Once a
        /// report holds 1 MiB of replies, at most 128 octets of each further reply are kept. With zero, only reply
        /// codes are kept, and more than 65,535 means 65,535.
        kept_reply, with_kept_reply: usize;
        /// The most octets of commands that may be unanswered at a time. One command is always allowed, so zero
        /// turns pipelining off. BDAT counts as 22 octets, whatever the size of its chunk.
        pipeline, with_pipeline: usize;
        /// The most octets of content in one block, before dots are doubled and line ends added. It is also how much
        /// the peer must accept within [`Timeouts::block`](crate::Timeouts::block). Zero means one octet.
        block, with_block: usize;
        /// How many octets of content are gathered before they are sent as a chunk of BDAT. A chunk may have a few more
        /// if line ends are added. The session holds one chunk and one block in memory. Zero means one octet, and more
        /// than 1 GiB means 1 GiB.
        chunk, with_chunk: usize;
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

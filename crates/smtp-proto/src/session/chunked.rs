//! Content in chunks: BDAT (RFC 3030).
//!
//! The first chunk can be sent in one flight with MAIL and RCPT. Until it is answered, the delivery may have to start
//! over on another connection, so it is kept, and no more content is asked for than what fits into it.

use alloc::boxed::Box;

use super::{
    Session, SessionError,
    chunk::LONGEST_BDAT,
    chunk_state::{Chunks, First, GoesOn},
    order::{Phase, may_be_followed},
    state::State,
    unanswered::Due,
};
use crate::{
    command::Command, config::LineEndings, content::ContentEncoder, envelope::Body, given::Given, stage::Stage,
};

/// The most content that is asked for while a full chunk waits, in octets. It is little because it is moved once the chunk
/// was sent.
const AHEAD: usize = 1024;

impl Session {
    /// Starts the content, which `encoder` encodes, with BDAT instead of DATA. It must be
    /// [for BDAT](ContentEncoder::for_bdat). Allowed once RCPT was sent, to a server that offers CHUNKING. With
    /// PIPELINING, earlier commands need not be answered.
    pub fn begin_chunks(&mut self, encoder: ContentEncoder) -> Result<(), SessionError> {
        match self.state {
            State::Commands(Phase::Rcpt) => {}
            State::Over(..) | State::Quitting => return Err(SessionError::Over),
            State::Commands(_) | State::Content(_) | State::Chunks(_) | State::Handshake => {
                return Err(SessionError::Order);
            }
        }
        if !self.capabilities.chunking {
            return Err(SessionError::NotOffered("CHUNKING"));
        }
        match self.unanswered.newest() {
            None => {}
            Some(newest)
                if self.capabilities.pipelining
                    && may_be_followed(newest.stage)
                    && self.unanswered.octets().saturating_add(LONGEST_BDAT) <= self.pipeline as usize => {}
            Some(_) => return Err(SessionError::Unanswered),
        }
        self.state = State::Chunks(Chunks { encoder, first: First::Gathered, goes_on: GoesOn::Yes });
        Ok(())
    }

    /// Starts with content that was given on an earlier connection.
    pub(crate) fn resume_chunks(&mut self, given: Given) {
        let State::Chunks(chunks) = &mut self.state else { return };
        chunks.encoder = given.encoder;
        let first = given.chunk.unwrap_or(given.octets.len());
        let (chunk, behind) = given.octets.split_at_checked(first).unwrap_or((&given.octets, &[]));
        self.output.start_chunk(given.octets.len().saturating_add(2 * LONGEST_BDAT));
        self.output.hold(|out| out.extend_from_slice(chunk));
        if given.chunk.is_some() {
            self.complete_chunk(given.has_ended);
        }
        if !behind.is_empty() {
            self.output.start_chunk(behind.len());
            self.output.hold(|out| out.extend_from_slice(behind));
        }
    }

    /// Starts with content that was given on an earlier connection.
    #[cold]
    pub(crate) fn resume_content(&mut self, given: &Given) {
        let State::Content(encoder) = &mut self.state else { return };
        // Its line ends are right already, so only dots are added.
        let mut stuffing = ContentEncoder::new(LineEndings::Mend, Body::EightBit);
        let stuffed = stuffing.encode(&given.octets, self.output.octets());
        debug_assert_eq!(stuffed, Ok(()), "nothing is at fault");
        *encoder = given.encoder.clone().continue_for_data();
    }

    /// No more chunks are sent: no recipient was accepted, or a chunk was refused. The one that is being sent is sent
    /// to its end (RFC 3030 section 2).
    pub(crate) fn stop_chunks(&mut self) {
        if let State::Chunks(Chunks { goes_on: goes_on @ GoesOn::Yes, .. }) = &mut self.state {
            *goes_on = GoesOn::Stopped;
        }
    }

    /// How much content fits into the chunk; zero while none is wanted.
    #[inline(never)]
    pub(crate) fn chunk_room(&self) -> usize {
        let State::Chunks(Chunks { first, goes_on: GoesOn::Yes, .. }) = &self.state else { return 0 };
        let is_due = match (first, self.unanswered.newest()) {
            (First::Gathered, _) | (First::Taken, None) => true,
            (First::Kept(_), _) => false,
            // A chunk that is complete is sent before the next is gathered.
            (First::Taken, Some(_)) if self.unanswered.newest_unsent() > 0 || !self.capabilities.pipelining => false,
            (First::Taken, Some(_)) => {
                self.unanswered.len().saturating_add(1).saturating_mul(LONGEST_BDAT) <= self.pipeline as usize
            }
        };
        let block = self.block.max(1) as usize;
        match (is_due, self.chunk_limit().checked_sub(self.output.gathered())) {
            (false, _) => 0,
            // The chunk is full. Whether it is the last depends on whether there is more content.
            (true, None | Some(0)) => block.min(self.chunk_limit()).min(AHEAD),
            (true, Some(left)) => block.min(left),
        }
    }

    /// Whether the whole content was sent, so that the server may have taken it.
    pub(crate) fn is_end_sent(&self) -> bool {
        let is_end = self.unanswered.newest().is_some_and(|newest| newest.stage == Stage::ContentEnd);
        is_end && self.unanswered.newest_unsent() == 0
    }

    /// The content that was given so far, if the server has not taken any of it.
    pub(crate) fn take_given(&mut self) -> Option<Box<Given>> {
        match &mut self.state {
            State::Chunks(chunks) => chunks.given(&self.output),
            State::Over(_, given) => given.take(),
            State::Commands(_) | State::Content(_) | State::Handshake | State::Quitting => None,
        }
    }

    #[inline(never)]
    pub(super) fn chunk_content(&mut self, octets: &[u8]) -> Result<(), SessionError> {
        let (idle, room, block) = (self.output().is_empty(), self.chunk_room(), self.block as usize);
        let limit = self.chunk_limit();
        let State::Chunks(chunks) = &mut self.state else { return Err(SessionError::Order) };
        if chunks.goes_on != GoesOn::Yes {
            return Err(SessionError::Order);
        }
        if octets.is_empty() {
            return Ok(());
        }
        if self.output.gathered() >= limit {
            self.complete_chunk(false);
        }
        let State::Chunks(chunks) = &mut self.state else { return Err(SessionError::Order) };
        if self.output.is_gathering() {
            self.output.drop_sent();
        } else {
            // Reserve once for long content: a chunk, and the content that shows that it is not the last.
            let most = if octets.len() < room { octets.len() } else { limit.saturating_add(block) };
            self.output.start_chunk(most.saturating_add(2 * LONGEST_BDAT));
        }
        let encoder = &mut chunks.encoder;
        let taken = self.output.hold(|out| encoder.encode(octets, out));
        if taken.is_err() {
            self.close();
        }
        self.content_given(idle);
        Ok(taken?)
    }

    #[inline(never)]
    pub(super) fn end_chunks(&mut self) -> Result<Option<u64>, SessionError> {
        let idle = self.output().is_empty();
        let State::Chunks(chunks) = &mut self.state else { return Err(SessionError::Order) };
        if chunks.goes_on != GoesOn::Yes {
            return Err(SessionError::Order);
        }
        if !self.output.is_gathering() {
            self.output.start_chunk(0);
        }
        let encoder = &mut chunks.encoder;
        let ended = self.output.hold(|out| encoder.finish(out)).map(|()| encoder.longest_line());
        if ended.is_ok() {
            self.complete_chunk(true);
        } else {
            self.close();
        }
        self.content_given(idle);
        Ok(ended?)
    }

    /// The chunk can be sent, and its reply is due.
    fn complete_chunk(&mut self, is_last: bool) {
        let State::Chunks(chunks) = &mut self.state else { return };
        if chunks.first == First::Gathered {
            chunks.first = First::Kept(u32::try_from(self.output.gathered()).unwrap_or(u32::MAX));
        }
        let keeps = matches!(chunks.first, First::Kept(_));
        let stage = if is_last { Stage::ContentEnd } else { Stage::Chunk };
        if is_last {
            chunks.goes_on = GoesOn::Ended;
        }
        let len = self.output.complete_chunk(is_last, keeps);
        let unsent = self.output.unsent().len();
        self.unanswered.push(Due::new(stage, len), unsent);
        if is_last {
            self.unanswered.expect_at_end(self.end_replies());
        }
    }

    /// Appends a command once no more content follows and all replies have arrived.
    #[cold]
    pub(super) fn command_after_chunks(&mut self, command: &Command<'_>) -> Result<(), SessionError> {
        let State::Chunks(Chunks { goes_on, .. }) = &self.state else { return Err(SessionError::Order) };
        let phase = match (goes_on, self.unanswered.oldest()) {
            (GoesOn::Ended, None) => Phase::None,
            (GoesOn::Stopped, None) => Phase::Rcpt,
            (GoesOn::Yes, _) | (GoesOn::Ended | GoesOn::Stopped, Some(_)) => return Err(SessionError::Order),
        };
        self.output.drop_chunk();
        self.state = State::Commands(phase);
        self.command(command)
    }

    /// The stage for a reply that begins now and that no command is complete for: a chunk of which nothing was sent is not
    /// under way.
    pub(super) fn stage_begun(&self) -> Stage {
        match self.unanswered.oldest() {
            Some(oldest)
                if matches!(oldest.stage, Stage::ContentEnd | Stage::Chunk) && oldest.len() > 0 && !self.begun() =>
            {
                Stage::Idle
            }
            Some(_) | None => self.stage(),
        }
    }

    /// Whether commands were sent together on this connection.
    pub(crate) const fn had_group(&self) -> bool {
        self.unanswered.had_several()
    }

    /// Whether a reply is due, and one to a command that was sent together with others.
    pub(crate) fn is_group_due(&self) -> bool {
        self.had_group() && self.is_due() && self.unanswered.has_several()
    }

    fn chunk_limit(&self) -> usize {
        (self.chunk as usize).max(1)
    }
}

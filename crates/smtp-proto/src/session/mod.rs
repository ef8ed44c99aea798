//! One connection, from the greeting to QUIT.
//!
//! The session tracks which reply answers which command, which commands are allowed, and how much may be in flight. It
//! knows nothing about messages or retries.

mod answer;
mod chunk;
mod chunk_state;
mod chunked;
mod encoded;
mod error;
mod event;
mod hidden;
mod keywords;
mod offered;
mod order;
mod output;
mod received;
mod secure;
mod state;
mod unanswered;

use alloc::boxed::Box;
use core::fmt;

use crate::{
    capabilities::Capabilities,
    command::Command,
    content::ContentEncoder,
    keywords_kept::KeptKeywords,
    limits::Limits,
    narrow::at_most_u32,
    reply::ReplyDecoder,
    security::Security,
    stage::Stage,
    timeouts::{Timeout, Timeouts},
};
use answer::Answering;
use chunk_state::LARGEST_CHUNK;
pub use error::SessionError;
pub use event::Event;
use hidden::Hidden;
use offered::check_offered;
use order::{Phase, may_be_followed};
use output::Output;
use state::State;
use unanswered::{Due, Unanswered};

/// One connection, from the greeting to QUIT, as a state machine.
///
/// Inputs: [`received`](Self::received), [`sent`](Self::sent), [`close`](Self::close).
/// Commands: [`command`](Self::command), [`content`](Self::content),
/// [`end_content`](Self::end_content). Output: [`output`](Self::output).
///
/// Every command that was accepted gets exactly one [`Event::Reply`], in order, unless the session ends first.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Session {
    state: State,
    capabilities: Capabilities,
    decoder: ReplyDecoder,
    output: Output,
    unanswered: Unanswered,
    answering: Answering,
    /// How many recipients were accepted in this transaction; `None` if MAIL was not accepted.
    accepted: Option<u32>,
    /// Whether LHLO was sent, so that each accepted recipient gets a reply to the content (RFC 2033).
    each_recipient: bool,
    security: Security,
    is_authenticated: bool,
    /// Secrets that must not be shown; `None` if there never were any.
    hidden: Option<Box<Hidden>>,
    /// The keywords of the reply to EHLO or LHLO, if they are to be kept.
    keywords: Option<Box<KeptKeywords>>,
    /// [`Limits::pipeline`], [`Limits::block`] and [`Limits::chunk`].
    pipeline: u32,
    block: u32,
    chunk: u32,
    progress: u32,
    /// How many octets were sent since `progress` changed.
    sent_since: u32,
}

impl Session {
    /// A session on a new connection: the greeting is due.
    pub fn new(limits: Limits) -> Self {
        let mut session = Self::closed(limits, None);
        session.open();
        session
    }

    /// A session before its first connection, with room for keywords if they are to be [kept](Self::keep_keywords).
    pub(crate) fn closed(limits: Limits, keywords: Option<Box<KeptKeywords>>) -> Self {
        Self {
            state: State::OVER,
            capabilities: Capabilities::default(),
            decoder: ReplyDecoder::new(&limits),
            output: Output::new(),
            unanswered: Unanswered::new(),
            answering: Answering::Command,
            accepted: None,
            each_recipient: false,
            security: Security::Clear,
            is_authenticated: false,
            hidden: None,
            keywords,
            pipeline: at_most_u32(limits.pipeline()),
            block: at_most_u32(limits.block()),
            chunk: at_most_u32(limits.chunk().min(LARGEST_CHUNK)),
            progress: 0,
            sent_since: 0,
        }
    }

    /// Starts over on another new connection. Only the limits and the allocated buffers are kept.
    pub fn restart(&mut self) {
        self.close();
        self.open();
    }

    /// Begins a connection, after [`close`](Self::close) or [`closed`](Self::closed): the greeting is due.
    pub(crate) fn open(&mut self) {
        self.state = State::Commands(Phase::BeforeHello);
        self.unanswered.push(Due::new(Stage::Greeting, 0), 0);
    }

    /// Sets the most octets of commands that may be under way together.
    pub(crate) fn set_pipeline(&mut self, octets: usize) {
        self.pipeline = at_most_u32(octets);
    }

    /// Ends the session, because the connection is lost or no longer needed. Unsent output is dropped.
    pub fn close(&mut self) {
        self.state = State::OVER;
        self.capabilities = Capabilities::default();
        self.forget_keywords();
        self.decoder.clear();
        self.unanswered.clear();
        self.accepted = None;
        self.each_recipient = false;
        self.security = Security::Clear;
        self.is_authenticated = false;
        self.output.clear();
        self.progressed();
    }

    /// Appends a command to the output. Its reply is then due.
    pub fn command(&mut self, command: &Command<'_>) -> Result<(), SessionError> {
        let transaction = match &mut self.state {
            State::Commands(transaction) => transaction,
            State::Chunks(_) => return self.command_after_chunks(command),
            State::Content(_) | State::Handshake => return Err(SessionError::Order),
            State::Quitting | State::Over(..) => return Err(SessionError::Over),
        };
        match self.unanswered.newest() {
            None => {}
            Some(Due { stage: Stage::Greeting, .. }) => return Err(SessionError::Greeting),
            Some(newest) if self.capabilities.pipelining && may_be_followed(newest.stage) => {}
            Some(_) => return Err(SessionError::Unanswered),
        }
        let next = transaction.with(command).ok_or(SessionError::Order)?;
        check_offered(command, &self.capabilities, self.keywords.as_deref(), self.security)?;
        let len = self.output.append(command, self.pipeline as usize);
        let under_way = self.unanswered.octets().saturating_add(len);
        if under_way > self.pipeline as usize && self.unanswered.oldest().is_some() {
            self.output.take_back(len);
            return Err(SessionError::Unanswered);
        }
        let unsent = self.output.unsent().len();
        *transaction = next;
        match command {
            Command::Lhlo(_) => self.each_recipient = true,
            Command::Ehlo(_) | Command::Helo(_) => self.each_recipient = false,
            // The last chunk may be complete before MAIL is answered.
            Command::Mail(..) => self.accepted = None,
            _ => {}
        }
        if matches!(command, Command::Quit) {
            self.state = State::Quitting;
        }
        self.unanswered.push(Due::new(command.stage(), len), unsent);
        Ok(())
    }

    /// Starts the content, which `encoder` encodes. Allowed once DATA was answered with 354. With
    /// [`begin_chunks`](Self::begin_chunks), the content is sent without DATA.
    pub fn begin_content(&mut self, encoder: ContentEncoder) -> Result<(), SessionError> {
        if !matches!(self.state, State::Commands(Phase::StartMailInput)) {
            return Err(SessionError::Order);
        }
        self.state = State::Content(encoder);
        Ok(())
    }

    /// Appends the next octets of the message to the output. If the content cannot be sent, the session ends.
    pub fn content(&mut self, octets: &[u8]) -> Result<(), SessionError> {
        let idle = self.output().is_empty();
        let State::Content(encoder) = &mut self.state else { return self.chunk_content(octets) };
        // Remove the octets that were sent, or they would pile up if the output never becomes empty.
        self.output.drain();
        // Reserve once, with room for doubled dots and the end of the content.
        self.output.reserve(octets.len().saturating_add(octets.len() / 32).saturating_add(16));
        let output = self.output.octets();
        let taken = encoder.encode(octets, output);
        if taken.is_err() {
            self.close();
        }
        self.content_given(idle);
        Ok(taken?)
    }

    /// Appends the end of the content. Its reply is then due, or one for each accepted recipient if LHLO was sent.
    /// Returns the length of the longest line, in octets, if it is above [`LONGEST_LINE`](crate::LONGEST_LINE). If the
    /// content cannot be sent, the session ends.
    pub fn end_content(&mut self) -> Result<Option<u64>, SessionError> {
        let idle = self.output().is_empty();
        let State::Content(encoder) = &mut self.state else { return self.end_chunks() };
        let ended = encoder.finish(self.output.octets()).map(|()| encoder.longest_line());
        if ended.is_ok() {
            let unsent = self.output.unsent().len();
            self.unanswered.push(Due::new(Stage::ContentEnd, 0), unsent);
            self.unanswered.expect_at_end(self.end_replies());
            self.state = State::Commands(Phase::None);
        } else {
            self.close();
        }
        self.content_given(idle);
        Ok(ended?)
    }

    /// Reports that this many octets from the start of the output were sent.
    // Inlined, its result needs no memory.
    #[inline]
    pub fn sent(&mut self, octets: usize) -> Result<(), SessionError> {
        if octets > self.output().len() {
            return Err(SessionError::NothingToSend);
        }
        let all = octets == self.output().len();
        self.unanswered.sent(octets);
        self.sent_since = self.sent_since.saturating_add(at_most_u32(octets));
        if octets > 0 && (all || self.sent_since >= self.block) {
            self.progressed();
        }
        self.output.sent(octets);
        Ok(())
    }

    /// Whether the session has ended: after the last event, the reply to QUIT, or [`close`](Self::close).
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Over(..))
    }

    /// The octets to send next; empty if there are none.
    pub fn output(&self) -> &[u8] {
        self.output.unsent()
    }

    /// Whether the [output](Self::output) contains a secret. Do not log or display it.
    pub const fn is_output_sensitive(&self) -> bool {
        self.output.is_secret()
    }

    /// The extensions that the server offers. Empty before the reply to EHLO or LHLO, and after HELO.
    pub const fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// The stage whose reply is due first; [`Stage::Idle`] if none is. After the last event, the stage at which the
    /// session ended.
    pub fn stage(&self) -> Stage {
        self.state.stage(&self.unanswered)
    }

    /// The octets of an incomplete reply that have arrived.
    pub fn incomplete_reply(&self) -> &[u8] {
        self.decoder.held()
    }

    /// Whether at least one octet of the oldest unanswered command was sent.
    pub fn begun(&self) -> bool {
        self.unanswered.is_begun()
    }

    /// How long to wait for the peer: to accept a block while there is output, and otherwise to send the reply that
    /// is due.
    // A driver asks for it at every step. Without a call, few registers have to be saved.
    #[inline]
    pub fn timeout(&self, timeouts: &Timeouts) -> Timeout {
        let is_written = self.output().is_empty();
        let stage = || self.state.stage(&self.unanswered);
        Timeout::new(if is_written { timeouts.for_reply(stage()) } else { timeouts.block() }, self.progress)
    }

    /// Changes whenever the peer has made progress, for a [`Timeout`].
    pub(crate) const fn progress(&self) -> u32 {
        self.progress
    }

    /// Frees the memory for output, if there is nothing to send.
    #[cold]
    pub(crate) fn free_output(&mut self) {
        self.output.free();
    }

    /// How many recipients were accepted in this transaction.
    pub(crate) fn accepted(&self) -> u32 {
        self.accepted.unwrap_or_default()
    }

    /// How many replies the end of the content gets.
    fn end_replies(&self) -> u32 {
        if self.each_recipient { self.accepted.unwrap_or_default().max(1) } else { 1 }
    }

    /// Whether only part of the output was sent.
    pub(crate) const fn is_partly_sent(&self) -> bool {
        self.output.is_partly_sent()
    }

    /// Whether a command was sent completely and not answered.
    fn is_due(&self) -> bool {
        self.unanswered.is_oldest_sent()
    }

    /// If there was nothing to send before, the timeout starts now: a slow source of content is not the peer's fault.
    fn content_given(&mut self, idle: bool) {
        if idle {
            self.progressed();
        }
    }

    fn progressed(&mut self) {
        self.progress = self.progress.wrapping_add(1);
        self.sent_since = 0;
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decoder: &dyn fmt::Debug = if self.hides() { &"***" } else { &self.decoder };
        f.debug_struct("Session")
            .field("state", &self.state)
            .field("security", &self.security)
            .field("decoder", decoder)
            .field("output", &self.output)
            .field("unanswered", &self.unanswered)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

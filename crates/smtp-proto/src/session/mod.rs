//! One connection, from the greeting to QUIT: commands and content in, octets and replies out.
//!
//! The session keeps the protocol's books: which reply answers which command, which command may
//! come when, how much may be under way. It knows no message and no retry.

mod answer;
mod error;
mod event;
mod order;
mod state;
mod unanswered;

use alloc::vec::Vec;
use core::fmt;

use crate::{
    capabilities::{Capabilities, SizeLimit},
    command::{Command, MailParameters},
    content::ContentEncoder,
    escape::Escaped,
    limits::Limits,
    reply::{Class, ReplyDecoder},
    stage::Stage,
    timeouts::{Timeout, Timeouts},
};
use answer::{Answering, Meaning};
pub use error::SessionError;
pub use event::Event;
use order::{Phase, may_be_followed};
use state::State;
use unanswered::{Due, Unanswered};

/// One connection.
///
/// Inputs: [`received`](Self::received), [`sent`](Self::sent), [`close`](Self::close).
/// Commands: [`command`](Self::command), [`content`](Self::content),
/// [`end_content`](Self::end_content). Output: [`output`](Self::output).
///
/// Every accepted command gets exactly one reply event, in order, or the session ends.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Session {
    state: State,
    capabilities: Capabilities,
    decoder: ReplyDecoder,
    output: Vec<u8>,
    /// Octets of `output` that were handed over.
    sent: usize,
    unanswered: Unanswered,
    answering: Answering,
    /// Recipients that were taken, since MAIL was.
    accepted: Option<usize>,
    /// LHLO was said: the content is answered for each recipient that was taken (RFC 2033).
    each_recipient: bool,
    limits: Limits,
    progress: u32,
    /// Octets handed over since `progress` changed.
    sent_since: usize,
}

/// Octets of most groups of commands.
const USUAL_GROUP: usize = 256;

impl Session {
    /// A new connection: the greeting is due.
    pub fn new(limits: Limits) -> Self {
        let mut session = Self {
            state: State::Over,
            capabilities: Capabilities::default(),
            decoder: ReplyDecoder::new(&limits),
            output: Vec::new(),
            sent: 0,
            unanswered: Unanswered::new(),
            answering: Answering::Command,
            accepted: None,
            each_recipient: false,
            limits,
            progress: 0,
            sent_since: 0,
        };
        session.restart();
        session
    }

    /// Starts over on another new connection, with the buffers of this one. Nothing that was
    /// learned is kept.
    pub fn restart(&mut self) {
        self.close();
        self.state = State::Commands(Phase::BeforeHello);
        self.unanswered.push(Due::one(Stage::Greeting, 0), 0);
    }

    /// The connection is gone, or is not wanted any more. What was not sent is dropped.
    pub fn close(&mut self) {
        self.state = State::Over;
        self.capabilities = Capabilities::default();
        self.decoder.clear();
        self.unanswered.clear();
        self.accepted = None;
        self.each_recipient = false;
        self.clear_output();
        self.progressed();
    }

    /// Takes octets from the front of `input` until there is an event: how many, and the event.
    /// `None`: all were taken.
    pub fn received<'a>(&'a mut self, input: &'a [u8]) -> (usize, Option<Event<'a>>) {
        if self.is_over() || input.is_empty() {
            return (input.len(), None);
        }
        // A reply begins behind the empty lines before it.
        if matches!(self.decoder.held(), [] | [b'\r']) {
            self.answering = if self.is_due() { Answering::Command } else { Answering::Nothing(self.stage()) };
        }
        let Self {
            state,
            capabilities,
            decoder,
            output,
            sent,
            unanswered,
            answering,
            accepted,
            progress,
            sent_since,
            ..
        } = self;
        let (taken, reply) = match decoder.decode(input) {
            (taken, Ok(None)) => return (taken, None),
            (taken, Ok(Some(reply))) => (taken, reply),
            (taken, Err(fault)) => {
                *state = State::Over;
                output.clear();
                *sent = 0;
                return (taken, Some(Event::InvalidReply(fault)));
            }
        };
        *progress = progress.wrapping_add(1);
        *sent_since = 0;
        let (stage, last) = match answer::meaning(reply.code(), *answering, unanswered.oldest().map(|due| due.stage)) {
            Meaning::Answer(stage) => (stage, None),
            Meaning::Closing => (Stage::Idle, Some(Event::ServiceClosing(reply))),
            Meaning::Unsolicited(stage) => (stage, Some(Event::Unsolicited { stage, reply })),
            Meaning::OutOfStep(stage) => (stage, Some(Event::OutOfStep { stage, reply })),
        };
        if last.is_some() {
            *state = State::Over;
            output.clear();
            *sent = 0;
            return (taken, last);
        }
        unanswered.answer();
        state.answered(stage, reply.code(), unanswered);
        let success = reply.code().meaning() == Class::Success;
        match (stage, &mut *accepted) {
            (Stage::Mail, accepted) => *accepted = success.then_some(0),
            (Stage::Rcpt, Some(accepted)) if success => *accepted = accepted.saturating_add(1),
            _ => {}
        }
        match stage {
            Stage::Ehlo | Stage::Lhlo if success => {
                *capabilities = Capabilities::from_reply(&reply).unwrap_or_default();
            }
            Stage::Helo => *capabilities = Capabilities::default(),
            Stage::Quit => *state = State::Over,
            _ => {}
        }
        (taken, Some(Event::Reply { stage, reply }))
    }

    /// Gives a command: it is written to the output, and its reply is due.
    pub fn command(&mut self, command: &Command<'_>) -> Result<(), SessionError> {
        let transaction = match &mut self.state {
            State::Commands(transaction) => transaction,
            State::Content(_) => return Err(SessionError::Order),
            State::Quitting | State::Over => return Err(SessionError::Over),
        };
        match self.unanswered.newest() {
            None => {}
            Some(Due { stage: Stage::Greeting, .. }) => return Err(SessionError::Greeting),
            Some(newest) if self.capabilities.pipelining && may_be_followed(newest.stage) => {}
            Some(_) => return Err(SessionError::Unanswered),
        }
        let next = transaction.with(command).ok_or(SessionError::Order)?;
        if let Command::Mail(_, parameters) = command {
            check_offered(parameters, &self.capabilities)?;
        }
        let start = self.output.len();
        if self.output.is_empty() {
            self.output.reserve(USUAL_GROUP);
        }
        command.encode(&mut self.output);
        let len = self.output.len().saturating_sub(start);
        let under_way = self.unanswered.octets().saturating_add(len);
        if under_way > self.limits.pipeline() && self.unanswered.oldest().is_some() {
            self.output.truncate(start);
            return Err(SessionError::Unanswered);
        }
        let unsent = self.output.len().saturating_sub(self.sent);
        *transaction = next;
        match command {
            Command::Lhlo(_) => self.each_recipient = true,
            Command::Ehlo(_) | Command::Helo(_) => self.each_recipient = false,
            _ => {}
        }
        if matches!(command, Command::Quit) {
            self.state = State::Quitting;
        }
        self.unanswered.push(Due::one(command.stage(), len), unsent);
        Ok(())
    }

    /// Starts the content, which `encoder` writes: DATA was answered with 354.
    pub fn begin_content(&mut self, encoder: ContentEncoder) -> Result<(), SessionError> {
        if self.state != State::Commands(Phase::StartMailInput) {
            return Err(SessionError::Order);
        }
        self.state = State::Content(encoder);
        Ok(())
    }

    /// Writes the next octets of the message behind what is left of the output. After an error of the
    /// content the session is over.
    pub fn content(&mut self, octets: &[u8]) -> Result<(), SessionError> {
        let idle = self.output().is_empty();
        let State::Content(encoder) = &mut self.state else { return Err(SessionError::Order) };
        // What was handed over must not pile up where the output never becomes empty.
        self.output.drain(..self.sent.min(self.output.len()));
        self.sent = 0;
        // Once, with room for the doubled dots and the end: not in steps.
        self.output.reserve(octets.len().saturating_add(octets.len() / 32).saturating_add(16));
        let taken = encoder.encode(octets, &mut self.output);
        if taken.is_err() {
            self.close();
        }
        self.content_given(idle);
        Ok(taken?)
    }

    /// Writes the end of the content: its reply is due, or one for each accepted recipient if LHLO was sent.
    /// Returns the length of the longest line if it is above [`LONGEST_LINE`](crate::LONGEST_LINE). After an
    /// error of the content the session is over.
    pub fn end_content(&mut self) -> Result<Option<u64>, SessionError> {
        let idle = self.output().is_empty();
        let State::Content(encoder) = &mut self.state else { return Err(SessionError::Order) };
        let ended = encoder.finish(&mut self.output).map(|()| encoder.longest_line());
        if ended.is_ok() {
            let replies = if self.each_recipient { self.accepted.unwrap_or_default().max(1) } else { 1 };
            let unsent = self.output.len().saturating_sub(self.sent);
            self.unanswered.push(Due { replies, ..Due::one(Stage::ContentEnd, 0) }, unsent);
            self.state = State::Commands(Phase::None);
        } else {
            self.close();
        }
        self.content_given(idle);
        Ok(ended?)
    }

    /// The first `octets` of the output were handed over.
    pub fn sent(&mut self, octets: usize) -> Result<(), SessionError> {
        if octets > self.output().len() {
            return Err(SessionError::NothingToSend);
        }
        self.sent = self.sent.saturating_add(octets);
        self.unanswered.sent(octets);
        self.sent_since = self.sent_since.saturating_add(octets);
        let all = self.sent == self.output.len();
        if all {
            self.clear_output();
        }
        if octets > 0 && (all || self.sent_since >= self.limits.block()) {
            self.progressed();
        }
        Ok(())
    }

    /// Whether there was a last event, or [`close`](Self::close): nothing more comes or goes.
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// What is to be written next.
    pub fn output(&self) -> &[u8] {
        self.output.get(self.sent..).unwrap_or_default()
    }

    /// What the server offers. Empty before the reply to EHLO, and after HELO.
    pub const fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// The stage whose reply is due first; [`Stage::Idle`] if none is.
    pub fn stage(&self) -> Stage {
        match (&self.state, self.unanswered.oldest()) {
            (State::Content(_), _) => Stage::Content,
            (_, Some(oldest)) if oldest.stage == Stage::ContentEnd && self.unanswered.oldest_unsent() > 0 => {
                Stage::Content
            }
            (_, Some(oldest)) => oldest.stage,
            (_, None) => Stage::Idle,
        }
    }

    /// What has arrived of a reply that is not complete.
    pub fn incomplete_reply(&self) -> &[u8] {
        self.decoder.held()
    }

    /// Whether an octet of the oldest unanswered command was handed over.
    pub fn begun(&self) -> bool {
        self.unanswered.oldest().is_some_and(|oldest| self.unanswered.oldest_unsent() < oldest.len)
    }

    /// How long to wait for the peer: for the reply that is due, or while output is written, for it to take a
    /// block.
    pub fn timeout(&self, timeouts: &Timeouts) -> Timeout {
        let is_written = self.output().is_empty();
        Timeout::new(if is_written { timeouts.for_reply(self.stage()) } else { timeouts.block() }, self.progress)
    }

    /// Whether the output was handed over in part.
    pub(crate) const fn is_partly_sent(&self) -> bool {
        self.sent > 0
    }

    /// Whether a command was sent whole and not answered.
    fn is_due(&self) -> bool {
        self.unanswered.oldest().is_some() && self.unanswered.oldest_unsent() == 0
    }

    fn clear_output(&mut self) {
        self.output.clear();
        self.sent = 0;
    }

    /// However long the source of the content took: if the peer was not waited for, its time begins now.
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

fn check_offered(parameters: &MailParameters, offered: &Capabilities) -> Result<(), SessionError> {
    for (used, offered, keyword) in [
        (parameters.size().is_some(), offered.size != SizeLimit::NotOffered, "SIZE"),
        (parameters.eight_bit_mime(), offered.eight_bit_mime, "8BITMIME"),
        (parameters.smtputf8(), offered.smtputf8, "SMTPUTF8"),
    ] {
        if used && !offered {
            return Err(SessionError::NotOffered(keyword));
        }
    }
    Ok(())
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("state", &self.state)
            .field("decoder", &self.decoder)
            .field("output", &Escaped(self.output()))
            .field("unanswered", &self.unanswered)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

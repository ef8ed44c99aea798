//! What the server sends.

use super::{
    Session,
    answer::{self, Answering, Meaning},
    event::Event,
    hidden::Hidden,
    state::State,
};
use crate::{
    capabilities::Capabilities,
    keywords_kept::KeptKeywords,
    reply::{Class, Code, Reply, ReplyError, ReplyErrorKind},
    stage::Stage,
};

impl Session {
    /// Consumes `input` up to the first event. Returns how many octets were consumed, and the event; `None` if all
    /// octets were consumed without one. Call it again with the rest of the input. Input after the session has ended
    /// is ignored.
    // A caller handles an event at once. Inlined, it takes the parts from registers.
    #[inline]
    pub fn received<'a>(&'a mut self, input: &'a [u8]) -> (usize, Option<Event<'a>>) {
        if input.is_empty() {
            return (0, None);
        }
        if matches!(self.state, State::Over(..) | State::Handshake) {
            return (input.len(), self.received_out_of_turn());
        }
        // Empty lines before a reply are not part of it.
        if matches!(self.decoder.held(), [] | [b'\r']) {
            self.answering = if self.is_due() { Answering::Command } else { Answering::Nothing(self.stage_begun()) };
        }
        let Self {
            state,
            capabilities,
            decoder,
            output,
            unanswered,
            answering,
            accepted,
            each_recipient,
            is_authenticated,
            hidden,
            keywords,
            progress,
            sent_since,
            ..
        } = self;
        // A reply is handled as its parts, because they stay in registers.
        let (taken, code, whole) = match decoder.decode(input) {
            (taken, Ok(None)) => return (taken, None),
            (taken, Ok(Some(reply))) => (taken, reply.code(), reply.octets()),
            (taken, Err(fault)) => {
                state.end(output, unanswered);
                let fault = if hidden.is_some() { fault.without_excerpt() } else { fault };
                return (taken, Some(Event::InvalidReply(fault)));
            }
        };
        let shown = match hidden {
            None => whole,
            Some(hidden) => without_secrets(code, whole, hidden),
        };
        let reply = Reply::from_decoded(code, shown);
        *progress = progress.wrapping_add(1);
        *sent_since = 0;
        let (stage, last) = match answer::meaning(code, *answering, unanswered.oldest().map(|due| due.stage)) {
            Meaning::Answer(stage) => (stage, None),
            Meaning::Closing => (Stage::Idle, Some(Event::ServiceClosing(reply))),
            Meaning::Unsolicited(stage) => (stage, Some(Event::Unsolicited { stage, reply })),
            Meaning::OutOfStep(stage) => (stage, Some(Event::OutOfStep { stage, reply })),
        };
        if last.is_some() {
            state.end(output, unanswered);
            return (taken, last);
        }
        unanswered.answer();
        state.answered(stage, code, unanswered);
        let success = code.meaning() == Class::Success;
        match (stage, &mut *accepted) {
            (Stage::Mail, accepted) => *accepted = success.then_some(0),
            (Stage::Rcpt, Some(accepted)) if success => {
                *accepted = accepted.saturating_add(1);
                // The last chunk may have been sent before it was known how many recipients would be accepted.
                if *each_recipient {
                    unanswered.expect_at_end(*accepted);
                }
            }
            _ => {}
        }
        match stage {
            Stage::Ehlo | Stage::Lhlo if success => {
                // If what is hidden were missing here, a password could hide that TLS is offered.
                let whole = Reply::from_decoded(code, whole);
                *capabilities = Capabilities::from_reply(&whole).unwrap_or_default();
                if let Some(keywords) = keywords {
                    **keywords = KeptKeywords::of(&whole);
                }
            }
            Stage::Helo => {
                *capabilities = Capabilities::default();
                if let Some(keywords) = keywords {
                    **keywords = KeptKeywords::default();
                }
            }
            Stage::Auth if code == Code::AUTHENTICATED => *is_authenticated = true,
            Stage::Quit => *state = State::OVER,
            // A chunk for nobody is not taken, whatever the reply: the message may have to start over.
            Stage::Chunk if success && accepted.is_some_and(|accepted| accepted > 0) => state.chunk_taken(output),
            _ => {}
        }
        (taken, Some(Event::Reply { stage, reply }))
    }

    /// Octets between the reply to STARTTLS and the handshake end the session; those after its end are ignored.
    #[cold]
    #[inline(never)]
    fn received_out_of_turn(&mut self) -> Option<Event<'static>> {
        (self.state == State::Handshake).then(|| {
            self.state = State::Over(Stage::Handshake, None);
            // Without an excerpt, which would depend on how the input is split.
            Event::InvalidReply(ReplyError::new(ReplyErrorKind::BeforeHandshake, &[]))
        })
    }
}

/// The octets of a reply, or only its codes if it contains a secret.
#[cold]
#[inline(never)]
fn without_secrets<'a>(code: Code, octets: &'a [u8], hidden: &Hidden) -> &'a [u8] {
    // A challenge is computed with, not shown. If it were cut, the exchange would fail.
    if code != Code::AUTH_CHALLENGE && hidden.is_in(octets) {
        Reply::from_decoded(code, octets).codes_only().octets()
    } else {
        octets
    }
}

//! How an input changes the oracle: commands sent, replies received, and what must follow.

use std::sync::Arc;

use smtp_proto::{AttemptEnd, Envelope, KnownHost, Place, Protocol, ReplyErrorKind, Status};

use super::{
    Input, Oracle, Phase, Violation,
    chunks::new_message,
    connection::{Awaited, Doubted, Unfit},
    exchange::{Answer, Verb},
    message::Message,
    offers::Offers,
    plan::Plan,
    replies::Heard,
    table::{End, Next},
    task::Task,
    turn::Turn,
    verdict,
};

impl Oracle {
    /// Records a call that the delivery accepted.
    pub fn input(&mut self, input: Input<'_>) -> Result<(), Violation> {
        self.room = 0;
        match input {
            Input::Connected => {
                self.connection.open(self.plan);
                self.connection.in_lockstep = self.known.lockstep();
                self.connection.replaces = self.tried.first().is_some_and(|tried| tried.reused);
                self.connection.is_retry = !self.tried.is_empty();
                self.shown.clear();
                self.clock.restart();
                self.phase = Phase::Talking;
            }
            Input::ConnectFailed => {
                self.connection.close(self.plan);
                self.end(End::ConnectFailed);
            }
            Input::Know(host) => self.know(host),
            Input::Secured { version, is_verified, can_bind } => self.secured(version, is_verified, can_bind),
            Input::SecureFailed => self.end(End::SecureFailed),
            Input::AuthStart(initial) => self.auth_start(initial),
            Input::AuthResponse(response) => self.auth_response(response),
            Input::AuthComplete => {
                self.connection.given.is_complete = true;
                if self.connection.turn(&self.task) == Turn::Kept {
                    self.keep();
                }
            }
            Input::AuthAbandon => self.auth_abandon(),
            Input::Sent(octets) => self.sent(octets),
            Input::Received(octets) => self.received(octets),
            Input::Lost(how) => self.end(End::Lost(how)),
            Input::TimedOut => self.end(End::Silence),
            Input::Content(octets) => {
                self.content_given();
                if let Some(error) = self.message_given().and_then(|message| message.give(octets)) {
                    self.end(End::ContentError(error));
                }
            }
            Input::EndContent => {
                self.content_given();
                if let Some(message) = self.message_given() {
                    match message.end() {
                        Some(error) => self.end(End::ContentError(error)),
                        None => self.overlong_line = message.overlong_line(),
                    }
                }
            }
            Input::Rewound => self.rewound(),
            Input::CannotRewind => self.cannot_rewind(),
            Input::Cancel(why) => self.cancel(why),
            Input::DeliverNext(envelope) => self.deliver_next(envelope),
            Input::Quit => {
                if self.phase == (Phase::Done { kept: true }) {
                    self.connection.leaving = true;
                    self.phase = Phase::Talking;
                }
            }
        }
        Ok(())
    }

    /// The timeout may start again if nothing was waiting to be written: reading the content may take long.
    fn content_given(&mut self) {
        if self.shown.is_empty() {
            self.clock.changes_left += 1;
        }
    }

    fn sent(&mut self, octets: usize) {
        let block = self.task.config.limits().block().max(1);
        let blocks = (self.connection.handed + octets) / block - self.connection.handed / block;
        self.clock.changes_left += u32::try_from(blocks).unwrap_or(u32::MAX);
        self.connection.hand_over(octets);
        self.shown.drain(..octets);
        if octets > 0 && self.shown.is_empty() {
            self.clock.changes_left += 1;
            // While content is being gathered, there may be more to write than was shown.
            let gathering = self.connection.message.as_ref().is_some_and(|message| !message.has_arrived());
            self.clock.must_change |= !gathering;
        }
    }

    fn received(&mut self, octets: &[u8]) {
        let mut rest = octets;
        while !rest.is_empty() && matches!(self.phase, Phase::Talking | Phase::Done { kept: true }) {
            // Nothing that arrives between the 220 and the handshake is interpreted (RFC 3207 section 6).
            if self.phase == Phase::Talking && self.connection.is_handshaking() {
                return self.end(End::InvalidReply(ReplyErrorKind::BeforeHandshake));
            }
            if self.connection.replies.is_between() {
                self.connection.answering = self.connection.awaited();
            }
            let (taken, heard) = self.connection.replies.read(rest);
            rest = &rest[taken..];
            match heard {
                None => {}
                Some(Heard::Fault(kind)) => self.end(End::InvalidReply(kind)),
                Some(Heard::Reply { code, start, end }) => self.reply(Answer { code, start, end }),
            }
        }
    }

    fn reply(&mut self, answer: Answer) {
        self.clock.changes_left += 1;
        self.clock.must_change = true;
        let quit_is_due = self.connection.due().is_some_and(|due| due.verb == Verb::Quit);
        let answers_quit = self.connection.answering == Awaited::Answer && quit_is_due;
        if answer.code == 421 || (answer.code == 221 && !answers_quit) {
            return self.end(End::Closing(answer));
        }
        let is_unchunked = self.connection.is_unchunked(answer.code);
        let verb = match (self.connection.answering, self.connection.due_mut()) {
            (Awaited::Answer, Some(due)) => {
                due.answer = Some(answer);
                due.verb
            }
            (Awaited::Content, _) if is_unchunked => return self.end(End::Unchunked(answer)),
            (Awaited::Content, _) if answer.code >= 400 => return self.end(End::ContentRefused(answer)),
            _ => return self.end(End::Unsolicited(answer)),
        };
        self.learn_hello(verb, answer.code);
        match self.bdat_answered(verb, answer) {
            None => {}
            Some(end @ End::Unchunked(_)) => {
                // The server did not refuse the content: it never knew that this was content.
                self.take_back(answer);
                return self.end(end);
            }
            Some(_) => return self.not_answered(answer),
        }
        let in_transaction = self.connection.said(Verb::Mail) || self.connection.is_plain;
        let lmtp = self.task.config.protocol() == Protocol::Lmtp;
        match (verb, answer.code) {
            // The second alternative is a server that does not know RSET.
            (Verb::Greeting | Verb::StartTls, 220) | (Verb::Rset, 500..=502 | 504) => {}
            (_, 220)
            | (Verb::StartTls, 200..=399)
            | (Verb::Auth | Verb::Response, 200..=234 | 236..=333 | 335..=399)
            | (Verb::Star, 200..=234 | 236..=399) => return self.not_answered(answer),
            (Verb::Ehlo | Verb::Lhlo, 200..=299) => {
                let Answer { start, end, .. } = answer;
                self.connection.offers = Offers::read(self.connection.replies.octets(start, end));
            }
            (Verb::Data, 354) => self.start_content(),
            (Verb::Data, 200..=399)
            | (Verb::Greeting | Verb::Helo | Verb::Lhlo | Verb::Mail | Verb::End, 300..=399) => {
                return self.not_answered(answer);
            }
            (Verb::Rset, 300..) if in_transaction => return self.not_answered(answer),
            (Verb::Mail | Verb::Data, 400..) if self.connection.repeat_is_due(&self.task) => {}
            (Verb::Mail | Verb::Data, 400..) => self.refused(verb, answer.code),
            // 221, or a server that does not know QUIT.
            (Verb::Quit, 221 | 500..=502 | 504) => return self.end(End::Quit),
            (Verb::Quit, _) if self.has_refused_provisionally() => return self.end(End::Unexpected(answer)),
            (Verb::Quit, _) => return self.end(End::Quit),
            (Verb::End, 400..=499)
                if !lmtp && self.connection.accepted() > 0 && !self.connection.chunk_was_refused() =>
            {
                self.refused(verb, answer.code);
            }
            // The first of them can still be sent on another connection.
            (Verb::Chunk, 400..) if self.connection.count_answered(Verb::Chunk) == 1 => {
                self.refused(Verb::Data, answer.code);
            }
            _ => {}
        }
        let goes_on = matches!(self.connection.turn(&self.task), Turn::Say(Verb::Rcpt | Verb::Data));
        match (verb, self.connection.every_rcpt_refused(&self.task)) {
            (Verb::Rcpt | Verb::Data | Verb::Chunk | Verb::End, Some(code)) if !goes_on => {
                self.refused(Verb::Rcpt, code);
            }
            _ => {}
        }
        self.after_reply(verb);
        match self.connection.turn(&self.task) {
            Turn::Kept => self.keep(),
            // More replies may arrive together with this one, before the driver polls again.
            Turn::Say(Verb::Data) => {
                let limit = self.connection.most_in_flight(&self.task);
                let under_way = self.connection.under_way_with("DATA\r\n".len());
                self.connection.hoped = under_way.is_none_or(|octets| octets <= limit);
            }
            _ => {}
        }
    }

    /// The reply does not fit the command, which therefore has no answer.
    fn not_answered(&mut self, answer: Answer) {
        self.take_back(answer);
        self.end(End::Unexpected(answer));
    }

    fn take_back(&mut self, answer: Answer) {
        if let Some(said) = self.connection.exchanges.iter_mut().rev().find(|said| said.answer == Some(answer)) {
            said.answer = None;
        }
    }

    /// MAIL, every RCPT or DATA was refused: decides whether that concerns the message or the session.
    fn refused(&mut self, verb: Verb, code: u16) {
        // If MAIL or every recipient was refused before, the refusal of DATA adds nothing.
        let says_something = verb != Verb::Data || self.connection.accepted() > 0;
        if !says_something || code < 400 || (code >= 500 && code != 503) {
            return;
        }
        let known = self.known_refusals.contains(&(verb, code));
        match (self.connection.reused, known) {
            (false, _) => self.known_refusals.push((verb, code)),
            // The content is never sent twice.
            (true, known) if verb == Verb::End => self.connection.spent = !known,
            (true, true) => self.connection.spent = true,
            (true, false) => self.connection.unfit = Some(Unfit::Limit),
        }
    }

    /// Whether a recipient failed because of replies that may be out of step.
    fn has_refused_provisionally(&mut self) -> bool {
        verdict::by_replies(&self.connection, &self.task, &mut self.by_replies);
        let refused =
            |verdict: &verdict::Verdict| verdict.status == Status::Failed && verdict.why == verdict::Why::Reply;
        // A kept connection that is being ended: its message is already reported.
        let (is_open, content) = match self.connection.in_doubt_if_out_of_step() {
            Doubted::Nothing => (false, false),
            Doubted::Content => (false, true),
            Doubted::All => (true, true),
        };
        let connection = &self.connection;
        !connection.leaving
            && self.by_replies.iter().flatten().any(|verdict| {
                (is_open && refused(verdict)) || (content && verdict::refused_content(connection, verdict))
            })
    }

    fn start_content(&mut self) {
        if self.connection.accepted() == 0 || self.given.is_some() {
            // The content, or some of it, is there at once.
            self.content_given();
        }
        self.connection.message = Some(if self.connection.accepted() == 0 {
            Message::none()
        } else {
            // What was given on an earlier connection is sent first.
            self.given.take().unwrap_or_else(|| new_message(&self.task.envelope, self.task.config.line_endings()))
        });
    }

    /// Every recipient has a final status, and the connection waits for another message.
    pub(super) fn keep(&mut self) {
        verdict::by_replies(&self.connection, &self.task, &mut self.by_replies);
        self.settle(None, Next::Defer);
        self.try_ended(AttemptEnd::Kept);
        self.connection.count_used(&self.task);
        self.phase = Phase::Done { kept: true };
    }

    fn deliver_next(&mut self, envelope: &Arc<Envelope>) {
        let kept = self.phase == (Phase::Done { kept: true });
        self.has_secured &= kept;
        if !kept {
            self.learned = KnownHost::UNKNOWN;
        }
        let is_secure_host = self.has_secured || self.known.secured();
        let has_bdat = self.task.has_bdat || !kept;
        self.task = Task::new(self.task.config.clone(), envelope.clone(), is_secure_host);
        self.task.parts.known = self.known.recipients().map(|most| most as usize);
        self.decided = vec![None; envelope.forward_paths().len()];
        self.dropped_before = vec![None; envelope.forward_paths().len()];
        self.task.has_bdat &= has_bdat;
        self.given = None;
        self.helo_spent = false;
        self.tried.clear();
        self.verdicts.clear();
        self.last_end = None;
        self.overlong_line = None;
        if kept {
            self.phase = Phase::Talking;
            self.connection.reuse(&self.task);
            if self.connection.turn(&self.task) == Turn::Kept {
                self.keep();
            }
        } else {
            self.connection.keeps_keywords |= self.task.needs_keywords();
            self.plan = Plan::first(&self.task, self.known);
            self.phase = Phase::Connecting(Place::Any);
        }
    }
}

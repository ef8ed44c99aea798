//! What a delivery does after each reply.

use super::{
    Delivery, Place,
    plan::{Plan, Tls},
    state::{LastConnection, Refusal, State},
};
use crate::{
    address::HelloName,
    chunking::{Chunking, Method},
    command::Command,
    config::Afterwards,
    content::ContentError,
    outcome::{AttemptEnd, Hello, Status},
    recipients::SettledBy,
    reply::{Class, Code, ReplyError, Severity},
    retry::Interruption,
    security::Security,
    session::SessionError,
    stage::Stage,
    transaction::{NextMail, Origin, ReplyFacts, Then, Transaction, Verdicts, settle_unfit, status_of_unmet},
};

impl Delivery {
    /// Starts a message on a new connection, as [`new`](Self::new) does.
    pub(super) fn begin(&mut self) {
        self.ledger.open(self.envelope.forward_paths().len());
        self.host = self.host.for_new_delivery();
        self.keep_keywords();
        self.state = State::Connecting(self.first_plan(), Place::Any);
    }

    /// Makes the session keep the keywords of the next reply to EHLO, if the message has additional parameters.
    pub(super) fn keep_keywords(&mut self) {
        if self.envelope.needs_keywords() {
            self.session.keep_keywords();
        }
    }

    /// Not inlined: the loop over the replies keeps more of its values in registers without it.
    #[inline(never)]
    pub(super) fn on_reply(&mut self, stage: Stage, reply: &ReplyFacts) {
        match self.state {
            State::Greeting(plan) => self.on_greeting(plan, reply),
            State::Ehlo(plan) => self.on_ehlo(plan, reply),
            State::StartTls(hello) => self.on_starttls_reply(hello, reply),
            State::Authenticating(authenticating) => self.on_auth_reply(authenticating, reply),
            State::Lhlo(plan) => match reply.code.meaning() {
                Class::Success => self.on_hello_accepted(plan, reply, Origin::Lhlo),
                Class::Intermediate => self.on_unexpected(reply),
                Class::Refusal(severity) => self.refuse(severity, reply, Verdicts::Provisional),
            },
            State::Helo(refusal) => self.on_helo(refusal, reply),
            // RFC 1869 section 4.6: go on with HELO whatever the reply; many servers send 503.
            State::RsetBeforeHelo(severity) => self.say_helo(Refusal::OfHelo(severity)),
            State::Rset(origin) => match reply.code.meaning() {
                Class::Success if !self.ledger.recipients.all_settled() => self.begin_transaction(Origin::Message),
                Class::Success => self.keep_connection(origin),
                _ if reply.code.answers_rset() => self.say_quit(Verdicts::Provisional),
                Class::Intermediate | Class::Refusal(_) => self.on_unexpected(reply),
            },
            State::Quitting(_) => {
                let doubted = !reply.code.answers_quit() && self.doubt_refusals(Some(reply));
                let ended = if doubted { AttemptEnd::Unexpected } else { AttemptEnd::Quit };
                self.learn_from(ended);
                if self.ledger.recipients.all_settled() { self.done(ended) } else { self.start_over(ended) }
            }
            State::Leaving(ended) => self.start_over(ended),
            State::Transaction(_)
            | State::Rewinding(..)
            | State::Connecting(..)
            | State::SecuringFirst(_)
            | State::Securing(_)
            | State::Done(_) => self.on_transaction_reply(stage, reply),
        }
    }

    fn on_greeting(&mut self, plan: Plan, reply: &ReplyFacts) {
        let is_retry = self.ledger.attempts.len() > 1;
        if let Some(attempt) = self.ledger.attempt() {
            attempt.greeting = Some(reply.kept);
        }
        match reply.code.meaning() {
            Class::Success => self.greeted(plan),
            Class::Intermediate => self.on_unexpected(reply),
            // The same host accepted the first connection and then failed at EHLO or TLS, so this is not permanent.
            Class::Refusal(_) if is_retry => self.refuse(Severity::Transient, reply, Verdicts::Final),
            Class::Refusal(severity) => self.refuse(severity, reply, Verdicts::Final),
        }
    }

    /// Sends the first hello, or the first after the handshake.
    pub(super) fn greeted(&mut self, plan: Plan) {
        match plan {
            Plan { hello: Hello::Lhlo, .. } => self.say_hello(Hello::Lhlo, State::Lhlo(plan)),
            Plan { hello: Hello::Helo, tls: Tls::No } => self.say_helo(Refusal::None),
            // Only EHLO shows whether STARTTLS is offered.
            Plan { hello: Hello::Ehlo | Hello::Helo, .. } => self.say_hello(Hello::Ehlo, State::Ehlo(plan)),
        }
    }

    /// RFC 1869 sections 4.5 and 4.6: after any reply but a success, HELO follows on the same connection.
    fn on_ehlo(&mut self, plan: Plan, reply: &ReplyFacts) {
        let severity = match reply.code.meaning() {
            Class::Success => return self.on_hello_accepted(plan, reply, Origin::Ehlo),
            Class::Intermediate => Severity::Transient,
            Class::Refusal(severity) => severity,
        };
        if let Some(attempt) = self.ledger.attempt() {
            attempt.ehlo_refusal = Some(reply.kept);
        }
        let needs = self.needs_beyond_helo();
        if needs.is_empty() {
            self.say_helo(Refusal::OfEhlo(severity));
        } else {
            let status = match severity {
                Severity::Transient => Status::Deferred,
                Severity::Permanent => status_of_unmet(needs),
            };
            self.ledger.settle(status, SettledBy::Needs(needs, Some(reply.kept)));
            self.say_quit(Verdicts::Final);
        }
    }

    fn on_helo(&mut self, refusal: Refusal, reply: &ReplyFacts) {
        match (reply.code.meaning(), refusal) {
            (Class::Success, _) => {
                if let Some(attempt) = self.ledger.attempt() {
                    attempt.hello_reply = Some(reply.kept);
                }
                // A hang-up on EHLO inside TLS says nothing about EHLO in clear.
                if refusal == Refusal::None && self.session.security() == Security::Clear {
                    self.host.learn_helo_only();
                }
                self.begin_transaction(Origin::Helo);
            }
            (Class::Refusal(_), Refusal::OfEhlo(severity)) if reply.code == Code::BAD_SEQUENCE => {
                self.say(&Command::Rset, State::RsetBeforeHelo(severity));
            }
            // Some servers do not implement HELO (502). That must not turn a hang-up on EHLO, or a temporary refusal
            // of it, into a permanent failure.
            (
                Class::Refusal(_),
                Refusal::None | Refusal::OfEhlo(Severity::Transient) | Refusal::OfHelo(Severity::Transient),
            ) => {
                self.refuse(Severity::Transient, reply, Verdicts::Provisional);
            }
            (Class::Refusal(severity), Refusal::OfEhlo(Severity::Permanent) | Refusal::OfHelo(Severity::Permanent)) => {
                self.refuse(severity, reply, Verdicts::Provisional);
            }
            (Class::Intermediate, _) => self.on_unexpected(reply),
        }
    }

    pub(super) fn begin_transaction(&mut self, origin: Origin) {
        if self.envelope.forward_paths().is_empty() {
            return self.say_quit(Verdicts::Final);
        }
        if self.must_authenticate() {
            return self.authenticate(origin);
        }
        if self.ledger.rounds.is_some_and(|rounds| rounds.must_rewind) {
            let verdicts = match origin {
                Origin::Ehlo | Origin::Helo | Origin::Lhlo => Verdicts::Final,
                // After RSET, whose reply proves nothing about the replies before it.
                Origin::Message => Verdicts::Provisional,
            };
            return self.rewind(origin, verdicts);
        }
        self.send_mail(origin);
    }

    /// Sends MAIL for the next recipients.
    pub(super) fn send_mail(&mut self, origin: Origin) {
        if self.envelope.requests().is_some() && !self.settle_unfit() {
            return self.finish(NextMail::Nothing, Verdicts::Final, origin);
        }
        if !self.choose_recipients() {
            self.ledger.reopen_unfit();
            // No domain of theirs fits into the server's limit for this connection.
            return self.say(&Command::Quit, State::Leaving(AttemptEnd::Quit));
        }
        let (needs, method) = (self.needs(), self.method());
        let Self { session, config, envelope, ledger, .. } = self;
        match Transaction::begin(origin, method, needs, session, config, envelope, ledger) {
            Some(transaction) => {
                self.used.transactions = self.used.transactions.saturating_add(1);
                self.enter(State::Transaction(transaction));
            }
            None => self.finish(NextMail::Nothing, Verdicts::Final, origin),
        }
    }

    /// Settles the recipients that cannot be given to this server because of their parameters. Returns whether others
    /// are left.
    #[cold]
    fn settle_unfit(&mut self) -> bool {
        let (needs, method) = (self.needs(), self.method());
        settle_unfit(needs, method, &self.envelope, &self.session, &mut self.ledger);
        !self.ledger.recipients.all_settled()
    }

    /// How the content is sent on this connection.
    fn method(&self) -> Method {
        match self.config.chunking() {
            Chunking::Auto if self.session.capabilities().chunking && !self.host.has_refused_bdat => Method::Bdat,
            Chunking::Auto | Chunking::Never => Method::Data,
        }
    }

    fn on_transaction_reply(&mut self, stage: Stage, reply: &ReplyFacts) {
        let Self { session, config, envelope, ledger, state, .. } = self;
        // In the other states, no reply is due.
        let State::Transaction(transaction) = state else { return };
        let origin = transaction.origin();
        match transaction.on_reply(stage, reply, session, config, envelope, ledger) {
            Then::GoOn => {
                self.note_stage();
            }
            Then::Settled(next_mail, verdicts) => {
                let transaction = *transaction;
                if let Some(rounds) = self.ledger.rounds {
                    self.learn_bound(rounds, transaction.achieved());
                }
                if self.ledger.recipients.all_settled() {
                    self.finish(next_mail, verdicts, origin);
                } else {
                    self.finish_transaction(transaction, next_mail, verdicts, reply);
                }
            }
            Then::Afresh => self.leave(AttemptEnd::SessionLimit),
            Then::Unchunked => self.end_unchunked(reply),
            Then::OutOfStep => self.on_out_of_step(stage, reply),
        }
    }

    /// The server ends the session.
    #[cold]
    pub(super) fn on_service_closing(&mut self, reply: &ReplyFacts) {
        self.note_reply(reply);
        let interruption = match reply.code {
            Code::CHANNEL_CLOSING => Interruption::ChannelClosing,
            _ => Interruption::ServiceClosing,
        };
        self.end_here(AttemptEnd::ServiceClosing, interruption, Some(reply));
    }

    /// A reply that was not due, or that answers the content before its end. Its first octet arrived at `since`.
    #[cold]
    pub(super) fn on_unsolicited(&mut self, since: Stage, reply: &ReplyFacts) {
        // During the content, a refusal applies to the message (RFC 5321 section 3.3).
        if let (State::Transaction(transaction), Stage::Content, Some(severity)) =
            (&self.state, since, reply.code.severity())
        {
            if transaction.is_unchunked(reply.code) {
                return self.end_unchunked(reply);
            }
            if transaction.is_void() {
                return self.end_here(AttemptEnd::ContentRefused, Interruption::ProtocolError, None);
            }
            self.note_reply(reply);
            self.ledger.refuse_content(severity, SettledBy::Reply(reply.kept));
            return self.done(AttemptEnd::ContentRefused);
        }
        self.note_reply(reply);
        self.doubt_refusals(Some(reply));
        self.end_here(AttemptEnd::Unsolicited, Interruption::ProtocolError, None);
    }

    /// A reply that cannot answer the command at `stage`.
    #[cold]
    pub(super) fn on_out_of_step(&mut self, stage: Stage, reply: &ReplyFacts) {
        self.note_reply(reply);
        self.doubt_refusals(Some(reply));
        self.end_at(stage, true, AttemptEnd::Unexpected, Interruption::ProtocolError, None);
    }

    /// A 3yz reply to a command that it cannot answer.
    fn on_unexpected(&mut self, reply: &ReplyFacts) {
        self.on_out_of_step(self.session.stage(), reply);
    }

    pub(super) fn on_invalid_reply(&mut self, error: &ReplyError) {
        let excerpt = if self.session.hides() { &[] } else { error.excerpt() };
        let detail = self.ledger.kept.keep(excerpt);
        self.note_detail(detail);
        self.end_here(AttemptEnd::InvalidReply(error.kind()), Interruption::ProtocolError, None);
    }

    pub(super) fn on_content_error(&mut self, error: ContentError) {
        let status = match error {
            ContentError::BareLf(_) | ContentError::BareCr(_) | ContentError::EightBit(_) => Status::Failed,
            // The content is not the one that was announced, so a later attempt may succeed.
            ContentError::TooLong { .. } | ContentError::TooShort { .. } => Status::Deferred,
        };
        self.ledger.settle(status, SettledBy::Content(error));
        self.done(AttemptEnd::Abandoned);
    }

    /// The server refused the client: this applies to every recipient. It is temporary if this connection replaces a
    /// kept one or the one of another transaction, because the server accepted the client on that one.
    fn refuse(&mut self, severity: Severity, reply: &ReplyFacts, verdicts: Verdicts) {
        let replaces_kept = self.ledger.attempts.first().is_some_and(|attempt| attempt.reused);
        // Then there is nothing to doubt: what another connection settled is certain.
        let (severity, verdicts) = if replaces_kept || self.ledger.rounds.is_some() {
            (Severity::Transient, Verdicts::Final)
        } else {
            (severity, verdicts)
        };
        self.note_reply(reply);
        self.ledger.refuse_all(severity, reply.kept);
        self.say_quit(verdicts);
    }

    /// Every recipient has its status: prepare for the next message, or send QUIT.
    pub(super) fn finish(&mut self, next_mail: NextMail, verdicts: Verdicts, origin: Origin) {
        match (self.config.afterwards(), next_mail) {
            (Afterwards::Quit, _) | (Afterwards::Keep, NextMail::Never) => self.say_quit(verdicts),
            (Afterwards::Keep, _) if self.is_spent() => self.say_quit(verdicts),
            (Afterwards::Keep, NextMail::Nothing) => self.keep_connection(origin),
            (Afterwards::Keep, NextMail::Rset) => self.say(&Command::Rset, State::Rset(origin)),
        }
    }

    /// This connection cannot carry the message: send QUIT, and start over on a new one.
    #[cold]
    pub(super) fn leave(&mut self, ended: AttemptEnd) {
        self.keep_given();
        self.ledger.reopen_recipients();
        self.say(&Command::Quit, State::Leaving(ended));
    }

    fn keep_connection(&mut self, origin: Origin) {
        let said = self.ledger.attempt().and_then(|attempt| attempt.hello);
        let hello = match origin {
            Origin::Ehlo => Hello::Ehlo,
            Origin::Helo => Hello::Helo,
            Origin::Lhlo => Hello::Lhlo,
            Origin::Message => said.unwrap_or(Hello::Ehlo),
        };
        self.note_end(AttemptEnd::Kept);
        if let Some(attempt) = self.ledger.attempt() {
            attempt.stage = Stage::Idle;
        }
        self.state = State::Done(LastConnection::Kept(hello));
    }

    pub(super) fn say_helo(&mut self, refusal: Refusal) {
        self.say_hello(Hello::Helo, State::Helo(refusal));
    }

    pub(super) fn say_quit(&mut self, verdicts: Verdicts) {
        self.say(&Command::Quit, State::Quitting(verdicts));
    }

    pub(super) fn enter(&mut self, state: State) {
        self.state = state;
        self.note_stage();
    }

    /// Sends a hello, with the name of the client, and enters the state in which its reply is handled.
    fn say_hello(&mut self, hello: Hello, state: State) {
        let literal = self.local_address.filter(|_| self.config.address_literal()).map(HelloName::from);
        let name = literal.as_ref().unwrap_or(self.config.hello_name());
        let command = match hello {
            Hello::Ehlo => Command::Ehlo(name),
            Hello::Helo => Command::Helo(name),
            Hello::Lhlo => Command::Lhlo(name),
        };
        let said = self.session.command(&command);
        if let (Ok(()), Some(attempt)) = (&said, self.ledger.attempt()) {
            attempt.hello = Some(hello);
        }
        self.said(said, state);
    }

    /// Sends another command that does not depend on the message, and enters the state in which its reply is handled.
    pub(super) fn say(&mut self, command: &Command<'static>, state: State) {
        let said = self.session.command(command);
        self.said(said, state);
    }

    /// If the session did not accept the command, ends it; every recipient still gets a status.
    fn said(&mut self, said: Result<(), SessionError>, state: State) {
        match said {
            Ok(()) => self.enter(state),
            Err(_) => self.end_unheard(AttemptEnd::Abandoned, Interruption::ProtocolError),
        }
    }
}

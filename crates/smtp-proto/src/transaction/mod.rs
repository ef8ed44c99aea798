//! MAIL, RCPT, DATA or BDAT, and content: one message on one connection, and which reply settles which recipients.

mod asking;
mod chunk_progress;
mod chunks;
mod content;
mod fit;
mod repeat;
mod reply_facts;
mod room;
mod state;
mod then;

use crate::{
    chunking::Method,
    command::Command,
    config::Config,
    envelope::Envelope,
    ledger::Ledger,
    needs::Needs,
    outcome::Status,
    recipients::SettledBy,
    reply::{Class, Code, Severity},
    retry::{Achieved, AfterRefusal, Point, Refusal, RefusedCommand, Served, after_refusal},
    session::Session,
    stage::Stage,
};
use fit::{check, demanded};
pub(crate) use fit::{settle_unfit, status_of_unmet};
use repeat::{Repeat, Round, holds_content, next_place, repeats_mail};
pub(crate) use reply_facts::ReplyFacts;
use room::Room;
pub(crate) use state::Origin;
use state::{Data, Mail, Rcpts};
pub(crate) use then::{NextMail, Then, Verdicts};

/// The state of the transaction. With pipelining, MAIL, RCPT and DATA can be unanswered at the same time (RFC 2920).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Transaction {
    origin: Origin,
    mail: Mail,
    repeat: Repeat,
    round: Round,
    /// Whether DATA or BDAT waits for the replies to MAIL and RCPT, because they may have to be sent again.
    is_content_held: bool,
    /// How many RCPT commands were sent; more than 255 count as 255.
    said: u8,
    /// The place of the recipient that is asked for next.
    asked: u32,
    /// The place of the recipient whose RCPT is answered next.
    answered: u32,
    rcpts: Rcpts,
    room: Room,
    method: Method,
    data: Data,
    /// Whether the content was accepted for a recipient.
    delivered: bool,
    /// What follows the refusal of MAIL, DATA or a chunk, if one of them was refused.
    after_refusal: AfterRefusal,
}

impl Transaction {
    /// Sends MAIL, and the commands that may be pipelined after it. `None` if the message cannot be sent to this
    /// server; the recipients are then settled.
    pub(crate) fn begin(
        origin: Origin,
        method: Method,
        needs: Needs,
        session: &mut Session,
        config: &Config,
        envelope: &Envelope,
        ledger: &mut Ledger,
    ) -> Option<Self> {
        let fits = check(needs, method, envelope, session);
        let given = fits.and_then(|()| {
            Self::say_mail(session, envelope, Repeat::No).or(Err((Status::Deferred, SettledBy::Connections)))
        });
        if let Err((status, by)) = given {
            ledger.settle(status, by);
            return None;
        }
        let mut transaction = Self::new(origin, method, Repeat::No, session, envelope, ledger);
        transaction.fill_pipeline(session, config, envelope, ledger);
        Some(transaction)
    }

    fn new(
        origin: Origin,
        method: Method,
        repeat: Repeat,
        session: &Session,
        envelope: &Envelope,
        ledger: &Ledger,
    ) -> Self {
        let first = next_place(0, Round::First, session, envelope, &ledger.recipients);
        Self {
            origin,
            mail: if repeat == Repeat::Done { Mail::Reset } else { Mail::Due },
            repeat,
            round: Round::First,
            is_content_held: holds_content(method, repeat, envelope.requests(), session),
            said: 0,
            asked: first,
            answered: first,
            rcpts: Rcpts::NoneAnswered,
            room: Room::Left,
            method,
            data: Data::NotAsked,
            delivered: false,
            after_refusal: AfterRefusal::Settle,
        }
    }

    /// Whether a reply with this code, to the command at this stage, is only an acceptance that the report does not show.
    #[inline]
    pub(crate) fn only_needs_code(&self, stage: Stage, code: Code, envelope: &Envelope) -> bool {
        match (stage, code.meaning()) {
            (Stage::Mail, Class::Success) => true,
            // An inquiry reports what was accepted.
            (Stage::Rcpt, Class::Success) => self.mail == Mail::Taken && !envelope.is_inquiry(),
            (Stage::Data, Class::Intermediate) => code == Code::START_MAIL_INPUT,
            _ => false,
        }
    }

    pub(crate) fn on_reply(
        &mut self,
        stage: Stage,
        reply: &ReplyFacts,
        session: &mut Session,
        config: &Config,
        envelope: &Envelope,
        ledger: &mut Ledger,
    ) -> Then {
        match (self.judge(stage, reply, session, config, envelope, ledger), self.repeat) {
            (Then::Settled(..), Repeat::Due) => self.begin_again(session, config, envelope, ledger),
            (then, Repeat::No | Repeat::Due | Repeat::Done) => then,
        }
    }

    /// MAIL was refused with its parameters: RSET, and MAIL without them.
    #[cold]
    fn begin_again(
        &mut self,
        session: &mut Session,
        config: &Config,
        envelope: &Envelope,
        ledger: &mut Ledger,
    ) -> Then {
        if session.command(&Command::Rset).is_err() {
            return Then::OutOfStep;
        }
        ledger.dropped.iter_mut().for_each(|dropped| dropped.is_mail_refused = true);
        *self = Self::new(self.origin, self.method, Repeat::Done, session, envelope, ledger);
        self.fill_pipeline(session, config, envelope, ledger);
        Then::GoOn
    }

    fn judge(
        &mut self,
        stage: Stage,
        reply: &ReplyFacts,
        session: &mut Session,
        config: &Config,
        envelope: &Envelope,
        ledger: &mut Ledger,
    ) -> Then {
        match (stage, reply.code.meaning()) {
            // A server that does not know RSET has no transaction to end, because MAIL was refused.
            (Stage::Rset, _) if reply.code.answers_rset() => {}
            (Stage::Mail, Class::Success) => self.mail = Mail::Taken,
            (Stage::Mail, Class::Refusal(_)) if reply.code == Code::ACCESS_DENIED => {
                self.mail = Mail::Refused;
                ledger.settle(Status::Deferred, SettledBy::Demanded(demanded(session), reply.kept));
            }
            (Stage::Mail, Class::Refusal(_)) if repeats_mail(reply.code, self.repeat, envelope.requests(), session) => {
                (self.mail, self.repeat) = (Mail::Refused, Repeat::Due);
            }
            (Stage::Mail, Class::Refusal(severity)) => {
                self.mail = Mail::Refused;
                self.on_refusal(RefusedCommand::Mail, severity, reply, ledger);
            }
            (Stage::Rcpt, class) => {
                self.on_rcpt(class, reply, session, envelope, ledger);
                let next = self.answered.saturating_add(1);
                self.answered = next_place(next, self.round, session, envelope, &ledger.recipients);
            }
            (Stage::Data, Class::Refusal(severity)) => {
                // If MAIL or every recipient was refused, this refusal of DATA only follows from that.
                if self.mail == Mail::Taken && ledger.recipients.accepted() > 0 {
                    self.data = Data::Refused;
                    self.on_refusal(RefusedCommand::Data, severity, reply, ledger);
                }
                return self.settled(NextMail::Rset, Verdicts::Provisional, ledger);
            }
            (Stage::Data, Class::Intermediate) => {
                return self.on_start_mail_input(session, config, envelope, ledger);
            }
            (Stage::Chunk | Stage::ContentEnd, class @ (Class::Success | Class::Refusal(_)))
                if self.method == Method::Bdat =>
            {
                return self.on_chunk(stage, class, reply, session, config, ledger);
            }
            (Stage::ContentEnd, Class::Success | Class::Refusal(_)) => {
                return self.on_content_end(config, reply, ledger);
            }
            _ => return Then::OutOfStep,
        }
        self.fill_pipeline(session, config, envelope, ledger);
        self.stop_chunks_for_nobody(session, ledger);
        if self.data.is_over() && session.stage() == Stage::Idle {
            let (next_mail, verdicts) = self.without_data(ledger);
            return self.settled(next_mail, verdicts, ledger);
        }
        Then::GoOn
    }

    /// The content has ended: one reply is due, or one for each recipient in LMTP.
    pub(crate) fn content_ended(&mut self) {
        self.data = match self.data {
            Data::Chunks(chunks) => Data::Chunks(chunks.ended()),
            Data::NotAsked | Data::Asked | Data::Refused | Data::Content | Data::DotAlone | Data::End => Data::End,
        };
    }

    pub(crate) const fn origin(&self) -> Origin {
        self.origin
    }

    /// How the content is sent that the transaction wants now; `None` if it wants none.
    pub(crate) const fn wants_content(&self) -> Option<Method> {
        match self.data {
            Data::Content => Some(Method::Data),
            Data::Chunks(_) => Some(Method::Bdat),
            Data::NotAsked | Data::Asked | Data::Refused | Data::DotAlone | Data::End => None,
        }
    }

    /// Whether the message will start over on a new connection, once all commands are answered.
    pub(crate) const fn starts_over(&self) -> bool {
        matches!(self.after_refusal, AfterRefusal::Afresh)
    }

    /// Whether a refusal of the content says nothing about the message: MAIL was refused, but will be sent again.
    pub(crate) const fn is_void(&self) -> bool {
        self.starts_over() || matches!(self.repeat, Repeat::Due)
    }

    /// Whether from one recipient on, all were refused for their number.
    pub(crate) const fn is_full(&self) -> bool {
        matches!(self.room, Room::Full)
    }

    /// What was achieved, once all commands are answered.
    pub(crate) const fn achieved(&self) -> Achieved {
        match (self.delivered, self.data) {
            (true, _) => Achieved::Delivered,
            (false, Data::Refused | Data::End) => Achieved::ContentRefused,
            (false, Data::Chunks(chunks)) => chunks.without_success(),
            (false, Data::NotAsked | Data::Asked | Data::Content | Data::DotAlone) => Achieved::AllRefused,
        }
    }

    /// How far the transaction had come, for the retry decision. `is_end_sent`: whether the end of the content was sent
    /// completely, and not answered.
    pub(crate) const fn point(&self, is_end_sent: bool) -> Point {
        let is_repeated = !matches!(self.repeat, Repeat::No);
        match (self.mail, self.origin, self.data.is_taken()) {
            (Mail::Due, Origin::Message, _) if is_end_sent => Point::FlightAgain,
            (Mail::Taken, Origin::Message, _) if is_end_sent && self.answered < self.asked => Point::FlightAgain,
            (Mail::Taken, _, false) if is_end_sent && self.is_full() => Point::TooManyAtEnd,
            (Mail::Due | Mail::Taken, _, _) if is_end_sent => Point::ContentEnd,
            // MAIL was answered before.
            (Mail::Reset | Mail::Due | Mail::Refused, Origin::Message, false) if is_repeated && !self.starts_over() => {
                Point::TransactionAgain
            }
            (Mail::Due, _, _) if is_repeated => Point::Transaction,
            (Mail::Due, origin, _) => origin.before_mail(),
            (Mail::Refused, _, _) if self.starts_over() => Point::MailAgain,
            (Mail::Taken, Origin::Message, false) => Point::TransactionAgain,
            (Mail::Taken, _, false) if self.is_full() => Point::TooMany,
            (Mail::Reset | Mail::Refused | Mail::Taken, _, _) => Point::Transaction,
        }
    }

    /// MAIL or DATA was refused. This may be because of the message, or because of a session limit.
    fn on_refusal(&mut self, command: RefusedCommand, severity: Severity, reply: &ReplyFacts, ledger: &mut Ledger) {
        self.after_refusal = self.what_follows(command, reply.code, ledger);
        match self.after_refusal {
            AfterRefusal::Settle => settle_refused(command, severity, reply, ledger),
            // It may be a session limit after all, so 503 must not fail the message.
            AfterRefusal::SettleAndQuit => settle_refused(command, Severity::Transient, reply, ledger),
            // The reply belongs to the attempt, not to the recipients.
            AfterRefusal::Afresh => ledger.attempt().into_iter().for_each(|attempt| attempt.reply = Some(reply.kept)),
        }
    }

    fn what_follows(self, command: RefusedCommand, code: Code, ledger: &mut Ledger) -> AfterRefusal {
        let served = match self.origin {
            Origin::Message if ledger.known_refusals.contain(command, code) => Served::SomeAndKnown,
            Origin::Message => Served::Some,
            Origin::Ehlo | Origin::Helo | Origin::Lhlo => {
                ledger.known_refusals.learn(command, code);
                Served::None
            }
        };
        Refusal::of(code).map_or(AfterRefusal::Settle, |refusal| after_refusal(refusal, served))
    }

    /// All commands are answered.
    fn settled(self, next_mail: NextMail, verdicts: Verdicts, ledger: &mut Ledger) -> Then {
        let after_refusal = match (self.mail, self.rcpts) {
            (Mail::Taken, Rcpts::AllRefused(reply)) => {
                let after_refusal = self.what_follows(RefusedCommand::Rcpt, reply.code, ledger);
                if let (AfterRefusal::Afresh, Some(attempt)) = (after_refusal, ledger.attempt()) {
                    attempt.reply = Some(reply);
                }
                after_refusal
            }
            (Mail::Reset | Mail::Due | Mail::Refused, Rcpts::AllRefused(_))
            | (_, Rcpts::NoneAnswered | Rcpts::Mixed) => self.after_refusal,
        };
        match after_refusal {
            AfterRefusal::Settle => Then::Settled(next_mail, verdicts),
            AfterRefusal::SettleAndQuit => Then::Settled(NextMail::Never, verdicts),
            AfterRefusal::Afresh => Then::Afresh,
        }
    }

    /// What follows if DATA was not sent because every recipient was refused.
    fn without_data(self, ledger: &Ledger) -> (NextMail, Verdicts) {
        match (self.mail, self.said, self.origin) {
            // Only MAIL was sent and refused, so there is no transaction to reset.
            (Mail::Refused, 0, Origin::Ehlo | Origin::Helo | Origin::Lhlo) => {
                (NextMail::Nothing, Verdicts::Provisional)
            }
            // This may be a late reply to the previous message. If QUIT is answered with 221, it is not.
            (Mail::Refused, 0, Origin::Message) => (NextMail::Never, Verdicts::Unproven),
            // The server may have sent one of the refusals twice. RSET would not show this, because a 250 for the last
            // RCPT would look like its reply.
            (Mail::Taken, 2.., _) if ledger.recipients.any_failed() => (NextMail::Never, Verdicts::Provisional),
            (Mail::Reset | Mail::Due | Mail::Taken | Mail::Refused, _, _) => (NextMail::Rset, Verdicts::Provisional),
        }
    }
}

fn settle_refused(command: RefusedCommand, severity: Severity, reply: &ReplyFacts, ledger: &mut Ledger) {
    match command {
        RefusedCommand::Mail | RefusedCommand::Rcpt => ledger.refuse_all(severity, reply.kept),
        RefusedCommand::Data | RefusedCommand::Content => {
            ledger.refuse_content(severity, SettledBy::Reply(reply.kept));
        }
    }
}

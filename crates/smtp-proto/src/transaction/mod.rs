//! MAIL, RCPT, DATA or BDAT, and content: one message on one connection, and which reply settles which recipients.

mod chunk_progress;
mod chunks;
mod content;
mod fit;
mod reply_facts;
mod then;

use crate::{
    capabilities::SizeLimit,
    chunking::Method,
    command::{Command, MailParameters},
    config::Config,
    envelope::{Body, Envelope, Size},
    kept::KeptReply,
    ledger::Ledger,
    needs::{Need, Needs},
    outcome::Status,
    recipients::{SettledBy, Settlement},
    reply::{Class, Code, Severity},
    retry::{AfterRefusal, Point, Refusal, RefusedCommand, Served, after_refusal},
    session::Session,
    stage::Stage,
};
use chunk_progress::Chunks;
pub(crate) use fit::status_of_unmet;
use fit::{check, demanded};
pub(crate) use reply_facts::ReplyFacts;
pub(crate) use then::{NextMail, Then, Verdicts};

/// The state of the transaction. With pipelining, MAIL, RCPT and DATA can be unanswered at the same time (RFC 2920).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Transaction {
    origin: Origin,
    mail: Mail,
    /// How many RCPT commands were sent.
    asked: usize,
    /// How many of them were answered.
    answered: usize,
    rcpts: Rcpts,
    method: Method,
    data: Data,
    /// What follows the refusal of MAIL, DATA or a chunk, if one of them was refused.
    after_refusal: AfterRefusal,
}

/// What preceded MAIL on this connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Origin {
    Ehlo,
    Helo,
    Lhlo,
    /// An earlier message.
    Message,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Mail {
    Due,
    Taken,
    Refused,
}

/// The replies to RCPT so far.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Rcpts {
    NoneAnswered,
    /// All were refused with the same code. This is the last of them.
    AllRefused(KeptReply),
    Mixed,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Data {
    NotAsked,
    Asked,
    /// 354 arrived: the content is being sent.
    Content,
    /// 354 arrived although no recipient was accepted: only the final dot is sent.
    DotAlone,
    /// The end of the content was written.
    End,
    /// The content is sent with BDAT.
    Chunks(Chunks),
}

impl Data {
    /// Whether no content is sent or will be sent.
    const fn is_over(self) -> bool {
        match self {
            Self::NotAsked => true,
            Self::Chunks(chunks) => chunks.is_stopped(),
            Self::Asked | Self::Content | Self::DotAlone | Self::End => false,
        }
    }
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
        let capabilities = session.capabilities();
        let size = envelope.size().map(Size::octets).filter(|_| capabilities.size != SizeLimit::NotOffered);
        let body = match envelope.body() {
            Body::EightBit if !capabilities.eight_bit_mime => Body::SevenBit,
            body => body,
        };
        let parameters = MailParameters::new()
            .with_size(size)
            .with_body(body)
            .with_smtputf8(envelope.needs().contains(Need::Smtputf8))
            .with_require_tls(envelope.needs().contains(Need::RequireTls));
        let mail = Command::Mail(envelope.reverse_path(), &parameters);
        let given = fits.and_then(|()| session.command(&mail).or(Err((Status::Deferred, SettledBy::Connections))));
        if let Err((status, by)) = given {
            ledger.settle(status, by);
            return None;
        }
        let mut transaction = Self {
            origin,
            mail: Mail::Due,
            asked: 0,
            answered: 0,
            rcpts: Rcpts::NoneAnswered,
            method,
            data: Data::NotAsked,
            after_refusal: AfterRefusal::Settle,
        };
        transaction.fill_pipeline(session, config, envelope, ledger);
        Some(transaction)
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
        match (stage, reply.code.meaning()) {
            (Stage::Mail, Class::Success) => {
                self.mail = Mail::Taken;
                ledger.kept.forget(reply.kept);
            }
            (Stage::Mail, Class::Refusal(_)) if reply.code == Code::ACCESS_DENIED => {
                self.mail = Mail::Refused;
                ledger.settle(Status::Deferred, SettledBy::Demanded(demanded(session), reply.kept));
            }
            (Stage::Mail, Class::Refusal(severity)) => {
                self.mail = Mail::Refused;
                self.on_refusal(RefusedCommand::Mail, severity, reply, ledger);
            }
            (Stage::Rcpt, class) => {
                self.on_rcpt(class, reply, session, ledger);
                self.answered = self.answered.saturating_add(1);
            }
            (Stage::Data, Class::Refusal(severity)) => {
                // If MAIL or every recipient was refused, this refusal of DATA only follows from that.
                if self.mail == Mail::Taken && ledger.recipients.accepted() > 0 {
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
        match (self.data, session.stage()) {
            (data, Stage::Idle) if data.is_over() => {
                let (next_mail, verdicts) = self.without_data(ledger);
                self.settled(next_mail, verdicts, ledger)
            }
            _ => Then::GoOn,
        }
    }

    /// The content has ended: one reply is due, or one for each recipient in LMTP.
    pub(crate) fn content_ended(&mut self) {
        self.data = match self.data {
            Data::Chunks(chunks) => Data::Chunks(chunks.ended()),
            Data::NotAsked | Data::Asked | Data::Content | Data::DotAlone | Data::End => Data::End,
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
            Data::NotAsked | Data::Asked | Data::DotAlone | Data::End => None,
        }
    }

    /// Whether the message will start over on a new connection, once all commands are answered.
    pub(crate) const fn starts_over(&self) -> bool {
        matches!(self.after_refusal, AfterRefusal::Afresh)
    }

    /// How far the transaction had come, for the retry decision. `is_end_sent`: whether the end of the content was sent
    /// completely, and not answered.
    pub(crate) const fn point(&self, is_end_sent: bool) -> Point {
        match (self.mail, self.origin, self.data) {
            (Mail::Due, Origin::Message, _) if is_end_sent => Point::FlightAgain,
            (Mail::Taken, Origin::Message, _) if is_end_sent && self.answered < self.asked => Point::FlightAgain,
            (Mail::Due | Mail::Taken, _, _) if is_end_sent => Point::ContentEnd,
            (Mail::Due, Origin::Ehlo, _) => Point::Mail,
            (Mail::Due, Origin::Helo, _) => Point::Helo,
            (Mail::Due, Origin::Lhlo, _) => Point::Lhlo,
            (Mail::Due, Origin::Message, _) => Point::MailAgain,
            (Mail::Refused, _, _) if self.starts_over() => Point::MailAgain,
            (Mail::Taken, Origin::Message, Data::NotAsked | Data::Asked) => Point::TransactionAgain,
            (Mail::Taken, Origin::Message, Data::Chunks(chunks)) if !chunks.is_known() => Point::TransactionAgain,
            (Mail::Refused | Mail::Taken, _, _) => Point::Transaction,
        }
    }

    /// MAIL or DATA was refused. This may be because of the message, or because of a session limit.
    fn on_refusal(&mut self, command: RefusedCommand, severity: Severity, reply: &ReplyFacts, ledger: &mut Ledger) {
        self.after_refusal = self.what_follows(command, reply.code, ledger);
        match self.after_refusal {
            AfterRefusal::Settle => ledger.refuse_all(severity, reply.kept),
            // It may be a session limit after all, so 503 must not fail the message.
            AfterRefusal::SettleAndQuit => ledger.refuse_all(Severity::Transient, reply.kept),
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
            (Mail::Due | Mail::Refused, Rcpts::AllRefused(_)) | (_, Rcpts::NoneAnswered | Rcpts::Mixed) => {
                self.after_refusal
            }
        };
        match after_refusal {
            AfterRefusal::Settle => Then::Settled(next_mail, verdicts),
            AfterRefusal::SettleAndQuit => Then::Settled(NextMail::Never, verdicts),
            AfterRefusal::Afresh => Then::Afresh,
        }
    }

    /// What follows if DATA was not sent because every recipient was refused.
    fn without_data(self, ledger: &Ledger) -> (NextMail, Verdicts) {
        match (self.mail, self.asked, self.origin) {
            // Only MAIL was sent and refused, so there is no transaction to reset.
            (Mail::Refused, 0, Origin::Ehlo | Origin::Helo | Origin::Lhlo) => {
                (NextMail::Nothing, Verdicts::Provisional)
            }
            // This may be a late reply to the previous message. If QUIT is answered with 221, it is not.
            (Mail::Refused, 0, Origin::Message) => (NextMail::Never, Verdicts::Unproven),
            // The server may have sent one of the refusals twice. RSET would not show this, because a 250 for the last
            // RCPT would look like its reply.
            (Mail::Taken, 2.., _) if ledger.recipients.any_failed() => (NextMail::Never, Verdicts::Provisional),
            (Mail::Due | Mail::Taken | Mail::Refused, _, _) => (NextMail::Rset, Verdicts::Provisional),
        }
    }

    /// Sends RCPT for each recipient, and then DATA or the first chunk, as far as the session allows (RFC 2920 section
    /// 3.1, RFC 3030 section 4.2).
    #[inline]
    fn fill_pipeline(&mut self, session: &mut Session, config: &Config, envelope: &Envelope, ledger: &mut Ledger) {
        while let Some(path) = envelope.forward_paths().get(self.asked) {
            if session.command(&Command::Rcpt(path)).is_err() {
                return;
            }
            self.asked = self.asked.saturating_add(1);
        }
        let hope = self.answered < self.asked || ledger.recipients.accepted() > 0;
        match (self.method, self.data) {
            (Method::Data, _) if hope && session.command(&Command::Data).is_ok() => self.data = Data::Asked,
            (Method::Bdat, Data::NotAsked) if hope => self.begin_chunks(session, config, envelope, ledger),
            (Method::Data | Method::Bdat, _) => {}
        }
    }

    fn on_rcpt(&mut self, class: Class, reply: &ReplyFacts, session: &Session, ledger: &mut Ledger) {
        // After a refused MAIL, this reply only follows from that.
        if self.mail == Mail::Refused {
            return;
        }
        self.rcpts = match self.rcpts {
            Rcpts::NoneAnswered if class != Class::Success => Rcpts::AllRefused(reply.kept),
            Rcpts::AllRefused(before) if before.code == reply.code => Rcpts::AllRefused(reply.kept),
            Rcpts::NoneAnswered | Rcpts::AllRefused(_) | Rcpts::Mixed => Rcpts::Mixed,
        };
        if class == Class::Success {
            ledger.recipients.accept(self.answered);
            ledger.kept.forget(reply.kept);
            return;
        }
        // Old servers send 552 for too many recipients (RFC 5321 section 4.5.3.1.10).
        let full = reply.code == Code::EXCEEDED_STORAGE && ledger.recipients.accepted() > 0;
        // On a kept connection, 503 may be a session limit, which must not fail the message.
        let limit = reply.code == Code::BAD_SEQUENCE && self.origin == Origin::Message;
        let (status, by) = match class {
            _ if reply.code == Code::ACCESS_DENIED => {
                (Status::Deferred, SettledBy::Demanded(demanded(session), reply.kept))
            }
            Class::Refusal(Severity::Permanent) if !full && !limit => (Status::Failed, SettledBy::Reply(reply.kept)),
            Class::Refusal(_) | Class::Intermediate | Class::Success => {
                (Status::Deferred, SettledBy::Reply(reply.kept))
            }
        };
        ledger.recipients.settle(self.answered, Settlement { status, by });
    }
}

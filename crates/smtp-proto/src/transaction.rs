//! MAIL, RCPT, DATA, content: one message on one connection, and which reply settles whom.

use crate::{
    capabilities::{Capabilities, SizeLimit},
    command::{Command, MailParameters},
    config::{Config, Protocol},
    envelope::{Body, Envelope, Needs},
    ledger::{KeptReply, Ledger, Recipient},
    reply::{Class, Code, Reply, Severity},
    report::{Cause, Stage, Status},
    retry::Point,
    session::Session,
};

/// Where the transaction stands. Everything up to DATA can be under way at once (RFC 2920).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Transaction {
    origin: Origin,
    mail: Mail,
    /// Recipients that RCPT was sent for.
    asked: usize,
    /// Recipients whose RCPT was answered.
    answered: usize,
    data: Data,
}

/// What came before MAIL on this connection.
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

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Data {
    NotAsked,
    Asked,
    /// 354 came: the content goes out.
    Content,
    /// 354 came though no recipient was taken: only the dot goes out.
    DotAlone,
    /// The end of the content went out.
    End,
}

/// What the delivery does next.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Then {
    /// Waits, writes or asks for content.
    GoOn,
    /// Every recipient is settled. `clean`: the next MAIL may follow as it is.
    Settled { clean: bool },
    /// The reply does not answer what was asked: the connection cannot be trusted any more.
    Nonsense,
}

impl Transaction {
    /// Gives MAIL, and what may follow it at once. `None`: the message cannot go to this server,
    /// and the recipients are settled.
    pub(crate) fn begin(
        origin: Origin,
        session: &mut Session,
        config: &Config,
        envelope: &Envelope,
        ledger: &mut Ledger,
    ) -> Option<Self> {
        let capabilities = session.capabilities();
        let fits = check(config, envelope, capabilities);
        let parameters = MailParameters {
            size: envelope.size().filter(|_| capabilities.size != SizeLimit::NotOffered),
            eight_bit_mime: envelope.body() == Body::EightBit && capabilities.eight_bit_mime,
            smtputf8: envelope.needs().contains(crate::Need::Smtputf8),
        };
        let mail = Command::Mail(envelope.reverse_path(), parameters);
        let given = fits.and_then(|()| session.command(&mail).or(Err((Status::Deferred, Cause::Connections))));
        if let Err((status, cause)) = given {
            ledger.settle(status, cause, None);
            return None;
        }
        let mut transaction = Self { origin, mail: Mail::Due, asked: 0, answered: 0, data: Data::NotAsked };
        transaction.fill_pipeline(session, envelope, ledger);
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
                ledger.forget(reply.kept);
            }
            (Stage::Mail, Class::Refusal(severity)) => {
                self.mail = Mail::Refused;
                ledger.refuse_all(severity, reply.kept);
            }
            (Stage::Rcpt, class) => {
                self.on_rcpt(class, reply, ledger);
                self.answered = self.answered.saturating_add(1);
            }
            (Stage::Data, Class::Refusal(severity)) => {
                ledger.refuse_all(severity, reply.kept);
                return Then::Settled { clean: false };
            }
            (Stage::Data, Class::Intermediate) => {
                return self.on_start_mail_input(session, config, envelope, ledger);
            }
            (Stage::ContentEnd, Class::Success | Class::Refusal(_)) => {
                return self.on_content_end(config, reply, ledger);
            }
            _ => return Then::Nonsense,
        }
        self.fill_pipeline(session, envelope, ledger);
        match (self.data, session.stage()) {
            (Data::NotAsked, Stage::Idle) => {
                // MAIL alone, refused, opened no transaction.
                Then::Settled { clean: self.mail == Mail::Refused && self.asked == 0 }
            }
            _ => Then::GoOn,
        }
    }

    /// The content has ended: the reply for it, or for each recipient, is due.
    pub(crate) fn content_ended(&mut self) {
        self.data = Data::End;
    }

    pub(crate) const fn origin(&self) -> Origin {
        self.origin
    }

    pub(crate) const fn wants_content(&self) -> bool {
        matches!(self.data, Data::Content)
    }

    /// How far the transaction had come, for the retry decision.
    pub(crate) const fn point(&self, stage: Stage) -> Point {
        match (self.mail, self.origin, stage) {
            (Mail::Due, Origin::Ehlo, _) => Point::Mail,
            (Mail::Due, Origin::Helo, _) => Point::Helo,
            (Mail::Due, Origin::Lhlo, _) => Point::Lhlo,
            (Mail::Due, Origin::Message, _) => Point::MailAgain,
            (Mail::Taken, _, Stage::ContentEnd) => Point::ContentEnd,
            (Mail::Taken | Mail::Refused, _, _) => Point::Transaction,
        }
    }

    /// RFC 2920 section 3.1: RCPTs behind MAIL, then DATA, as far as the session lets them.
    fn fill_pipeline(&mut self, session: &mut Session, envelope: &Envelope, ledger: &Ledger) {
        while let Some(path) = envelope.forward_paths().get(self.asked) {
            if session.command(&Command::Rcpt(path)).is_err() {
                return;
            }
            self.asked = self.asked.saturating_add(1);
        }
        let hope = self.answered < self.asked || ledger.accepted() > 0;
        if hope && session.command(&Command::Data).is_ok() {
            self.data = Data::Asked;
        }
    }

    fn on_rcpt(&self, class: Class, reply: &ReplyFacts, ledger: &mut Ledger) {
        // RFC 5321 section 4.5.3.1.10: too many recipients, as old servers say it.
        let full = reply.code == Code::EXCEEDED_STORAGE && ledger.accepted() > 0;
        let Some(recipient) = ledger.recipients.get_mut(self.answered).filter(|recipient| recipient.is_open()) else {
            return;
        };
        let status = match class {
            Class::Success => {
                *recipient = Recipient::Accepted;
                ledger.forget(reply.kept);
                return;
            }
            Class::Refusal(Severity::Permanent) if !full => Status::Failed,
            Class::Refusal(_) | Class::Intermediate => Status::Deferred,
        };
        *recipient = Recipient::Settled { status, cause: Cause::Reply, reply: Some(reply.kept) };
    }

    fn on_start_mail_input(
        &mut self,
        session: &mut Session,
        config: &Config,
        envelope: &Envelope,
        ledger: &Ledger,
    ) -> Then {
        let eight_bit = envelope.body() == Body::EightBit;
        // Only after exactly 354, the session says.
        if session.begin_content(config.line_endings, eight_bit).is_err() {
            return Then::Nonsense;
        }
        if ledger.accepted() > 0 {
            self.data = Data::Content;
            return Then::GoOn;
        }
        // RFC 2920 section 3.1: the server waits for content, and gets none.
        self.data = Data::DotAlone;
        if matches!(session.end_content(), Ok(Ok(_))) { Then::GoOn } else { Then::Nonsense }
    }

    fn on_content_end(self, config: &Config, reply: &ReplyFacts, ledger: &mut Ledger) -> Then {
        if self.data != Data::End {
            return Then::Settled { clean: true };
        }
        let status = reply.code.severity().map_or(Status::Delivered, Status::from);
        match config.protocol {
            Protocol::Smtp => ledger.settle(status, Cause::Reply, Some(reply.kept)),
            Protocol::Lmtp => {
                // RFC 2033 section 4.2: a reply for each recipient that was taken, in order.
                let accepted = ledger.recipients.iter_mut().filter(|recipient| **recipient == Recipient::Accepted);
                for recipient in accepted.take(1) {
                    *recipient = Recipient::Settled { status, cause: Cause::Reply, reply: Some(reply.kept) };
                }
            }
        }
        if ledger.recipients.iter().any(|recipient| recipient.is_open()) {
            Then::GoOn
        } else {
            Then::Settled { clean: true }
        }
    }
}

/// What outlives the octets of a reply.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReplyFacts {
    pub(crate) code: Code,
    pub(crate) kept: KeptReply,
}

impl ReplyFacts {
    pub(crate) fn keep(reply: &Reply<'_>, ledger: &mut Ledger, limit: usize) -> Self {
        Self { code: reply.code(), kept: ledger.keep_reply(reply, limit) }
    }
}

/// Whether the message may go to a server that offers this.
fn check(config: &Config, envelope: &Envelope, capabilities: &Capabilities) -> Result<(), (Status, Cause)> {
    let unmet = config.needs(envelope).unmet_by(capabilities);
    if !unmet.is_empty() {
        return Err((status_of_unmet(unmet), Cause::Needs(unmet)));
    }
    match (capabilities.size, envelope.size()) {
        (SizeLimit::Octets(limit), Some(size)) if size > limit => Err((Status::Failed, Cause::TooLarge(limit))),
        _ => Ok(()),
    }
}

/// What policy wants, a server may offer later; what the message is made of does not change.
pub(crate) fn status_of_unmet(unmet: Needs) -> Status {
    if unmet.contains(crate::Need::Tls) || unmet.contains(crate::Need::Auth) {
        Status::Deferred
    } else {
        Status::Failed
    }
}

//! MAIL and RCPT, and the replies to RCPT.

use super::{
    ReplyFacts, Transaction,
    fit::demanded,
    repeat::{Repeat, Round, ask, next_place, repeats_rcpt},
    state::{Data, Mail, Origin, Rcpts},
};
use crate::{
    capabilities::SizeLimit,
    chunking::Method,
    command::{Command, MailParameters},
    config::Config,
    envelope::{Body, Envelope, Size},
    ledger::Ledger,
    needs::Need,
    outcome::Status,
    parameters::RcptParameters,
    recipients::{SettledBy, Settlement},
    reply::{Class, Code, Severity},
    retry::is_for_number,
    session::{Session, SessionError},
};

impl Transaction {
    /// Sends RCPT for each recipient, and then DATA or the first chunk, as far as the session allows (RFC 2920 section
    /// 3.1, RFC 3030 section 4.2).
    #[inline]
    pub(super) fn fill_pipeline(
        &mut self,
        session: &mut Session,
        config: &Config,
        envelope: &Envelope,
        ledger: &mut Ledger,
    ) {
        // DATA and the first chunk come last.
        if self.data != Data::NotAsked {
            return;
        }
        if self.mail == Mail::Reset {
            if Self::say_mail(session, envelope, self.repeat).is_err() {
                return;
            }
            self.mail = Mail::Due;
        }
        if envelope.requests().is_some() || ledger.recipients.are_divided() {
            if self.ask_for_some(session, envelope, ledger).is_err() {
                return;
            }
        } else {
            // Most messages.
            while let Some(path) = envelope.forward_paths().get(self.asked as usize) {
                if session.command(&Command::Rcpt(path, RcptParameters::NONE)).is_err() {
                    return;
                }
                (self.said, self.asked) = (self.said.saturating_add(1), self.asked.saturating_add(1));
            }
        }
        if self.is_content_held && self.ask_again(session, envelope, ledger).is_err() {
            return;
        }
        if envelope.is_inquiry() {
            return;
        }
        let hope = self.answered < self.asked || ledger.recipients.accepted() > 0;
        match self.method {
            Method::Data if hope && session.command(&Command::Data).is_ok() => self.data = Data::Asked,
            Method::Bdat if hope => self.begin_chunks(session, config, envelope, ledger),
            Method::Data | Method::Bdat => {}
        }
    }

    /// Sends RCPT for the recipients of this transaction and round, with their parameters, as far as the session allows.
    #[inline(never)]
    fn ask_for_some(
        &mut self,
        session: &mut Session,
        envelope: &Envelope,
        ledger: &Ledger,
    ) -> Result<(), SessionError> {
        let is_utf8 = envelope.needs().contains(Need::Smtputf8);
        while let Some(given) =
            ask(ledger.recipients.index(self.asked as usize), self.round, is_utf8, session, envelope)
        {
            given?;
            self.said = self.said.saturating_add(1);
            self.asked = next_place(self.asked.saturating_add(1), self.round, session, envelope, &ledger.recipients);
        }
        Ok(())
    }

    /// Once every RCPT is answered, sends those again that were refused for what the recipient can do without. Until
    /// then, the content is held.
    #[inline(never)]
    fn ask_again(&mut self, session: &mut Session, envelope: &Envelope, ledger: &Ledger) -> Result<(), SessionError> {
        if self.answered < self.asked {
            return Err(SessionError::Unanswered);
        }
        self.is_content_held = false;
        let first = next_place(0, Round::Second, session, envelope, &ledger.recipients);
        if first < self.asked {
            (self.round, self.asked, self.answered) = (Round::Second, first, first);
            self.ask_for_some(session, envelope, ledger)?;
        }
        Ok(())
    }

    pub(super) fn on_rcpt(
        &mut self,
        class: Class,
        reply: &ReplyFacts,
        session: &Session,
        envelope: &Envelope,
        ledger: &mut Ledger,
    ) {
        // After a refused MAIL, this reply only follows from that.
        if self.mail == Mail::Refused {
            return;
        }
        let place = self.answered as usize;
        let index = ledger.recipients.index(place);
        if repeats_rcpt(reply.code, self.round, index, envelope.requests(), session) {
            ledger.dropped.iter_mut().for_each(|dropped| dropped.rcpts_refused.push(index));
            ledger.kept.forget(reply.kept);
            return;
        }
        self.rcpts = match self.rcpts {
            Rcpts::NoneAnswered if class != Class::Success => Rcpts::AllRefused(reply.kept),
            Rcpts::AllRefused(before) if before.code == reply.code => Rcpts::AllRefused(reply.kept),
            Rcpts::NoneAnswered | Rcpts::AllRefused(_) | Rcpts::Mixed => Rcpts::Mixed,
        };
        if class == Class::Success && envelope.is_inquiry() {
            let by = SettledBy::Reply(reply.kept);
            return ledger.recipients.settle(place, Settlement { status: Status::Deferred, by });
        }
        if class == Class::Success {
            match self.round {
                Round::First => ledger.recipients.accept(place),
                Round::Second => ledger.recipients.accept_late(place),
            }
            self.room = self.room.after_acceptance();
            return;
        }
        if is_for_number(reply.code, ledger.recipients.accepted() > 0) {
            self.room = self.room.after_refusal();
            return ledger.recipients.leave(place, reply.kept);
        }
        // On a kept connection, 503 may be a session limit, which must not fail the message. Nor must 552 in a further
        // transaction: the one before may have ended because of the same limit.
        let limit = (reply.code == Code::BAD_SEQUENCE && self.origin == Origin::Message)
            || (reply.code == Code::EXCEEDED_STORAGE && ledger.rounds.is_some());
        let (status, by) = match class {
            _ if reply.code == Code::ACCESS_DENIED => {
                (Status::Deferred, SettledBy::Demanded(demanded(session), reply.kept))
            }
            Class::Refusal(Severity::Permanent) if !limit => (Status::Failed, SettledBy::Reply(reply.kept)),
            Class::Refusal(_) | Class::Intermediate | Class::Success => {
                (Status::Deferred, SettledBy::Reply(reply.kept))
            }
        };
        ledger.recipients.settle(place, Settlement { status, by });
    }

    /// Sends MAIL. Not those parameters that the message can do without, if MAIL was refused with them.
    pub(super) fn say_mail(session: &mut Session, envelope: &Envelope, repeat: Repeat) -> Result<(), SessionError> {
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
        let parameters = match envelope.requests() {
            None => parameters,
            Some(requests) => parameters.with_extras(requests.mail.fitting(capabilities, repeat == Repeat::Done)),
        };
        session.command(&Command::Mail(envelope.reverse_path(), &parameters))
    }
}

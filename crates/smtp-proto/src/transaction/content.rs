//! Content that is sent with DATA, and the reply to its end.

use super::{Data, NextMail, ReplyFacts, Then, Transaction, Verdicts};
use crate::{
    config::{Config, Protocol},
    content::ContentEncoder,
    envelope::{Envelope, Size},
    ledger::Ledger,
    outcome::Status,
    recipients::{SettledBy, Settlement},
    reply::Severity,
    retry::{AfterRefusal, RefusedCommand},
    session::Session,
};

impl Transaction {
    pub(super) fn on_start_mail_input(
        &mut self,
        session: &mut Session,
        config: &Config,
        envelope: &Envelope,
        ledger: &mut Ledger,
    ) -> Then {
        let nobody = ledger.recipients.accepted() == 0;
        let encoder = ContentEncoder::new(config.line_endings(), envelope.body());
        let encoder = if nobody { encoder } else { with_size(encoder, envelope) };
        // The session allows this only after 354.
        if session.begin_content(encoder).is_err() {
            return Then::OutOfStep;
        }
        if !nobody {
            self.data = Data::Content;
            if let Some(given) = ledger.given.take() {
                session.resume_content(&given);
                if given.has_ended && session.end_content().is_ok() {
                    self.data = Data::End;
                }
            }
            return Then::GoOn;
        }
        // RFC 2920 section 3.1: the server expects content, so end it at once.
        self.data = Data::DotAlone;
        if session.end_content().is_ok() { Then::GoOn } else { Then::OutOfStep }
    }

    pub(super) fn on_content_end(&mut self, config: &Config, reply: &ReplyFacts, ledger: &mut Ledger) -> Then {
        if self.data != Data::End {
            return self.settled(NextMail::Nothing, Verdicts::Final, ledger);
        }
        let status = self.settle_by_content(config, reply, ledger);
        if ledger.recipients.accepted() > 0 {
            return Then::GoOn;
        }
        let next_mail = match status {
            Status::Deferred => self.after_refused_end(config, reply, ledger, NextMail::Nothing),
            Status::Delivered | Status::Failed | Status::Unconfirmed => NextMail::Nothing,
        };
        self.settled(next_mail, Verdicts::OfContent, ledger)
    }

    /// Settles the recipients that a reply to the whole content is about. Returns their status.
    pub(super) fn settle_by_content(&mut self, config: &Config, reply: &ReplyFacts, ledger: &mut Ledger) -> Status {
        let status = reply.code.severity().map_or(Status::Delivered, Status::from);
        let settlement = Settlement { status, by: SettledBy::ContentReply(reply.kept) };
        match config.protocol() {
            Protocol::Smtp => ledger.recipients.settle_accepted(settlement),
            // RFC 2033 sections 4.2 and 4.3: one reply for each accepted recipient, in order.
            Protocol::Lmtp => ledger.recipients.settle_next_accepted(settlement),
        }
        self.delivered |= status == Status::Delivered;
        status
    }

    /// What precedes the next MAIL after the whole content was refused. This may be a session limit. The content is not
    /// sent again, so the limit defers this one message; the next one gets a new connection.
    pub(super) fn after_refused_end(
        self,
        config: &Config,
        reply: &ReplyFacts,
        ledger: &mut Ledger,
        otherwise: NextMail,
    ) -> NextMail {
        let is_temporary = reply.code.severity() == Some(Severity::Transient);
        if !is_temporary || config.protocol() == Protocol::Lmtp {
            return otherwise;
        }
        match self.what_follows(RefusedCommand::Content, reply.code, ledger) {
            AfterRefusal::Afresh => NextMail::Never,
            AfterRefusal::Settle | AfterRefusal::SettleAndQuit => otherwise,
        }
    }
}

/// The encoder for content of the exact size that the envelope gives, if it does.
pub(super) const fn with_size(encoder: ContentEncoder, envelope: &Envelope) -> ContentEncoder {
    match envelope.size() {
        Some(Size::Exact(size)) => encoder.with_exact_size(size),
        Some(Size::Estimate(_)) | None => encoder,
    }
}

//! A transaction whose content is sent with BDAT (RFC 3030).

use super::{
    Data, Mail, NextMail, Origin, ReplyFacts, Then, Transaction, Verdicts,
    chunk_progress::{Chunks, Progress},
    content::with_size,
};
use crate::{
    config::{Config, Protocol},
    content::ContentEncoder,
    envelope::Envelope,
    ledger::Ledger,
    outcome::Status,
    recipients::SettledBy,
    reply::{Class, Code, Severity},
    retry::RefusedCommand,
    session::Session,
    stage::Stage,
};

/// What a reply to a chunk means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ChunkReply {
    /// The chunk was taken.
    Taken,
    /// The message was taken or refused.
    Judged,
    /// A chunk that is not the last was refused, and the message with it.
    Refused(Severity),
    /// It only follows from what was refused before.
    Follows,
    /// The server does not know BDAT.
    Unknown,
    /// The reply cannot answer BDAT.
    OutOfStep,
}

/// What a reply is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum About {
    /// A chunk that is not the last.
    Chunk,
    /// The last chunk, and with it all of the content.
    Content,
    /// The last chunk, for one recipient of several: the others may have the message (RFC 2033 section 4.3).
    OneOfSeveral,
    /// A chunk, although no recipient was accepted.
    Nobody(Last),
    /// A chunk after one that was refused.
    Discarded(Last),
}

/// Whether the chunk was the last.
type Last = bool;

impl ChunkReply {
    /// `is_known`: whether the server is known to know BDAT.
    const fn of(class: Class, code: Code, about: About, is_known: bool) -> Self {
        match (class, about) {
            (Class::Intermediate, _) | (Class::Success, About::Nobody(_) | About::Discarded(true)) => Self::OutOfStep,
            (Class::Refusal(_), About::Chunk | About::Content | About::Nobody(_))
                if is_unknown_command(code) && !is_known =>
            {
                Self::Unknown
            }
            (Class::Success, About::Discarded(false)) | (Class::Refusal(_), About::Nobody(_) | About::Discarded(_)) => {
                Self::Follows
            }
            (Class::Success, About::Chunk) => Self::Taken,
            (Class::Success | Class::Refusal(_), About::Content | About::OneOfSeveral) => Self::Judged,
            (Class::Refusal(severity), About::Chunk) => Self::Refused(severity),
        }
    }
}

/// Whether a server that gives this reply to BDAT does not know the command.
const fn is_unknown_command(code: Code) -> bool {
    matches!(code.get(), 500 | 502)
}

impl Transaction {
    // Not inlined, like all of BDAT: content is sent with DATA as fast as without it.
    #[inline(never)]
    pub(super) fn begin_chunks(
        &mut self,
        session: &mut Session,
        config: &Config,
        envelope: &Envelope,
        ledger: &mut Ledger,
    ) {
        let encoder = with_size(ContentEncoder::for_bdat(config.line_endings(), envelope.body()), envelope);
        if session.begin_chunks(encoder).is_err() {
            return;
        }
        self.data = Data::Chunks(Chunks::FIRST);
        if let Some(given) = ledger.given.take() {
            if given.has_ended {
                self.data = Data::Chunks(Chunks::FIRST.ended());
            }
            session.resume_chunks(*given);
        }
    }

    /// Sends no more chunks once no recipient can be accepted any more.
    #[inline]
    pub(super) fn stop_chunks_for_nobody(&mut self, session: &mut Session, ledger: &Ledger) {
        let Data::Chunks(chunks) = self.data else { return };
        let is_refused = self.mail == Mail::Refused || self.answered >= self.asked;
        if is_refused && ledger.recipients.accepted() == 0 {
            session.stop_chunks();
            self.data = Data::Chunks(chunks.with(Progress::Hopeless));
        }
    }

    /// Whether a refusal of the chunk that is being sent shows that the server does not know BDAT.
    pub(crate) const fn is_unchunked(&self, code: Code) -> bool {
        matches!(self.data, Data::Chunks(chunks) if !chunks.is_known) && is_unknown_command(code)
    }

    #[inline(never)]
    pub(super) fn on_chunk(
        &mut self,
        stage: Stage,
        class: Class,
        reply: &ReplyFacts,
        session: &mut Session,
        config: &Config,
        ledger: &mut Ledger,
    ) -> Then {
        let Data::Chunks(chunks) = self.data else { return Then::OutOfStep };
        let is_last = stage == Stage::ContentEnd;
        let about = match (chunks.progress, config.protocol(), ledger.recipients.accepted()) {
            (Progress::Hopeless, _, _) => About::Nobody(is_last),
            (Progress::Refused, _, _) => About::Discarded(is_last),
            (Progress::Open | Progress::Ended, _, _) if !is_last => About::Chunk,
            (Progress::Open | Progress::Ended, Protocol::Lmtp, 2..) => About::OneOfSeveral,
            (Progress::Open | Progress::Ended, Protocol::Smtp | Protocol::Lmtp, _) => About::Content,
        };
        let said = ChunkReply::of(class, reply.code, about, chunks.is_known);
        let is_first = !chunks.is_known;
        let chunks = Chunks { is_known: true, ..chunks };
        self.data = Data::Chunks(chunks);
        match said {
            ChunkReply::OutOfStep => return Then::OutOfStep,
            ChunkReply::Unknown => return Then::Unchunked,
            ChunkReply::Judged => return self.on_last_chunk(config, reply, ledger),
            ChunkReply::Taken => ledger.kept.forget(reply.kept),
            ChunkReply::Follows => {}
            ChunkReply::Refused(severity) => {
                session.stop_chunks();
                if is_first {
                    self.on_refusal(RefusedCommand::Data, severity, reply, ledger);
                } else {
                    // Content that the server took is not kept, so the message cannot start over.
                    let is_limit = reply.code == Code::BAD_SEQUENCE && self.origin == Origin::Message;
                    let severity = if is_limit { Severity::Transient } else { severity };
                    ledger.refuse_content(severity, SettledBy::Reply(reply.kept));
                }
                self.data = Data::Chunks(chunks.with(Progress::Refused));
            }
        }
        self.once_stopped(session, ledger)
    }

    /// Once every chunk that was sent is answered, RSET clears the transaction (RFC 3030 section 2).
    fn once_stopped(self, session: &Session, ledger: &mut Ledger) -> Then {
        match (self.data, session.stage()) {
            (Data::Chunks(chunks), Stage::Idle) if chunks.is_stopped() => {
                self.settled(NextMail::Rset, Verdicts::Provisional, ledger)
            }
            _ => Then::GoOn,
        }
    }

    /// The end of the content was answered. Unlike with DATA, no 354 shows that the earlier replies are in step.
    fn on_last_chunk(&mut self, config: &Config, reply: &ReplyFacts, ledger: &mut Ledger) -> Then {
        let status = self.settle_by_content(config, reply, ledger);
        if ledger.recipients.accepted() > 0 {
            return Then::GoOn;
        }
        let next_mail = match status {
            Status::Delivered => NextMail::Nothing,
            _ => self.after_refused_end(config, reply, ledger, NextMail::Rset),
        };
        self.settled(next_mail, Verdicts::Provisional, ledger)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_to_a_chunk_means_what_it_is_about() {
        use About::{Chunk, Content, Discarded, Nobody, OneOfSeveral};
        use ChunkReply::{Follows, Judged, OutOfStep, Refused, Taken, Unknown};
        let permanent = Refused(Severity::Permanent);
        // The meaning while it is not known whether the server knows BDAT, and once it is.
        for (code, about, first, later) in [
            (250, Chunk, Taken, Taken),
            (250, Content, Judged, Judged),
            (250, OneOfSeveral, Judged, Judged),
            (250, Nobody(false), OutOfStep, OutOfStep),
            (250, Nobody(true), OutOfStep, OutOfStep),
            (250, Discarded(false), Follows, Follows),
            (250, Discarded(true), OutOfStep, OutOfStep),
            (354, Chunk, OutOfStep, OutOfStep),
            (354, Content, OutOfStep, OutOfStep),
            (452, Chunk, Refused(Severity::Transient), Refused(Severity::Transient)),
            (552, Chunk, permanent, permanent),
            (552, Content, Judged, Judged),
            (503, Nobody(true), Follows, Follows),
            (503, Discarded(false), Follows, Follows),
            (500, Chunk, Unknown, permanent),
            (502, Chunk, Unknown, permanent),
            (501, Chunk, permanent, permanent),
            (500, Content, Unknown, Judged),
            (500, OneOfSeveral, Judged, Judged),
            (500, Nobody(true), Unknown, Follows),
            (500, Discarded(true), Follows, Follows),
        ] {
            let code = Code::new(code).unwrap();
            for (is_known, expected) in [(false, first), (true, later)] {
                assert_eq!(
                    ChunkReply::of(code.meaning(), code, about, is_known),
                    expected,
                    "{code} {about:?} {is_known}"
                );
            }
        }
    }
}

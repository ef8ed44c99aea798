//! The state of a session.

use alloc::boxed::Box;

use super::{chunk_state::Chunks, order::Phase, output::Output, unanswered::Unanswered};
use crate::{
    content::ContentEncoder,
    given::Given,
    reply::{Class, Code},
    stage::Stage,
};

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum State {
    Commands(Phase),
    Content(ContentEncoder),
    /// The content is sent with BDAT, and a chunk may be unanswered.
    Chunks(Chunks),
    /// STARTTLS was accepted: nothing is sent or received until the connection is secured.
    Handshake,
    Quitting,
    /// The session has ended at this stage, perhaps with content that was given and that the server has not taken.
    Over(Stage, Option<Box<Given>>),
}

impl State {
    /// Without a stage, and without content to keep.
    pub(super) const OVER: Self = Self::Over(Stage::Idle, None);

    /// The stage whose reply is due first.
    #[inline]
    pub(super) fn stage(&self, unanswered: &Unanswered) -> Stage {
        match (unanswered.oldest(), self) {
            (Some(oldest), _) => match oldest.stage {
                Stage::ContentEnd | Stage::Chunk if unanswered.unsent_of(*oldest) > 0 => Stage::Content,
                stage => stage,
            },
            // These begin once everything is answered.
            (None, Self::Content(_)) => Stage::Content,
            (None, Self::Handshake) => Stage::Handshake,
            (None, Self::Over(stage, _)) => *stage,
            (None, Self::Commands(_) | Self::Chunks(_) | Self::Quitting) => Stage::Idle,
        }
    }

    /// Takes back the effect of a command that was refused. `given` are the commands that were sent after it.
    #[inline]
    pub(super) fn answered(&mut self, stage: Stage, code: Code, given: &Unanswered) {
        let Self::Commands(phase) = self else { return };
        let taken = code.meaning() == Class::Success;
        match stage {
            Stage::Ehlo | Stage::Helo | Stage::Lhlo if !taken => *phase = Phase::BeforeHello,
            Stage::Mail if !taken && matches!(phase, Phase::Mail | Phase::Rcpt) && !given.has(Stage::Rset) => {
                *phase = Phase::None;
            }
            Stage::Data if code == Code::START_MAIL_INPUT => *phase = Phase::StartMailInput,
            Stage::Data if code.severity().is_some() => *phase = Phase::Rcpt,
            Stage::StartTls if code == Code::SERVICE_READY => *self = Self::Handshake,
            Stage::Auth if code == Code::AUTH_CHALLENGE => *phase = Phase::AuthChallenge,
            Stage::StartTls | Stage::Auth if taken || code.severity().is_some() => *phase = Phase::None,
            _ => {}
        }
    }

    /// The session ends. Content that the server has not taken is kept, because the message may start over.
    #[cold]
    pub(super) fn end(&mut self, output: &mut Output, unanswered: &Unanswered) {
        let given = match self {
            Self::Chunks(chunks) => chunks.given(output),
            Self::Commands(_) | Self::Content(_) | Self::Handshake | Self::Quitting | Self::Over(..) => None,
        };
        *self = Self::Over(self.stage(unanswered), given);
        output.clear();
    }

    /// A chunk was answered with 2yz.
    pub(super) fn chunk_taken(&mut self, output: &mut Output) {
        if let Self::Chunks(chunks) = self {
            chunks.taken(output);
        }
    }
}

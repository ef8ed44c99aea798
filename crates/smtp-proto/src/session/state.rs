//! The state of a session.

use super::{order::Phase, unanswered::Unanswered};
use crate::{
    content::ContentEncoder,
    reply::{Class, Code},
    stage::Stage,
};

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum State {
    Commands(Phase),
    Content(ContentEncoder),
    /// STARTTLS was accepted: nothing is sent or received until the connection is secured.
    Handshake,
    Quitting,
    Over,
}

impl State {
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
}

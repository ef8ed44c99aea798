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
    Quitting,
    Over,
}

impl State {
    /// Takes back the effect of a command that was refused. `given` are the commands that were sent after it.
    #[inline]
    pub(super) fn answered(&mut self, stage: Stage, code: Code, given: &Unanswered) {
        let Self::Commands(transaction) = self else { return };
        let taken = code.meaning() == Class::Success;
        match (stage, *transaction) {
            (Stage::Ehlo | Stage::Helo | Stage::Lhlo, _) if !taken => *transaction = Phase::BeforeHello,
            (Stage::Mail, Phase::Mail | Phase::Rcpt) if !taken && !given.has(Stage::Rset) => {
                *transaction = Phase::None;
            }
            (Stage::Data, _) if code == Code::START_MAIL_INPUT => *transaction = Phase::StartMailInput,
            (Stage::Data, _) if code.severity().is_some() => *transaction = Phase::Rcpt,
            _ => {}
        }
    }
}

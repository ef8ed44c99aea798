//! Classifies replies by their code and by the command whose reply is due.

use crate::{reply::Code, stage::Stage};

/// Whether a command had been sent completely when the first octet of a reply arrived.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Answering {
    /// Yes: the reply answers the oldest unanswered command.
    Command,
    /// No: the reply answers nothing. This was the stage at that time.
    Nothing(Stage),
}

/// The meaning of a reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Meaning {
    /// The answer to the command that was sent at this stage.
    Answer(Stage),
    /// The peer ends the session.
    Closing,
    /// There was no command to answer.
    Unsolicited(Stage),
    /// The code cannot answer the command at this stage, so replies and commands are out of step.
    OutOfStep(Stage),
}

/// The meaning of a reply with this code. `oldest` is the stage of the oldest unanswered command.
pub(super) fn meaning(code: Code, answering: Answering, oldest: Option<Stage>) -> Meaning {
    match (code, answering, oldest) {
        (Code::CHANNEL_CLOSING, Answering::Command, Some(Stage::Quit)) => Meaning::Answer(Stage::Quit),
        (Code::CHANNEL_CLOSING | Code::SERVICE_CLOSING, _, _) => Meaning::Closing,
        (_, Answering::Nothing(stage), _) => Meaning::Unsolicited(stage),
        (_, Answering::Command, None) => Meaning::Unsolicited(Stage::Idle),
        (Code::SERVICE_READY, Answering::Command, Some(stage))
            if !matches!(stage, Stage::Greeting | Stage::StartTls) =>
        {
            Meaning::OutOfStep(stage)
        }
        (_, Answering::Command, Some(stage)) => Meaning::Answer(stage),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_codes_answer_only_one_command() {
        use Answering::{Command, Nothing};
        use Meaning::{Answer, Closing, OutOfStep, Unsolicited};
        let (greeting, mail, quit) = (Some(Stage::Greeting), Some(Stage::Mail), Some(Stage::Quit));
        for (code, answering, oldest, expected) in [
            (250, Command, mail, Answer(Stage::Mail)),
            (250, Command, None, Unsolicited(Stage::Idle)),
            (250, Nothing(Stage::Mail), mail, Unsolicited(Stage::Mail)),
            (421, Command, quit, Closing),
            (421, Nothing(Stage::Idle), None, Closing),
            (221, Command, quit, Answer(Stage::Quit)),
            (221, Nothing(Stage::Quit), quit, Closing),
            (221, Command, mail, Closing),
            (221, Nothing(Stage::Idle), None, Closing),
            (220, Command, greeting, Answer(Stage::Greeting)),
            (220, Command, Some(Stage::StartTls), Answer(Stage::StartTls)),
            (220, Command, mail, OutOfStep(Stage::Mail)),
            (220, Command, quit, OutOfStep(Stage::Quit)),
            (220, Nothing(Stage::Mail), mail, Unsolicited(Stage::Mail)),
        ] {
            assert_eq!(
                meaning(Code::new(code).unwrap(), answering, oldest),
                expected,
                "{code} {answering:?} {oldest:?}"
            );
        }
    }
}

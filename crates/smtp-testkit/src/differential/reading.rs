//! How the peers interpret a reply, and where they stop.

use super::{
    run::Peer,
    script::{Answer, Form, Script, Turn},
};
use crate::peers::Failure;

/// What a client does with a reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reading {
    /// It continues with the next command.
    Yes,
    /// It stops here.
    No(Failure),
}

/// Whether the code is valid here: 2yz (354 for DATA) or a refusal. 220 is valid only as a greeting, and 221
/// only in response to QUIT.
pub(super) const fn fits(turn: Turn, code: u16) -> bool {
    match (turn, code) {
        (Turn::Data, _) => code == 354 || code >= 400,
        (Turn::Greeting, 220) => true,
        (_, 220 | 221) => false,
        (_, _) => code / 100 != 3,
    }
}

/// What a peer does with a reply.
pub(super) const fn read_by(peer: Peer, turn: Turn, answer: Answer) -> Reading {
    let Answer { code, form, cut } = answer;
    match (peer, cut) {
        (_, Some(_)) => Reading::No(Failure::Broken),
        (Peer::Lettre | Peer::AsyncSmtp, None) => match (form, code) {
            (Form::CodeAlone | Form::BareLf | Form::Latin1, _) => Reading::No(Failure::Broken),
            (Form::Plain | Form::Enhanced, code) if code / 10 % 10 > 5 => Reading::No(Failure::Broken),
            (Form::Plain | Form::Enhanced, 400..) => Reading::No(Failure::Refused(code)),
            (Form::Plain | Form::Enhanced, _) => Reading::Yes,
        },
        (Peer::MailSend, None) => match (turn, code, form) {
            (Turn::Ehlo, 250, Form::CodeAlone) => Reading::No(Failure::Broken),
            (Turn::Ehlo, 250, _) | (Turn::Data, 354, _) => Reading::Yes,
            (Turn::Ehlo | Turn::Data, _, _) => Reading::No(Failure::Refused(code)),
            (_, 200..300, _) => Reading::Yes,
            (_, _, _) => Reading::No(Failure::Refused(code)),
        },
    }
}

/// Where a peer stops, and why; `None` if it delivers the message.
pub(super) fn stop(peer: Peer, script: &Script) -> Option<(Turn, Failure)> {
    turns(script).find_map(|turn| match read_by(peer, turn, script.answer(turn)) {
        Reading::Yes => None,
        Reading::No(failure) => Some((turn, failure)),
    })
}

/// The replies that a peer waits for, in order.
pub(super) fn turns(script: &Script) -> impl Iterator<Item = Turn> {
    let both = script.recipients == 2;
    Turn::ALL.into_iter().filter(move |turn| *turn != Turn::Helo && (both || *turn != Turn::SecondRcpt))
}

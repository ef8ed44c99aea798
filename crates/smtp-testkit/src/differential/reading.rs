//! How the peers read an answer, and where they stop.

use super::{
    run::Peer,
    script::{Answer, Form, Script, Turn},
};
use crate::peers::Failure;

/// What an answer is to who asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reading {
    /// On with the next command.
    Yes,
    /// It ends here.
    No(Failure),
}

/// Whether it is a 2yz, or to DATA 354, or a refusal: everything else makes no sense here. 220 answers a
/// connection only, 221 QUIT only.
pub(super) const fn fits(turn: Turn, code: u16) -> bool {
    match (turn, code) {
        (Turn::Data, _) => code == 354 || code >= 400,
        (Turn::Greeting, 220) => true,
        (_, 220 | 221) => false,
        (_, _) => code / 100 != 3,
    }
}

/// As a peer does.
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

/// Where a peer stops, and why; `None`: it comes to the end.
pub(super) fn stop(peer: Peer, script: &Script) -> Option<(Turn, Failure)> {
    turns(script).find_map(|turn| match read_by(peer, turn, script.answer(turn)) {
        Reading::Yes => None,
        Reading::No(failure) => Some((turn, failure)),
    })
}

/// The answers that a peer asks for, in order.
pub(super) fn turns(script: &Script) -> impl Iterator<Item = Turn> {
    let both = script.recipients == 2;
    Turn::ALL.into_iter().filter(move |turn| *turn != Turn::Helo && (both || *turn != Turn::SecondRcpt))
}

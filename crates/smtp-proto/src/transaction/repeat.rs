//! Commands that are sent again without parameters that the message can do without.

use crate::{
    chunking::Method,
    command::Command,
    envelope::Envelope,
    narrow::at_most_u32,
    parameters::RcptParameters,
    recipients::Recipients,
    reply::Code,
    requests::Requests,
    retry::{AfterParameters, Carried, after_parameters},
    session::{Session, SessionError},
};

/// Whether MAIL is sent again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Repeat {
    /// It was not refused because of its parameters.
    No,
    /// It was, and follows once every command is answered.
    Due,
    /// It was sent again.
    Done,
}

/// Which recipients are asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Round {
    /// All that the server may be given.
    First,
    /// Those for which RCPT was refused because of its parameters.
    Second,
}

/// Whether MAIL with the parameters of this envelope, refused with this code, is sent again without some of them.
pub(super) fn repeats_mail(code: Code, repeat: Repeat, requests: Option<&Requests>, session: &Session) -> bool {
    after_parameters(code, carried_by_mail(repeat, requests, session)) == AfterParameters::Without
}

fn carried_by_mail(repeat: Repeat, requests: Option<&Requests>, session: &Session) -> Carried {
    match (requests, repeat) {
        (Some(requests), Repeat::No) if requests.mail.fitting(session.capabilities(), false).has_optional() => {
            Carried::Optional
        }
        (Some(_) | None, Repeat::No | Repeat::Due | Repeat::Done) => Carried::Needed,
    }
}

/// Whether the content waits until no command can be sent again. DATA need not wait for the reply to MAIL: if MAIL is
/// refused, so is DATA, and nothing of the content was sent.
pub(super) fn holds_content(method: Method, repeat: Repeat, requests: Option<&Requests>, session: &Session) -> bool {
    let is_rcpt_optional = session.capabilities().dsn && requests.is_some_and(Requests::any_optional_rcpt);
    let is_mail_optional = carried_by_mail(repeat, requests, session) == Carried::Optional;
    match method {
        Method::Data => is_rcpt_optional,
        Method::Bdat => is_rcpt_optional || is_mail_optional,
    }
}

/// The same for RCPT.
pub(super) fn repeats_rcpt(
    code: Code,
    round: Round,
    index: usize,
    requests: Option<&Requests>,
    session: &Session,
) -> bool {
    let has_optional = session.capabilities().dsn
        && requests.and_then(|requests| requests.rcpt(index)).is_some_and(RcptParameters::has_optional);
    let carried = match round {
        Round::First if has_optional => Carried::Optional,
        Round::First | Round::Second => Carried::Needed,
    };
    after_parameters(code, carried) == AfterParameters::Without
}

/// The first place of the transaction from `place` on whose recipient is asked for in this round.
#[inline]
pub(super) fn next_place(
    place: u32,
    round: Round,
    session: &Session,
    envelope: &Envelope,
    recipients: &Recipients,
) -> u32 {
    match envelope.requests() {
        // Most envelopes.
        None => place,
        Some(requests) => next_place_with(requests, place, round, session, recipients),
    }
}

#[inline(never)]
fn next_place_with(requests: &Requests, place: u32, round: Round, session: &Session, recipients: &Recipients) -> u32 {
    let places = at_most_u32(recipients.places());
    let is_asked_for = |place: &u32| match round {
        Round::First => {
            let index = recipients.index(*place as usize);
            requests.missing_for_rcpt(index, session.capabilities(), session.keywords()).is_none()
        }
        Round::Second => recipients.is_pending(*place as usize),
    };
    (place..places).find(is_asked_for).unwrap_or(places)
}

/// Sends RCPT for the recipient with this index, with the parameters for this round. `None` if there is none.
pub(super) fn ask(
    index: usize,
    round: Round,
    is_utf8: bool,
    session: &mut Session,
    envelope: &Envelope,
) -> Option<Result<(), SessionError>> {
    let path = envelope.forward_paths().get(index)?;
    let parameters = envelope.rcpt_parameters(index);
    if parameters.is_empty() {
        return Some(session.command(&Command::Rcpt(path, RcptParameters::NONE)));
    }
    let parameters = parameters.fitting(session.capabilities(), round == Round::Second, is_utf8);
    Some(session.command(&Command::Rcpt(path, &parameters)))
}

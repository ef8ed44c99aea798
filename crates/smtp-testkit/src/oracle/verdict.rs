//! What the report must contain: each recipient's status and each connection's end.

use smtp_proto::{Cancel, Cause, ContentError, Mechanism, Need, Needs, Protocol, Status};

use super::{
    auth_turn::AuthTurn,
    channel::Channel,
    connection::{Connection, Doubted},
    division::{Achieved, is_for_number},
    exchange::{Answer, Exchange, Verb},
    offers,
    table::{End, Next},
    task::Task,
};

/// The outcome for one recipient, and the reply that settled it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Verdict {
    pub(super) status: Status,
    pub(super) why: Why,
    pub(super) reply: Option<Answer>,
}

/// A [`Cause`] without its reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Why {
    Reply,
    Connections,
    Needs(Needs),
    Demanded(Needs),
    AuthRefused(Mechanism),
    NoMechanism,
    AuthAbandoned(Mechanism),
    TooLarge(u64),
    NotOffered,
    Content(ContentError),
    Cancelled(Cancel),
    CannotRewind,
    /// A cause that this oracle does not know.
    Other,
}

impl From<Cause<'_>> for Why {
    fn from(cause: Cause<'_>) -> Self {
        match cause {
            Cause::Reply(_) => Self::Reply,
            Cause::Connections => Self::Connections,
            Cause::Needs { needs, .. } => Self::Needs(needs),
            Cause::Demanded { needs, .. } => Self::Demanded(needs),
            Cause::AuthRefused { mechanism, .. } => Self::AuthRefused(mechanism),
            Cause::NoMechanism => Self::NoMechanism,
            Cause::AuthAbandoned { mechanism, .. } => Self::AuthAbandoned(mechanism),
            Cause::TooLarge(limit) => Self::TooLarge(limit),
            Cause::NotOffered(_) => Self::NotOffered,
            Cause::Content(error) => Self::Content(error),
            Cause::Cancelled(why) => Self::Cancelled(why),
            Cause::CannotRewind => Self::CannotRewind,
            _ => Self::Other,
        }
    }
}

impl Verdict {
    pub(super) fn is_unconfirmed(&self) -> bool {
        self.status == Status::Unconfirmed
    }
}

/// The verdicts that follow from the replies alone, for the recipients that are left, in the order of the envelope.
pub(super) fn by_replies(connection: &Connection, task: &Task, verdicts: &mut Vec<Option<Verdict>>) {
    let recipients = task.parts.left.len();
    verdicts.clear();
    if connection.unfit.is_some() {
        return verdicts.resize(recipients, None);
    }
    refused_or_taken(connection, task, recipients, verdicts);
    for verdict in verdicts.iter_mut().flatten() {
        let of_content = refused_content(connection, verdict);
        // It may be a limit after all, or the reply to another command.
        let limit = connection.reused && is_503(verdict) && !of_content;
        match connection.doubted {
            Doubted::Content | Doubted::All if of_content => verdict.status = Status::Unconfirmed,
            Doubted::All if verdict.status == Status::Failed && verdict.why == Why::Reply => {
                verdict.status = Status::Deferred;
            }
            _ if limit && verdict.status == Status::Failed => verdict.status = Status::Deferred,
            Doubted::Nothing | Doubted::Content | Doubted::All => {}
        }
    }
    if connection.achieved(task) == Some(Achieved::ContentRefused) {
        let chunk = || connection.all(Verb::Chunk).find(|chunk| chunk.refused());
        let last = chunk().or_else(|| connection.all(Verb::End).last()).or_else(|| connection.find(Verb::Data));
        let reply = last.and_then(|last| last.answer);
        fill(connection, task, verdicts, |_| Verdict { reply, ..deferred(Why::Reply) });
    } else if connection.cannot_rewind {
        fill(connection, task, verdicts, |_| deferred(Why::CannotRewind));
    }
}

/// Gives a verdict to those that have none: the refusal for their number if there was one, or another. `other` gets
/// whether the transaction contains the recipient.
fn fill(connection: &Connection, task: &Task, verdicts: &mut [Option<Verdict>], other: impl Fn(bool) -> Verdict) {
    let begun = connection.has_begun(task);
    for (position, verdict) in verdicts.iter_mut().enumerate().filter(|(_, verdict)| verdict.is_none()) {
        *verdict = Some(match connection.refused_for_number(task, position) {
            Some(answer) => Verdict { reply: Some(answer), ..deferred(Why::Reply) },
            None => other(begun && connection.contains(task, position)),
        });
    }
}

/// Gives the verdict that follows from the end of the connection to those that have none. Nothing was sent for the
/// recipients that the transaction does not contain, so they can only be deferred for it.
pub(super) fn fill_by_end(
    connection: &Connection,
    task: &Task,
    end: End,
    next: Next,
    verdicts: &mut [Option<Verdict>],
) {
    let by_end = by_end(connection, task, end, next);
    let of_transaction = next == Next::Unconfirmed || matches!(end, End::ContentRefused(_));
    let outside = if of_transaction { Verdict { status: Status::Deferred, ..by_end } } else { by_end };
    fill(connection, task, verdicts, |contained| if contained { by_end } else { outside });
}

/// Whether the verdict is a refusal of the whole content.
pub(super) fn refused_content(connection: &Connection, verdict: &Verdict) -> bool {
    let refused = matches!(verdict.status, Status::Failed | Status::Deferred) && verdict.why == Why::Reply;
    refused && connection.accepted() > 0 && connection.all(Verb::End).any(|end| end.answer == verdict.reply)
}

fn refused_or_taken(connection: &Connection, task: &Task, recipients: usize, verdicts: &mut Vec<Option<Verdict>>) {
    verdicts.resize(recipients, None);
    // Once nothing but the extensions of parameters is missing, the recipients that need them have their status.
    if task.has_parameters && connection.is_ready(task) {
        let status = connection.status_of_missing();
        for (verdict, index) in verdicts.iter_mut().zip(&task.parts.left) {
            if connection.missing(*index, task).is_some() {
                *verdict = Some(Verdict { status, why: Why::NotOffered, reply: None });
            }
        }
    }
    if let Some(verdict) = for_all(connection, task) {
        // Of the recipients in a transaction, none was refused for its number if MAIL was refused.
        return fill(connection, task, verdicts, |_| verdict);
    }
    if !connection.said(Verb::Rcpt) {
        return;
    }
    let data = connection.find(Verb::Data).and_then(refusal);
    // A chunk that is not the last: its refusal is that of the message.
    let data = data.or_else(|| connection.all(Verb::Chunk).find_map(refusal));
    let mut ends = connection.all(Verb::End);
    let one_end = match task.config.protocol() {
        Protocol::Smtp => ends.next().copied(),
        Protocol::Lmtp => None,
    };
    if connection.repeat_is_due(task) {
        return;
    }
    let mut accepted_before = false;
    for (index, rcpt) in connection.final_rcpts(task) {
        let Some(answer) = rcpt.answer else { continue };
        let verdict = if answer.code == 530 {
            Some(demand(connection, answer))
        } else if task.envelope.is_inquiry() && answer.code < 300 {
            Some(Verdict { status: Status::Deferred, why: Why::Reply, reply: Some(answer) })
        } else if is_for_number(answer.code, accepted_before) {
            None
        } else if answer.code >= 300 {
            // In a further transaction, 552 may still be the limit of the one before.
            let again = task.parts.is_further && answer.code == 552;
            let status = if answer.code >= 500 && !again { Status::Failed } else { Status::Deferred };
            Some(Verdict { status, why: Why::Reply, reply: Some(answer) })
        } else {
            accepted_before = true;
            // RFC 2033 section 4.2: one reply for each accepted recipient, in order.
            let mut end = || one_end.or_else(|| ends.next().copied())?.answer.and_then(by_code);
            data.or_else(&mut end)
        };
        if let Some(position) = task.parts.left.iter().position(|left| *left == index) {
            verdicts[position] = verdict;
        }
    }
}

/// A verdict that applies to all recipients, whatever the replies to RCPT.
fn for_all(connection: &Connection, task: &Task) -> Option<Verdict> {
    // After a hang-up on EHLO, refusals of the greeting and of HELO are temporary.
    let for_now = |verdict: Verdict| Verdict { status: Status::Deferred, ..verdict };
    let greeting = connection.find(Verb::Greeting).and_then(refusal);
    let for_now_only = connection.is_retry || connection.replaces;
    let greeting = if for_now_only { greeting.map(for_now) } else { greeting };
    let hello = connection.exchanges.iter().rfind(|exchange| matches!(exchange.verb, Verb::Helo | Verb::Lhlo));
    let mail = connection.find(Verb::Mail);
    let mail = mail.filter(|_| !connection.repeat_is_due(task));
    let mail = mail.and_then(|mail| match mail.answer {
        Some(answer) if answer.code == 530 => Some(demand(connection, answer)),
        _ => refusal(mail),
    });
    let hello = hello.filter(|hello| !is_said_again(connection, hello)).and_then(refusal);
    let ehlo_refused_for_good = connection.ehlo_refusal().is_some_and(|refusal| refusal.code >= 500);
    let is_helo = connection.said(Verb::Helo);
    let for_now_only = (is_helo && !ehlo_refused_for_good) || connection.replaces || task.parts.divided;
    let hello = if for_now_only { hello.map(for_now) } else { hello };
    if let Some(verdict) = greeting.or(hello).or(mail) {
        return Some(verdict);
    }
    let needs = connection.needs_beyond_helo(task);
    if let (Some(refusal), false) = (connection.ehlo_refusal(), needs.is_empty()) {
        let deferred = refusal.code < 500 || offers::may_be_met_later(needs);
        return Some(Verdict { status: status_of(deferred), why: Why::Needs(needs), reply: Some(refusal) });
    }
    if connection.lacks_tls(task) {
        let reply = connection.find(Verb::StartTls).and_then(|starttls| starttls.answer);
        return Some(Verdict { reply, ..deferred(Why::Needs(Needs::NONE.with(Need::Tls))) });
    }
    if !(connection.reused || connection.greeted()) || connection.is_securing() {
        return None;
    }
    match connection.auth_turn(task) {
        _ if task.envelope.forward_paths().is_empty() => return None,
        AuthTurn::Past => {}
        AuthTurn::Unmet(need) => return Some(deferred(Why::Needs(Needs::NONE.with(need)))),
        AuthTurn::NoMechanism => return Some(deferred(Why::NoMechanism)),
        AuthTurn::GivenUp(mechanism) => return Some(deferred(Why::AuthAbandoned(mechanism))),
        AuthTurn::Refused(mechanism, answer) => {
            return Some(Verdict { reply: Some(answer), ..deferred(Why::AuthRefused(mechanism)) });
        }
        AuthTurn::Ask(..) | AuthTurn::Owed(_) | AuthTurn::Listen => return None,
    }
    if task.parts.must_rewind || (connection.fits(task) && connection.unmet(task).is_empty()) {
        return None;
    }
    let unmet = connection.unmet(task);
    Some(match (unmet.is_empty(), connection.offers.largest) {
        (true, Some(largest)) => Verdict { status: Status::Failed, why: Why::TooLarge(largest), reply: None },
        _ => Verdict { status: status_of(offers::may_be_met_later(unmet)), why: Why::Needs(unmet), reply: None },
    })
}

const fn deferred(why: Why) -> Verdict {
    Verdict { status: Status::Deferred, why, reply: None }
}

/// The server demands TLS or authentication with 530: whatever the connection does not have and the server offers.
fn demand(connection: &Connection, answer: Answer) -> Verdict {
    let tls = connection.channel == Channel::Clear && connection.offers.starttls;
    let auth = !connection.given.is_complete && (connection.offers.auth.is_some() || !tls);
    let needs = [(tls, Need::Tls), (auth, Need::Auth)].into_iter().filter(|(missing, _)| *missing);
    let needs = needs.fold(Needs::NONE, |needs, (_, need)| needs.with(need));
    Verdict { reply: Some(answer), ..deferred(Why::Demanded(needs)) }
}

/// Whether HELO is sent once more: it was refused with 503, because of the EHLO before it.
fn is_said_again(connection: &Connection, helo: &Exchange) -> bool {
    connection.said(Verb::Ehlo)
        && connection.all(Verb::Helo).count() == 1
        && helo.answer.is_some_and(|answer| answer.code == 503)
}

/// The verdict for recipients without a final status when no connection follows.
pub(super) fn by_end(connection: &Connection, task: &Task, end: End, next: Next) -> Verdict {
    let status = if next == Next::Unconfirmed { Status::Unconfirmed } else { Status::Deferred };
    // A permanent refusal of EHLO is not the cause, because HELO would have followed.
    let ehlo_refusal = connection.ehlo_refusal().filter(|refusal| refusal.code < 500 && !connection.greeted());
    let reply = match end {
        End::Closing(answer) | End::Unchunked(answer) => Some(answer),
        End::ContentRefused(answer) if !connection.repeat_is_due(task) => {
            let status = if answer.code >= 500 { Status::Failed } else { Status::Deferred };
            return Verdict { status, why: Why::Reply, reply: Some(answer) };
        }
        End::ContentError(fault) => {
            let status = status_of(matches!(fault, ContentError::TooLong { .. } | ContentError::TooShort { .. }));
            return Verdict { status, why: Why::Content(fault), reply: None };
        }
        End::Cancelled(why) => return Verdict { status, why: Why::Cancelled(why), reply: None },
        _ => ehlo_refusal,
    };
    if let (Some((mechanism, answer)), false) = (connection.auth_refusal(), matches!(next, Next::Forbidden(_))) {
        return Verdict { status, why: Why::AuthRefused(mechanism), reply: Some(answer) };
    }
    let why = match (next, reply) {
        (Next::Forbidden(needs), _) => Why::Needs(needs),
        (_, Some(_)) => Why::Reply,
        (_, None) => Why::Connections,
    };
    Verdict { status, why, reply }
}

fn status_of(deferred: bool) -> Status {
    if deferred { Status::Deferred } else { Status::Failed }
}

fn is_503(verdict: &Verdict) -> bool {
    verdict.reply.is_some_and(|answer| answer.code == 503)
}

fn refusal(exchange: &Exchange) -> Option<Verdict> {
    exchange.answer.filter(|answer| answer.code >= 400).and_then(by_code)
}

fn by_code(answer: Answer) -> Option<Verdict> {
    let status = match answer.code {
        200..=299 => Status::Delivered,
        400..=499 => Status::Deferred,
        500..=599 => Status::Failed,
        _ => return None,
    };
    Some(Verdict { status, why: Why::Reply, reply: Some(answer) })
}

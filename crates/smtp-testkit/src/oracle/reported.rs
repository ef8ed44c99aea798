//! Compares a report with what it must contain.

use smtp_proto::{AttemptEnd, Cause, Hello, Mechanism, NotificationDropped, RecipientReport, Report, Status};

use super::{
    Promise, Violation,
    connection::Connection,
    exchange::Verb,
    parts::Dropped,
    secrets::Secrets,
    table::End,
    task::Task,
    tls_fact::TlsFact,
    verdict::{Verdict, Why},
};

/// What must be reported about one connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Tried {
    /// The hello that was sent last or was about to be sent.
    pub(super) hello: Option<Verb>,
    pub(super) ended: Option<AttemptEnd>,
    pub(super) reused: bool,
    pub(super) ehlo_refusal: Option<u16>,
    pub(super) tls: TlsFact,
    /// The mechanism with which the client has authenticated.
    pub(super) mechanism: Option<Mechanism>,
}

/// What a report is compared with.
pub(super) struct Facts<'o> {
    pub(super) connection: &'o Connection,
    pub(super) task: &'o Task,
    pub(super) secrets: &'o Secrets,
    pub(super) dropped_before: &'o [Option<Dropped>],
}

/// Compares a report with what it must contain.
pub(super) fn check(
    report: &Report<'_>,
    facts: &Facts<'_>,
    verdicts: &[Verdict],
    tried: &[Tried],
    last_end: Option<End>,
) -> Result<(), Violation> {
    let mut recipients = report.recipients();
    for (place, (path, verdict)) in facts.task.envelope.forward_paths().iter().zip(verdicts).enumerate() {
        let Some(recipient) = recipients.next().filter(|recipient| recipient.path == path) else {
            return Err(Violation::new(Promise::OneStatus, format!("<{path}> is not reported, or in the wrong place")));
        };
        check_recipient(&recipient, *verdict, facts, last_end)?;
        check_parameters(place, &recipient, *verdict, facts)?;
    }
    if recipients.next().is_some() {
        return Err(Violation::new(Promise::OneStatus, "the report has a recipient that is not in the envelope"));
    }
    let mut attempts = report.attempts();
    for (index, tried) in tried.iter().enumerate() {
        let attempt = attempts.next();
        let reported = attempt.map(|attempt| Tried {
            hello: attempt.hello().map(verb_of),
            ended: attempt.end(),
            reused: attempt.reused(),
            ehlo_refusal: attempt.ehlo_refusal().map(|reply| reply.code().get()),
            tls: attempt.tls().into(),
            mechanism: attempt.mechanism(),
        });
        if reported != Some(*tried) {
            let what = format!("connection {}: reported as {reported:?}; expected {tried:?}", index + 1);
            return Err(Violation::new(Promise::RetryTable, what));
        }
    }
    match attempts.next() {
        None => Ok(()),
        Some(_) => Err(Violation::new(Promise::RetryTable, "the report has a connection that did not exist")),
    }
}

fn check_recipient(
    recipient: &RecipientReport<'_>,
    verdict: Verdict,
    facts: &Facts<'_>,
    last_end: Option<End>,
) -> Result<(), Violation> {
    let violation = |promise| {
        let expected = verdict.reply.map(|answer| answer.code);
        let what = format!("{recipient} ({recipient:?}) is reported; expected {verdict:?} with {expected:?}");
        Err(Violation::new(promise, what))
    };
    if recipient.status != verdict.status {
        return match (recipient.status, verdict.status, last_end) {
            (_, _, Some(End::Unsolicited(_))) => violation(Promise::NoUnsolicited),
            (Status::Delivered | Status::Unconfirmed, _, _) | (_, Status::Unconfirmed, _) => {
                violation(Promise::DeliveredAfterAll)
            }
            _ => violation(Promise::OneStatus),
        };
    }
    if Why::from(recipient.cause) != verdict.why {
        return violation(Promise::RetryTable);
    }
    let right = match (recipient.reply(), verdict.reply) {
        (None, None) => true,
        (Some(reply), Some(answer)) => {
            let said = facts.connection.replies.octets(answer.start, answer.end);
            let kept = reply.octets();
            let is_long = said.len() > facts.task.config.limits().kept_reply();
            let whole = kept.len() == said.len() || is_long || facts.secrets.find(said).is_some();
            reply.code().get() == answer.code && whole && said.starts_with(kept)
        }
        _ => false,
    };
    if right { Ok(()) } else { violation(Promise::OneStatus) }
}

/// Checks what is said about parameters.
fn check_parameters(
    place: usize,
    recipient: &RecipientReport<'_>,
    verdict: Verdict,
    facts: &Facts<'_>,
) -> Result<(), Violation> {
    let Facts { connection, task, .. } = facts;
    let is_sent = matches!(verdict.status, Status::Delivered | Status::Unconfirmed);
    let before = facts.dropped_before.get(place).copied().flatten();
    let dropped =
        if is_sent { before.map_or_else(|| connection.dropped(place, task), |Dropped(before)| before) } else { None };
    let said = recipient.notification_dropped.map(NotificationDropped::as_str);
    let is_right = match recipient.cause {
        Cause::NotOffered(keyword) if before.is_none() => connection.missing(place, task).as_deref() == Some(keyword),
        _ => true,
    };
    if dropped != said || !is_right {
        let what = format!("{recipient} ({recipient:?}) is reported; expected that notifications are {dropped:?}");
        return Err(Violation::new(Promise::OneStatus, what));
    }
    Ok(())
}

const fn verb_of(hello: Hello) -> Verb {
    match hello {
        Hello::Ehlo => Verb::Ehlo,
        Hello::Helo => Verb::Helo,
        Hello::Lhlo => Verb::Lhlo,
    }
}

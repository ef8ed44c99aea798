//! Whether a server offers what a message needs.

use alloc::{boxed::Box, vec::Vec};

use crate::{
    capabilities::SizeLimit,
    chunking::Method,
    envelope::{Envelope, Size},
    ledger::Ledger,
    needs::{Need, Needs},
    outcome::{Hello, Status},
    parameters::{Dropped, NotificationDropped},
    recipients::{Recipients, SettledBy, Settlement},
    requests::Requests,
    retry::status_without_extension,
    security::Security,
    session::Session,
};

/// Whether a message with these needs may be sent like this in this session; if not, the status of the recipients.
pub(super) fn check(
    needs: Needs,
    method: Method,
    envelope: &Envelope,
    session: &Session,
) -> Result<(), (Status, SettledBy)> {
    let unmet = unmet(needs, method, envelope, session);
    if !unmet.is_empty() {
        return Err((status_of_unmet(unmet), SettledBy::Needs(unmet, None)));
    }
    match (session.capabilities().size, envelope.size().map(Size::octets)) {
        (SizeLimit::Octets(limit), Some(size)) if size > limit => Err((Status::Failed, SettledBy::TooLarge(limit))),
        _ => Ok(()),
    }
}

/// The needs that this session does not meet.
fn unmet(needs: Needs, method: Method, envelope: &Envelope, session: &Session) -> Needs {
    // Most messages have none.
    if needs.is_empty() {
        return needs;
    }
    let meets = |need: &Need| meets(session, method, envelope, *need);
    let unmet = needs.iter().filter(|need| !meets(need)).fold(Needs::NONE, Needs::with);
    unmet.with_what_require_tls_lacks(session.security())
}

fn meets(session: &Session, method: Method, envelope: &Envelope, need: Need) -> bool {
    match need {
        Need::DeliverBy => match envelope.requests() {
            Some(requests) => requests.is_in_time(session.capabilities()),
            None => session.capabilities().deliver_by.is_some(),
        },
        // Which extension is missing is found out later, so that the report can name it.
        Need::Parameter => true,
        Need::Smtputf8 => session.capabilities().smtputf8,
        Need::EightBitMime => session.capabilities().eight_bit_mime,
        Need::Tls => session.security() != Security::Clear,
        Need::VerifiedTls => session.security() == Security::Verified,
        Need::Auth => session.is_authenticated(),
        Need::RequireTls => session.capabilities().require_tls && session.security() == Security::Verified,
        Need::BinaryMime => session.capabilities().binary_mime && method == Method::Bdat,
    }
}

/// The status for needs that were not met. TLS and AUTH are deferred because the server may offer them later. The others
/// fail: the message will not change.
pub(crate) fn status_of_unmet(unmet: Needs) -> Status {
    let may_be_met_later = [Need::Tls, Need::VerifiedTls, Need::Auth].into_iter().any(|need| unmet.contains(need));
    if may_be_met_later { Status::Deferred } else { Status::Failed }
}

/// Gives recipients that need an extension that is not offered their status, if the message may be sent to this server
/// at all; and notes what else is not passed on.
#[cold]
pub(crate) fn settle_unfit(needs: Needs, method: Method, envelope: &Envelope, session: &Session, ledger: &mut Ledger) {
    let Some(requests) = envelope.requests() else { return };
    if check(needs, method, envelope, session).is_err() {
        return;
    }
    let (offered, kept) = (session.capabilities(), session.keywords());
    let (hello, ehlo_refusal) = ledger.attempt().map_or((None, None), |attempt| (attempt.hello, attempt.ehlo_refusal));
    let severity = ehlo_refusal.and_then(|refusal| refusal.code.severity());
    let status = status_without_extension(hello.unwrap_or(Hello::Ehlo), severity);
    let earlier = ledger.dropped.as_ref().map(|dropped| dropped_before(requests, dropped, &ledger.recipients));
    ledger.dropped = Some(Box::new(Dropped {
        is_dsn_offered: offered.dsn,
        is_deliver_by_offered: offered.deliver_by.is_some(),
        is_mail_refused: false,
        rcpts_refused: Vec::new(),
        unfit: Vec::new(),
        earlier: earlier.unwrap_or_default(),
    }));
    if let Some(missing) = requests.missing_for_mail(kept) {
        return ledger.settle(status, SettledBy::NotOffered(missing));
    }
    for recipient in 0..requests.rcpts.len() {
        if let (Some(missing), true) =
            (requests.missing_for_rcpt(recipient, offered, kept), ledger.recipients.is_open(recipient))
        {
            ledger.recipients.settle_at(recipient, Settlement { status, by: SettledBy::NotOffered(missing) });
            ledger.dropped.iter_mut().for_each(|dropped| dropped.unfit.push(recipient));
        }
    }
}

/// What an earlier transaction lacked, for each recipient that has its final status.
fn dropped_before(
    requests: &Requests,
    dropped: &Dropped,
    recipients: &Recipients,
) -> Vec<(usize, Option<NotificationDropped>)> {
    let settled = (0..recipients.len()).filter(|recipient| !recipients.is_open(*recipient));
    settled.map(|recipient| (recipient, requests.dropped(recipient, dropped))).collect()
}

/// What a server demands with 530: what the session has not, as far as the server offers it.
pub(super) fn demanded(session: &Session) -> Needs {
    let offered = session.capabilities();
    let tls = session.security() == Security::Clear && offered.starttls;
    let auth = !session.is_authenticated() && (offered.auth.is_some() || !tls);
    let needs = if tls { Needs::NONE.with(Need::Tls) } else { Needs::NONE };
    if auth { needs.with(Need::Auth) } else { needs }
}

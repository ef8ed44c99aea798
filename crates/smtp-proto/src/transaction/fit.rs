//! Whether a server offers what a message needs.

use crate::{
    capabilities::SizeLimit,
    chunking::Method,
    envelope::{Envelope, Size},
    needs::{Need, Needs},
    outcome::Status,
    recipients::SettledBy,
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
    let unmet = unmet(needs, method, session);
    if !unmet.is_empty() {
        return Err((status_of_unmet(unmet), SettledBy::Needs(unmet, None)));
    }
    match (session.capabilities().size, envelope.size().map(Size::octets)) {
        (SizeLimit::Octets(limit), Some(size)) if size > limit => Err((Status::Failed, SettledBy::TooLarge(limit))),
        _ => Ok(()),
    }
}

/// The needs that this session does not meet.
fn unmet(needs: Needs, method: Method, session: &Session) -> Needs {
    // Most messages have none.
    if needs.is_empty() {
        return needs;
    }
    let unmet = needs.iter().filter(|need| !meets(session, method, *need)).fold(Needs::NONE, Needs::with);
    unmet.with_what_require_tls_lacks(session.security())
}

fn meets(session: &Session, method: Method, need: Need) -> bool {
    match need {
        Need::Smtputf8 => session.capabilities().smtputf8,
        Need::EightBitMime => session.capabilities().eight_bit_mime,
        Need::Tls => session.security() != Security::Clear,
        Need::VerifiedTls => session.security() == Security::Verified,
        Need::Auth => session.is_authenticated(),
        Need::RequireTls => session.capabilities().require_tls && session.security() == Security::Verified,
        Need::BinaryMime => session.capabilities().binary_mime && method == Method::Bdat,
        Need::DeliverBy => false,
    }
}

/// The status for needs that were not met. TLS and AUTH are deferred because the server may offer them later, and needs
/// that this crate does not implement because that is not the fault of the message. The others fail: the message will
/// not change.
pub(crate) fn status_of_unmet(unmet: Needs) -> Status {
    let may_be_met_later = [Need::Tls, Need::VerifiedTls, Need::Auth].into_iter().any(|need| unmet.contains(need));
    if may_be_met_later || !unmet.not_implemented().is_empty() { Status::Deferred } else { Status::Failed }
}

/// What a server demands with 530: what the session has not, as far as the server offers it.
pub(super) fn demanded(session: &Session) -> Needs {
    let offered = session.capabilities();
    let tls = session.security() == Security::Clear && offered.starttls;
    let auth = !session.is_authenticated() && (offered.auth.is_some() || !tls);
    let needs = if tls { Needs::NONE.with(Need::Tls) } else { Needs::NONE };
    if auth { needs.with(Need::Auth) } else { needs }
}

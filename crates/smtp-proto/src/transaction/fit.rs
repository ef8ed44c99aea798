//! Whether a message fits what the server offers.

use crate::{
    capabilities::{Capabilities, SizeLimit},
    config::Config,
    envelope::{Envelope, Need, Needs, Size},
    outcome::Status,
    recipients::SettledBy,
};

/// Whether the message may go to a server that offers this.
pub(super) fn check(
    config: &Config,
    envelope: &Envelope,
    capabilities: &Capabilities,
) -> Result<(), (Status, SettledBy)> {
    let unmet = config.needs(envelope).unmet_by(capabilities);
    if !unmet.is_empty() {
        return Err((status_of_unmet(unmet), SettledBy::Needs(unmet, None)));
    }
    match (capabilities.size, envelope.size().map(Size::octets)) {
        (SizeLimit::Octets(limit), Some(size)) if size > limit => Err((Status::Failed, SettledBy::TooLarge(limit))),
        _ => Ok(()),
    }
}

/// What policy wants, a server may offer later, and what this crate does not implement is not the message's
/// fault. What else the message is made of does not change.
pub(crate) fn status_of_unmet(unmet: Needs) -> Status {
    let may_be_met_later = unmet.contains(Need::Tls) || unmet.contains(Need::Auth);
    if may_be_met_later || !unmet.not_implemented().is_empty() { Status::Deferred } else { Status::Failed }
}

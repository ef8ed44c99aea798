//! Whether a server offers what a message needs.

use crate::{
    capabilities::{Capabilities, SizeLimit},
    config::Config,
    envelope::{Envelope, Need, Needs, Size},
    outcome::Status,
    recipients::SettledBy,
};

/// Whether the message may be sent to a server with these capabilities; if not, the status of the recipients.
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

/// The status for needs that were not met. TLS and AUTH are deferred because the server may offer them later, and needs
/// that this crate does not implement because that is not the fault of the message. The others fail: the message will
/// not change.
pub(crate) fn status_of_unmet(unmet: Needs) -> Status {
    let may_be_met_later = unmet.contains(Need::Tls) || unmet.contains(Need::Auth);
    if may_be_met_later || !unmet.not_implemented().is_empty() { Status::Deferred } else { Status::Failed }
}

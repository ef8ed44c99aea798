//! What an envelope asks for beyond its addresses. Most envelopes ask for nothing.

use alloc::vec::Vec;

use crate::{
    capabilities::Capabilities,
    keywords_kept::KeptKeywords,
    parameters::{Dropped, MailExtras, NotificationDropped, RcptParameters},
};

/// What an envelope asks for beyond its addresses.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Requests {
    pub(crate) mail: MailExtras,
    /// One for each recipient, or none at all.
    pub(crate) rcpts: Vec<RcptParameters>,
    /// Whether the content is not sent: the server is only asked.
    pub(crate) is_inquiry: bool,
}

/// An extension that a parameter needs and that a server does not offer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Missing {
    /// DSN, for NOTIFY=NEVER.
    Dsn,
    /// That of the parameter of MAIL in this place.
    OfMail(usize),
    /// That of the parameter of RCPT in this place, for the recipient in that place.
    OfRcpt { recipient: usize, parameter: usize },
}

impl Requests {
    pub(crate) fn rcpt(&self, place: usize) -> Option<&RcptParameters> {
        self.rcpts.get(place)
    }

    /// Whether the keywords of EHLO's reply must be kept.
    pub(crate) fn need_keywords(&self) -> bool {
        !self.mail.others.is_empty() || self.rcpts.iter().any(|rcpt| !rcpt.others.is_empty())
    }

    /// Whether there is anything that HELO cannot carry, needed or not.
    pub(crate) fn prefer_ehlo(&self) -> bool {
        self.mail != MailExtras::default() || self.rcpts.iter().any(|rcpt| !rcpt.is_empty())
    }

    /// Whether a RCPT carries parameters that it may be sent again without.
    pub(crate) fn any_optional_rcpt(&self) -> bool {
        self.rcpts.iter().any(RcptParameters::has_optional)
    }

    /// Why the whole message cannot be sent to a server with these offers.
    pub(crate) fn missing_for_mail(&self, kept: Option<&KeptKeywords>) -> Option<Missing> {
        let missing = self.mail.others.iter().position(|other| !is_offered(kept, other.extension()));
        missing.map(Missing::OfMail)
    }

    /// Why this recipient cannot be given to a server with these offers.
    pub(crate) fn missing_for_rcpt(
        &self,
        recipient: usize,
        offered: &Capabilities,
        kept: Option<&KeptKeywords>,
    ) -> Option<Missing> {
        let rcpt = self.rcpt(recipient)?;
        if rcpt.forbids_notification() && !offered.dsn {
            return Some(Missing::Dsn);
        }
        let missing = rcpt.others.iter().position(|other| !is_offered(kept, other.extension()));
        missing.map(|parameter| Missing::OfRcpt { recipient, parameter })
    }

    /// The keyword of what is missing.
    pub(crate) fn keyword(&self, missing: Missing) -> &str {
        let other = match missing {
            Missing::Dsn => return "DSN",
            Missing::OfMail(parameter) => self.mail.others.get(parameter),
            Missing::OfRcpt { recipient, parameter } => {
                self.rcpt(recipient).and_then(|rcpt| rcpt.others.get(parameter))
            }
        };
        other.map_or("", |other| other.extension())
    }

    /// Why the requests for notifications about this recipient were not passed on, if they were not.
    pub(crate) fn dropped(&self, recipient: usize, dropped: &Dropped) -> Option<NotificationDropped> {
        if let Ok(at) = dropped.earlier.binary_search_by_key(&recipient, |(earlier, _)| *earlier) {
            return dropped.earlier.get(at).and_then(|(_, dropped)| *dropped);
        }
        let rcpt_asks = self.rcpt(recipient).is_some_and(RcptParameters::asks_for_dsn);
        let is_refused = (dropped.is_mail_refused
            && ((dropped.is_dsn_offered && self.mail.asks_for_dsn())
                || (dropped.is_deliver_by_offered && self.mail.wants_late_notice())))
            || dropped.rcpts_refused.binary_search(&recipient).is_ok();
        let is_missing = (!dropped.is_dsn_offered && (rcpt_asks || self.mail.asks_for_dsn()))
            || (!dropped.is_deliver_by_offered && self.mail.wants_late_notice());
        match (is_refused, is_missing) {
            (true, _) => Some(NotificationDropped::Refused),
            (false, true) => Some(NotificationDropped::NotOffered),
            (false, false) => None,
        }
    }

    /// Whether a server with these offers meets the need for DELIVERBY.
    pub(crate) fn is_in_time(&self, offered: &Capabilities) -> bool {
        match (self.mail.deliver_by, offered.deliver_by) {
            (Some(limit), Some(least)) => limit.is_accepted(least),
            (None, Some(_)) => true,
            (Some(_) | None, None) => false,
        }
    }
}

/// Whether the keyword was in the reply to EHLO or LHLO.
fn is_offered(kept: Option<&KeptKeywords>, keyword: &str) -> bool {
    kept.is_some_and(|kept| kept.contain(keyword))
}

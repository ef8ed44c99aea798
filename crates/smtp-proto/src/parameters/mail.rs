//! The parameters of MAIL that few messages have.

use alloc::vec::Vec;

use super::{
    deliver_by::{DeliverBy, Late},
    notification::{EnvelopeId, Return},
    other::Parameter,
    submitter::Submitter,
};
use crate::capabilities::Capabilities;

/// The parameters of MAIL that few messages have.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct MailExtras {
    pub(crate) returned: Option<Return>,
    pub(crate) envelope_id: Option<EnvelopeId>,
    pub(crate) deliver_by: Option<DeliverBy>,
    pub(crate) submitter: Option<Submitter>,
    pub(crate) others: Vec<Parameter>,
}

impl MailExtras {
    /// Those that a server with these offers is sent. `is_plain`: without those that the message can do without.
    pub(crate) fn fitting(&self, offered: &Capabilities, is_plain: bool) -> Self {
        let is_dsn = offered.dsn && !is_plain;
        Self {
            returned: self.returned.filter(|_| is_dsn),
            envelope_id: self.envelope_id.clone().filter(|_| is_dsn),
            deliver_by: self.deliver_by.filter(|limit| match limit.late() {
                Late::Return => true,
                Late::Notify => offered.deliver_by.is_some() && !is_plain,
            }),
            submitter: self.submitter.clone().filter(|_| offered.auth.is_some() && !is_plain),
            others: self.others.clone(),
        }
    }

    /// Whether there is a parameter that the message can do without.
    pub(crate) fn has_optional(&self) -> bool {
        self.asks_for_notification() || self.submitter.is_some()
    }

    /// Whether the sender asks to be notified.
    pub(crate) fn asks_for_notification(&self) -> bool {
        self.asks_for_dsn() || self.wants_late_notice()
    }

    pub(crate) const fn asks_for_dsn(&self) -> bool {
        self.returned.is_some() || self.envelope_id.is_some()
    }

    pub(crate) fn wants_late_notice(&self) -> bool {
        self.deliver_by.is_some_and(|limit| limit.late() == Late::Notify)
    }

    /// The first extension that is used and not offered.
    pub(crate) fn not_offered(&self, offered: &Capabilities) -> Option<&'static str> {
        if self.asks_for_dsn() && !offered.dsn {
            Some("DSN")
        } else if self.deliver_by.is_some() && offered.deliver_by.is_none() {
            Some("DELIVERBY")
        } else if self.submitter.is_some() && offered.auth.is_none() {
            Some("AUTH")
        } else {
            None
        }
    }

    /// Not inlined, so that the usual commands, which have none of these, save fewer registers.
    #[inline(never)]
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        if let Some(returned) = self.returned {
            out.extend_from_slice(b" RET=");
            out.extend_from_slice(returned.keyword().as_bytes());
        }
        if let Some(id) = &self.envelope_id {
            out.extend_from_slice(b" ENVID=");
            id.encode(out);
        }
        if let Some(limit) = self.deliver_by {
            out.extend_from_slice(b" BY=");
            limit.encode(out);
        }
        if let Some(submitter) = &self.submitter {
            out.extend_from_slice(b" AUTH=");
            submitter.encode(out);
        }
        self.others.iter().for_each(|other| other.encode(out));
    }
}

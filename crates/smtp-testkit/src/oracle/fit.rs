//! Whether a server may be sent the message.

use smtp_proto::{Need, Needs, Size};

use super::{channel::Channel, connection::Connection, parameters, task::Task};

impl Connection {
    /// Whether the message may be sent to a server with these offers.
    pub(super) fn may_go(&self, task: &Task) -> bool {
        self.fits(task) && self.unmet(task).is_empty() && self.has_candidates(task)
    }

    /// Whether the message is small enough.
    pub(super) fn fits(&self, task: &Task) -> bool {
        match (self.offers.largest, task.envelope.size().map(Size::octets)) {
            (Some(largest), Some(size)) => size <= largest,
            _ => true,
        }
    }

    /// What the message needs and this connection does not have.
    pub(super) fn unmet(&self, task: &Task) -> Needs {
        let mut unmet = Needs::NONE;
        for need in task.needs.iter() {
            if !self.meets(need, task) {
                unmet = unmet.with(need);
            }
            if need == Need::RequireTls && self.channel == Channel::Unverified {
                unmet = unmet.with(Need::VerifiedTls);
            }
        }
        unmet
    }

    fn meets(&self, need: Need, task: &Task) -> bool {
        let offers = &self.offers;
        match need {
            Need::Smtputf8 => offers.smtputf8,
            Need::EightBitMime => offers.eight_bit_mime,
            Need::Tls => self.channel != Channel::Clear,
            Need::VerifiedTls => self.channel == Channel::Verified,
            Need::RequireTls => self.channel == Channel::Verified && offers.require_tls,
            Need::Auth => self.given.is_complete,
            Need::BinaryMime => task.has_bdat && offers.chunking && offers.binary_mime,
            Need::DeliverBy => parameters::is_in_time(task.envelope.deliver_by(), offers.deliver_by),
            // The report names the extension instead.
            Need::Parameter => true,
            _ => false,
        }
    }
}

//! How a connection is secured, as far as the octets on it tell.

use smtp_proto::{Need, Needs, TlsVersion};

use super::{
    channel::Channel,
    connection::Connection,
    exchange::Verb,
    offers::Offers,
    plan::{Wish, forbids_giving_up_tls},
    task::Task,
    tls_fact::TlsFact,
};

impl Connection {
    /// Whether a handshake must be under way: nothing may be sent or received.
    pub(super) fn is_handshaking(&self) -> bool {
        let accepted = || self.find(Verb::StartTls).is_some_and(|starttls| starttls.code() == Some(220));
        self.is_open && self.channel == Channel::Clear && (self.plan.wish == Wish::Implicit || accepted())
    }

    /// Whether STARTTLS is due or unanswered, or the handshake is under way.
    pub(super) fn is_securing(&self) -> bool {
        let unanswered = || self.find(Verb::StartTls).is_some_and(|starttls| starttls.answer.is_none());
        self.is_handshaking() || unanswered() || self.starttls_is_due()
    }

    /// Whether STARTTLS follows.
    pub(super) fn starttls_is_due(&self) -> bool {
        let wished = matches!(self.plan.wish, Wish::IfOffered | Wish::StartTls) && self.is_clear_after_hello();
        wished && self.offers.starttls && !self.said(Verb::StartTls)
    }

    /// Whether the connection remains in clear although it must not: STARTTLS is not offered or was refused.
    pub(super) fn lacks_tls(&self, task: &Task) -> bool {
        if !self.is_clear_after_hello() {
            return false;
        }
        match self.find(Verb::StartTls) {
            None => self.plan.wish == Wish::StartTls && !self.offers.starttls,
            Some(starttls) => starttls.refused() && forbids_giving_up_tls(task.needs),
        }
    }

    /// Whether EHLO or LHLO was accepted in clear, on this connection and for this message.
    fn is_clear_after_hello(&self) -> bool {
        let extended = matches!(self.last_hello(), Some(Verb::Ehlo | Verb::Lhlo));
        !self.reused && extended && self.channel == Channel::Clear && self.greeted()
    }

    /// The needs that HELO does not meet, on this connection or on one that is secured like it.
    pub(super) fn needs_beyond_helo(&self, task: &Task) -> Needs {
        let is_met = |need: &Need| match need {
            Need::Tls => self.channel != Channel::Clear,
            Need::VerifiedTls => self.channel == Channel::Verified,
            _ => false,
        };
        let needs = task.needs.iter().filter(|need| !is_met(need)).fold(Needs::NONE, Needs::with);
        match self.channel {
            // A server that was not verified does not count.
            Channel::Unverified if needs.contains(Need::RequireTls) => needs.with(Need::VerifiedTls),
            _ => needs,
        }
    }

    /// A handshake has completed: what was said before it does not count.
    pub(super) fn secured(&mut self, version: TlsVersion, is_verified: bool, can_bind: bool) {
        let after_starttls = self.said(Verb::StartTls);
        self.channel = if is_verified { Channel::Verified } else { Channel::Unverified };
        (self.version, self.can_bind) = (Some(version), can_bind);
        self.in_clear = after_starttls.then_some(self.offers.clone());
        self.offers = Offers::default();
        self.replies.clear();
        if after_starttls {
            // As if the server had just greeted the client.
            self.exchanges.clear();
            self.push_greeting(Some(220));
        }
    }

    /// What a report must say about TLS.
    pub(super) fn tls_fact(&self) -> TlsFact {
        if let (Some(carried), true) = (self.carried, self.reused) {
            return carried;
        }
        let refused = self.find(Verb::StartTls).filter(|starttls| starttls.refused());
        match (self.version, refused.and_then(super::exchange::Exchange::code)) {
            (Some(version), _) => TlsFact::Secured { version, is_verified: self.channel == Channel::Verified },
            (None, Some(code)) => TlsFact::Refused(code),
            (None, None) => {
                let wished = matches!(self.plan.wish, Wish::IfOffered | Wish::StartTls);
                let missing = wished && self.is_clear_after_hello() && !self.offers.starttls;
                if missing { TlsFact::NotOffered } else { TlsFact::None }
            }
        }
    }
}

//! The parameters of RCPT.

use alloc::{string::ToString, vec::Vec};

use super::{notification::Notify, original_recipient::OriginalRecipient, other::Parameter};
use crate::capabilities::Capabilities;

/// The parameters of RCPT. Each is allowed only if the server offers its extension.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct RcptParameters {
    pub(crate) notify: Option<Notify>,
    pub(crate) original_recipient: Option<OriginalRecipient>,
    pub(crate) others: Vec<Parameter>,
    is_utf8: bool,
}

impl RcptParameters {
    /// No parameters.
    pub const NONE: &'static Self = &Self::new();

    /// No parameters.
    pub const fn new() -> Self {
        Self { notify: None, original_recipient: None, others: Vec::new(), is_utf8: false }
    }

    /// The same, with `NOTIFY=` (RFC 3461 section 4.1), or without it.
    #[must_use]
    pub const fn with_notify(mut self, notify: Option<Notify>) -> Self {
        self.notify = notify;
        self
    }

    /// The same, with `ORCPT=` (RFC 3461 section 4.2).
    #[must_use]
    pub fn with_original_recipient(mut self, original: OriginalRecipient) -> Self {
        self.original_recipient = Some(original);
        self
    }

    /// The same, with one more parameter, of another extension.
    #[must_use]
    pub fn with_parameter(mut self, parameter: Parameter) -> Self {
        self.others.push(parameter);
        self
    }

    /// The same. `is_utf8`: whether MAIL has SMTPUTF8, so that `ORCPT=` may be UTF-8 (RFC 6533 section 3).
    #[must_use]
    pub const fn with_utf8(mut self, is_utf8: bool) -> Self {
        self.is_utf8 = is_utf8;
        self
    }

    /// When to notify the sender, if that is said.
    pub const fn notify(&self) -> Option<Notify> {
        self.notify
    }

    /// The recipient that the sender named, if it is said.
    pub const fn original_recipient(&self) -> Option<&OriginalRecipient> {
        self.original_recipient.as_ref()
    }

    /// The parameters of other extensions.
    pub fn parameters(&self) -> &[Parameter] {
        &self.others
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.notify.is_none() && self.original_recipient.is_none() && self.others.is_empty()
    }

    /// Those that a server with these offers is sent. `is_plain`: without those that the message can do without.
    pub(crate) fn fitting(&self, offered: &Capabilities, is_plain: bool, is_utf8: bool) -> Self {
        let is_dsn = offered.dsn && !is_plain;
        Self {
            notify: self.notify.filter(|_| is_dsn),
            original_recipient: self.original_recipient.clone().filter(|_| is_dsn),
            others: self.others.clone(),
            is_utf8,
        }
    }

    pub(crate) const fn asks_for_dsn(&self) -> bool {
        self.notify.is_some() || self.original_recipient.is_some()
    }

    /// Whether the sender must not be notified. A server that cannot promise that must not get the recipient.
    pub(crate) fn forbids_notification(&self) -> bool {
        self.notify.is_some_and(Notify::is_never)
    }

    /// Whether there is a parameter that the recipient can do without. ORCPT is not dropped alone.
    pub(crate) fn has_optional(&self) -> bool {
        self.asks_for_dsn() && !self.forbids_notification()
    }

    /// Not inlined, so that the usual commands, which have none of these, save fewer registers.
    #[inline(never)]
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        if let Some(notify) = self.notify {
            out.extend_from_slice(b" NOTIFY=");
            out.extend_from_slice(notify.to_string().as_bytes());
        }
        if let Some(original) = &self.original_recipient {
            out.extend_from_slice(b" ORCPT=");
            original.encode(self.is_utf8, out);
        }
        self.others.iter().for_each(|other| other.encode(out));
    }
}

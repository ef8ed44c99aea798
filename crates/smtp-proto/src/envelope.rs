//! The envelope of a message: sender, recipients, and what the message needs from a server.

use alloc::{boxed::Box, vec::Vec};
use core::fmt;

use crate::{
    address::{ForwardPath, ReversePath},
    needs::{Need, Needs},
    parameters::{DeliverBy, EnvelopeId, Late, Parameter, RcptParameters, Return, Submitter},
    recipient::Recipient,
    requests::Requests,
};

/// The longest command line without extensions, CR LF included, in octets (RFC 5321 section 4.5.3.1.4). The parameters
/// that this crate knows have room of their own.
const COMMAND_LINE: usize = 512;

/// The envelope of a message: one sender, at least one recipient, and facts about the content.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Envelope {
    reverse_path: ReversePath,
    forward_paths: Box<[ForwardPath]>,
    body: Body,
    size: Option<Size>,
    needs: Needs,
    requests: Option<Box<Requests>>,
}

/// The size of the content in octets, as RFC 1870 section 6 counts them: each line end counts as two octets; doubled
/// dots and the final dot do not count.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "a size is either enforced or not")]
pub enum Size {
    /// Exactly this many octets. Content that turns out to have more or fewer is not sent to its end.
    Exact(u64),
    /// About this many octets (RFC 1870 section 5). Declared to the server, but not enforced.
    Estimate(u64),
}

impl Size {
    /// The number of octets, exact or estimated.
    pub const fn octets(self) -> u64 {
        match self {
            Self::Exact(octets) | Self::Estimate(octets) => octets,
        }
    }
}

/// Which octets the content may have (RFC 6152 section 3, RFC 3030 section 3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Body {
    /// Octets from 1 to 127. Content that turns out to have another is not sent to its end.
    #[default]
    SevenBit,
    /// Any octets, in lines.
    EightBit,
    /// Any octets, sent exactly as they are. Needs a server with CHUNKING and BINARYMIME.
    Binary,
}

/// Why an envelope is not valid.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// There is no recipient.
    NoRecipients,
    /// MAIL or RCPT would be longer than 512 octets, without the parameters that this crate knows (RFC 5321 section
    /// 4.5.3.1.4).
    LineTooLong,
    /// A command would have the same parameter twice.
    Repeated,
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRecipients => "an envelope needs at least one recipient",
            Self::LineTooLong => "a command with its parameters would be longer than 512 octets",
            Self::Repeated => "a command would have the same parameter twice",
        })
    }
}

impl core::error::Error for EnvelopeError {}

impl Envelope {
    /// An envelope for 7-bit content of unknown size, with the recipients in this order.
    pub fn new(reverse_path: ReversePath, forward_paths: Vec<ForwardPath>) -> Result<Self, EnvelopeError> {
        if forward_paths.is_empty() {
            return Err(EnvelopeError::NoRecipients);
        }
        let ascii = reverse_path.as_str().is_ascii() && forward_paths.iter().all(|path| path.as_str().is_ascii());
        let needs = if ascii { Needs::NONE } else { Needs::NONE.with(Need::Smtputf8) };
        let forward_paths = forward_paths.into();
        Ok(Self { reverse_path, forward_paths, body: Body::SevenBit, size: None, needs, requests: None })
    }

    /// The same for recipients with parameters.
    pub fn for_recipients(reverse_path: ReversePath, recipients: Vec<Recipient>) -> Result<Self, EnvelopeError> {
        for recipient in &recipients {
            check_line("RCPT TO:<>\r\n", recipient.path.as_str(), &recipient.parameters.others)?;
        }
        let asks = recipients.iter().any(|recipient| !recipient.parameters.is_empty());
        let (paths, rcpts): (Vec<_>, Vec<_>) =
            recipients.into_iter().map(|recipient| (recipient.path, recipient.parameters)).unzip();
        let mut envelope = Self::new(reverse_path, paths)?;
        if asks {
            envelope.requests = Some(Box::new(Requests { rcpts, ..Requests::default() }));
        }
        Ok(envelope)
    }

    /// The envelope of a probe: it has no recipients.
    pub(crate) fn nobody() -> Self {
        Self {
            reverse_path: ReversePath::Null,
            forward_paths: Box::default(),
            body: Body::SevenBit,
            size: None,
            needs: Needs::NONE,
            requests: None,
        }
    }

    /// The same, with another [`body`](Self::body).
    #[must_use]
    pub const fn with_body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// The same, with the size of the content. It is declared to servers that offer SIZE; at a server with a lower
    /// limit, the message fails without being sent. An exact size is also enforced.
    #[must_use]
    pub const fn with_size(mut self, size: Size) -> Self {
        self.size = Some(size);
        self
    }

    /// The same, with one more need: the message must not be sent to a server that does not meet it.
    #[must_use]
    pub const fn requiring(mut self, need: Need) -> Self {
        self.needs = self.needs.with(need);
        self
    }

    /// The same, with what a notification returns (RFC 3461 section 4.3). Dropped if the server does not offer DSN,
    /// which the report says.
    #[must_use]
    pub fn with_return(mut self, returned: Return) -> Self {
        self.requests_mut().mail.returned = Some(returned);
        self
    }

    /// The same, with the name by which the sender recognizes a notification (RFC 3461 section 4.4). Dropped if the
    /// server does not offer DSN, which the report says.
    #[must_use]
    pub fn with_envelope_id(mut self, id: EnvelopeId) -> Self {
        self.requests_mut().mail.envelope_id = Some(id);
        self
    }

    /// The same, with a time limit for the delivery (RFC 2852). If late messages are to be returned, the message
    /// [needs](Need::DeliverBy) DELIVERBY. If the sender is only to be notified, the limit is dropped at a server that
    /// does not offer it, which the report says.
    #[must_use]
    pub fn with_deliver_by(mut self, limit: DeliverBy) -> Self {
        self.requests_mut().mail.deliver_by = Some(limit);
        match limit.late() {
            Late::Return => self.requiring(Need::DeliverBy),
            Late::Notify => self,
        }
    }

    /// The same, with who submitted the message (RFC 4954 section 5). Servers that do not offer AUTH are not told.
    #[must_use]
    pub fn with_submitter(mut self, submitter: Submitter) -> Self {
        self.requests_mut().mail.submitter = Some(submitter);
        self
    }

    /// The same, with one more parameter of MAIL. The message [needs](Need::Parameter) its extension.
    pub fn with_parameter(mut self, parameter: Parameter) -> Result<Self, EnvelopeError> {
        self.requests_mut().mail.others.push(parameter);
        let others = self.requests.as_ref().map_or(&[][..], |requests| &requests.mail.others);
        check_line("MAIL FROM:<>\r\n", self.reverse_path.as_str(), others)?;
        Ok(self.requiring(Need::Parameter))
    }

    /// The same, but the server is only asked whether it would accept the message: with MAIL and RCPT, and then RSET.
    /// Nothing is sent. A recipient that the server would accept is reported as deferred, with its reply as the cause;
    /// see [`Verification`](crate::Verification).
    #[must_use]
    pub fn as_inquiry(mut self) -> Self {
        self.requests_mut().is_inquiry = true;
        self
    }

    /// Whether the server is [only asked](Self::as_inquiry).
    pub fn is_inquiry(&self) -> bool {
        self.requests.as_ref().is_some_and(|requests| requests.is_inquiry)
    }

    fn requests_mut(&mut self) -> &mut Requests {
        self.requests.get_or_insert_default()
    }

    /// What the envelope asks for beyond its addresses; `None` if nothing.
    pub(crate) fn requests(&self) -> Option<&Requests> {
        self.requests.as_deref()
    }

    /// Whether there are parameters of extensions that this crate does not know, so that all keywords must be kept.
    pub(crate) fn needs_keywords(&self) -> bool {
        self.requests().is_some_and(Requests::need_keywords)
    }

    /// What notifications return, if that was given.
    pub fn returned(&self) -> Option<Return> {
        self.requests.as_ref()?.mail.returned
    }

    /// The name by which the sender recognizes a notification, if it was given.
    pub fn envelope_id(&self) -> Option<&EnvelopeId> {
        self.requests.as_ref()?.mail.envelope_id.as_ref()
    }

    /// The time limit, if there is one.
    pub fn deliver_by(&self) -> Option<DeliverBy> {
        self.requests.as_ref()?.mail.deliver_by
    }

    /// Who submitted the message, if that was given.
    pub fn submitter(&self) -> Option<&Submitter> {
        self.requests.as_ref()?.mail.submitter.as_ref()
    }

    /// The additional parameters of MAIL.
    pub fn parameters(&self) -> &[Parameter] {
        self.requests.as_ref().map_or(&[], |requests| &requests.mail.others)
    }

    /// The parameters of RCPT for the recipient with this index.
    pub fn rcpt_parameters(&self, index: usize) -> &RcptParameters {
        self.requests.as_ref().and_then(|requests| requests.rcpt(index)).unwrap_or(RcptParameters::NONE)
    }

    /// The sender.
    pub const fn reverse_path(&self) -> &ReversePath {
        &self.reverse_path
    }

    /// The recipients, in the order they were given. Reports keep this order.
    pub fn forward_paths(&self) -> &[ForwardPath] {
        &self.forward_paths
    }

    /// Which octets the content may have.
    pub const fn body(&self) -> Body {
        self.body
    }

    /// The size of the content, if it was given.
    pub const fn size(&self) -> Option<Size> {
        self.size
    }

    /// What the envelope needs from a server, whatever the policy. 8-bit and binary content are not among its needs;
    /// see [`Config::needs`](crate::Config::needs).
    pub const fn needs(&self) -> Needs {
        self.needs
    }
}

/// Checks a command that consists of `fixed`, this path and these parameters.
fn check_line(fixed: &str, path: &str, others: &[Parameter]) -> Result<(), EnvelopeError> {
    let is_repeated = |(at, parameter): (usize, &Parameter)| {
        let before = others.iter().take(at);
        before.into_iter().any(|other| other.keyword().eq_ignore_ascii_case(parameter.keyword()))
    };
    if others.iter().enumerate().any(is_repeated) {
        return Err(EnvelopeError::Repeated);
    }
    let lengths = others.iter().map(Parameter::len).fold(0, usize::saturating_add);
    let len = fixed.len().saturating_add(path.len()).saturating_add(lengths);
    if len > COMMAND_LINE { Err(EnvelopeError::LineTooLong) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn parameter(keyword: &str, len: usize) -> Parameter {
        Parameter::new("X", keyword, Some(&"v".repeat(len))).unwrap()
    }

    #[test]
    fn a_command_that_would_be_too_long_or_ambiguous_cannot_be_built() {
        let envelope = Envelope::new("a@b".parse().unwrap(), vec![ForwardPath::Postmaster]).unwrap();
        let fixed = "MAIL FROM:<a@b> P=\r\n".len();
        assert!(envelope.clone().with_parameter(parameter("P", 512 - fixed)).is_ok());
        assert_eq!(envelope.clone().with_parameter(parameter("P", 513 - fixed)), Err(EnvelopeError::LineTooLong));
        let once = envelope.with_parameter(parameter("P", 1)).unwrap();
        assert_eq!(once.with_parameter(parameter("p", 2)), Err(EnvelopeError::Repeated));
        let rcpt = |len| Recipient::new(ForwardPath::Postmaster).with_parameter(parameter("P", len));
        let fixed = "RCPT TO:<postmaster> P=\r\n".len();
        let with = |recipient| Envelope::for_recipients(ReversePath::Null, vec![recipient]);
        assert!(with(rcpt(512 - fixed)).is_ok());
        assert_eq!(with(rcpt(513 - fixed)), Err(EnvelopeError::LineTooLong));
        assert_eq!(with(rcpt(1).with_parameter(parameter("P", 1))), Err(EnvelopeError::Repeated));
    }

    #[test]
    fn an_envelope_without_parameters_holds_none() {
        let recipient = Recipient::new(ForwardPath::Postmaster);
        let plain = Envelope::new(ReversePath::Null, vec![ForwardPath::Postmaster]).unwrap();
        assert_eq!(Envelope::for_recipients(ReversePath::Null, vec![recipient]), Ok(plain.clone()));
        assert!(plain.requests().is_none());
    }
}

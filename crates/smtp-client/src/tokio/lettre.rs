//! Messages that were built with lettre.

use std::{error::Error, fmt};

use ::lettre::Message;
use smtp_proto::{AddressError, Envelope, EnvelopeError, ForwardPath, Mailbox, ReversePath};

use super::{Mailer, PoolError, Summary};

/// Why a message of lettre was not sent, if not for a reason in the summary.
#[derive(Debug)]
#[non_exhaustive]
pub enum MessageError {
    /// An address that SMTP does not allow.
    Address(AddressError),
    /// An envelope that SMTP does not allow.
    Envelope(EnvelopeError),
    /// The pool did not deliver it.
    Pool(PoolError),
}

impl Mailer {
    /// Sends a message to the recipients in its envelope.
    pub async fn send_message(&self, message: &Message) -> Result<Summary, MessageError> {
        let envelope = envelope_of(message)?;
        self.send(envelope, message.formatted()).await.map_err(MessageError::Pool)
    }
}

fn envelope_of(message: &Message) -> Result<Envelope, MessageError> {
    let mailbox = |address: &::lettre::Address| Mailbox::new(address.as_ref()).map_err(MessageError::Address);
    let from = message.envelope().from().map(mailbox).transpose()?;
    let to = message.envelope().to().iter().map(|address| mailbox(address).map(ForwardPath::from));
    let to = to.collect::<Result<_, _>>()?;
    Envelope::new(from.map_or(ReversePath::Null, ReversePath::from), to).map_err(MessageError::Envelope)
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(error) => error.fmt(f),
            Self::Envelope(error) => error.fmt(f),
            Self::Pool(error) => error.fmt(f),
        }
    }
}

impl Error for MessageError {}

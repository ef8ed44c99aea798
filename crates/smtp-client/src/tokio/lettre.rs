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
    ///
    /// Unlike lettre's transports, it returns `Ok` also if the server refused the message, or some of the recipients, or
    /// could not be reached: see the [`Summary`].
    ///
    /// ```no_run
    /// use lettre::Message;
    /// use smtp_client::tokio::Mailer;
    ///
    /// # async fn send(mailer: Mailer) -> Result<(), Box<dyn std::error::Error>> {
    /// let message = Message::builder()
    ///     .from("Alice <alice@example.com>".parse()?)
    ///     .to("bob@example.net".parse()?)
    ///     .subject("hello")
    ///     .body(String::from("hello"))?;
    /// let summary = mailer.send_message(&message).await?;
    /// if !summary.is_delivered() {
    ///     eprintln!("{summary}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
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
            Self::Address(_) => f.write_str("an address is not valid in SMTP"),
            Self::Envelope(_) => f.write_str("the envelope is not valid in SMTP"),
            Self::Pool(_) => f.write_str("the message was not sent"),
        }
    }
}

impl Error for MessageError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Address(error) => Some(error),
            Self::Envelope(error) => Some(error),
            Self::Pool(error) => Some(error),
        }
    }
}

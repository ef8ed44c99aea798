//! Sessions of the peers, from the greeting to QUIT, through their public interfaces.

use std::time::Duration;

use async_smtp::{error::Error as AsyncSmtpError, extension::ClientId as AsyncSmtpName};
use lettre::transport::smtp::{
    Error as LettreError,
    client::{AsyncSmtpConnection, AsyncTokioStream},
    extension::ClientId as LettreName,
};
use mail_send::{
    Credentials, Error as MailSendError, SmtpClient as MailSendClient,
    smtp::{AssertReply, message::Message as MailSendMessage},
};
use tokio::io::{AsyncRead, AsyncWrite, BufReader};

use super::stream::now;

/// lettre's reply.
pub type LettreReply = lettre::transport::smtp::response::Response;
/// async-smtp's reply.
pub type AsyncSmtpReply = async_smtp::response::Response;

/// Why a delivery by a peer failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The server replied with this code.
    Refused(u16),
    /// The connection ended, or what arrived was not a reply.
    Broken,
    /// The client does not send this message to this server.
    NotSent,
}

/// A connected client of a peer that has read the reply to EHLO.
pub trait Client: Sized {
    /// A message with its envelope, in the client's own type.
    type Message<'m>;

    /// Sends one message.
    fn send(&mut self, message: Self::Message<'_>) -> Result<(), Failure>;

    /// Ends the session.
    fn quit(self) -> Result<(), Failure>;
}

/// mail-send.
pub struct MailSend<S: AsyncRead + AsyncWrite>(MailSendClient<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> MailSend<S> {
    /// Reads the greeting and sends EHLO.
    pub fn hello(stream: S, name: &str) -> Result<Self, Failure> {
        let mut client = MailSendClient { stream, timeout: Duration::from_secs(300) };
        now(async {
            client.read().await?.assert_positive_completion()?;
            client.ehlo(name).await
        })?;
        Ok(Self(client))
    }

    /// Reads the greeting, sends EHLO, STARTTLS and EHLO again, and logs in. No handshake takes place.
    pub fn log_in(stream: S, name: &str, credentials: &Credentials<String>) -> Result<Self, Failure> {
        let Self(mut client) = Self::hello(stream, name)?;
        now(async {
            client.cmd("STARTTLS\r\n").await?.assert_positive_completion()?;
            let capabilities = client.ehlo(name).await?;
            client.authenticate(credentials, &capabilities).await.map(drop)
        })?;
        Ok(Self(client))
    }

    /// Writes only the content.
    pub fn content(&mut self, message: &[u8]) {
        now(self.0.write_message(message)).expect("the line accepts all octets");
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client for MailSend<S> {
    type Message<'m> = MailSendMessage<'m>;

    fn send(&mut self, message: Self::Message<'_>) -> Result<(), Failure> {
        now(self.0.send(message))?;
        Ok(())
    }

    fn quit(self) -> Result<(), Failure> {
        Ok(now(self.0.quit())?)
    }
}

impl From<MailSendError> for Failure {
    fn from(error: MailSendError) -> Self {
        match error {
            MailSendError::UnexpectedReply(reply) => Self::Refused(reply.code),
            _ => Self::Broken,
        }
    }
}

/// A message for mail-send.
pub fn for_mail_send<'m>(sender: &'m str, recipients: &'m [String], message: &'m [u8]) -> MailSendMessage<'m> {
    MailSendMessage::new(sender, recipients.iter().map(String::as_str), message)
}

/// lettre.
pub struct Lettre(AsyncSmtpConnection);

impl Lettre {
    /// Reads the greeting and sends EHLO.
    pub fn hello(stream: Box<dyn AsyncTokioStream>, name: &LettreName) -> Result<Self, Failure> {
        Ok(Self(now(AsyncSmtpConnection::connect_with_transport(stream, name))?))
    }

    /// Its name for EHLO.
    pub fn name(name: &str) -> LettreName {
        LettreName::Domain(name.to_owned())
    }

    /// Writes only the content, in pieces, and reads the reply.
    pub fn content<'m>(&mut self, pieces: impl Iterator<Item = &'m [u8]>) {
        now(self.0.message_iter(pieces)).expect("the server accepts it");
    }

    /// Reads one reply.
    pub fn read(&mut self) -> LettreReply {
        now(self.0.read_response()).expect("a reply")
    }
}

impl Client for Lettre {
    type Message<'m> = (&'m lettre::address::Envelope, &'m [u8]);

    fn send(&mut self, (envelope, message): Self::Message<'_>) -> Result<(), Failure> {
        now(self.0.send(envelope, message))?;
        Ok(())
    }

    fn quit(mut self) -> Result<(), Failure> {
        now(self.0.quit())?;
        Ok(())
    }
}

impl From<LettreError> for Failure {
    fn from(error: LettreError) -> Self {
        match error.status() {
            Some(code) => Self::Refused(code.into()),
            None if error.is_client() => Self::NotSent,
            None => Self::Broken,
        }
    }
}

/// An envelope for lettre, which borrows it.
pub fn for_lettre(sender: &str, recipients: &[String]) -> lettre::address::Envelope {
    let recipients = recipients.iter().map(|recipient| recipient.parse().expect("an address")).collect();
    let sender = sender.parse().expect("an address");
    lettre::address::Envelope::new(Some(sender), recipients).expect("a recipient")
}

/// async-smtp.
pub struct AsyncSmtp<S: AsyncRead + AsyncWrite + Unpin>(async_smtp::SmtpTransport<BufReader<S>>);

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncSmtp<S> {
    /// Reads the greeting and sends EHLO.
    pub fn hello(stream: S, name: &str) -> Result<Self, Failure> {
        let client = async_smtp::SmtpClient::new().hello_name(AsyncSmtpName::new(name.to_owned()));
        Ok(Self(now(async_smtp::SmtpTransport::new(client, BufReader::new(stream)))?))
    }

    /// Reads one reply.
    pub fn read(&mut self) -> AsyncSmtpReply {
        now(self.0.get_mut().read_response()).expect("a reply")
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client for AsyncSmtp<S> {
    type Message<'m> = async_smtp::SendableEmail;

    fn send(&mut self, message: Self::Message<'_>) -> Result<(), Failure> {
        now(self.0.send(message))?;
        Ok(())
    }

    fn quit(mut self) -> Result<(), Failure> {
        Ok(now(self.0.quit())?)
    }
}

impl From<AsyncSmtpError> for Failure {
    fn from(error: AsyncSmtpError) -> Self {
        match error {
            AsyncSmtpError::Transient(reply) | AsyncSmtpError::Permanent(reply) => {
                Self::Refused(reply.code.to_string().parse().expect("three digits"))
            }
            _ => Self::Broken,
        }
    }
}

/// A message for async-smtp, which takes ownership of it.
pub fn for_async_smtp(sender: &str, recipients: &[String], message: &[u8]) -> async_smtp::SendableEmail {
    let recipients = recipients.iter().map(|recipient| recipient.parse().expect("an address")).collect();
    let sender = sender.parse().expect("an address");
    let envelope = async_smtp::Envelope::new(Some(sender), recipients).expect("a recipient");
    async_smtp::SendableEmail::new(envelope, message)
}

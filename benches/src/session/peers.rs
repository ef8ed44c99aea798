//! The peers' sessions: each by its public interface, each from the greeting to QUIT.

use std::{borrow::Cow, time::Duration};

use async_smtp::extension::ClientId as AsyncSmtpName;
use io_smtp::{
    coroutine::{SmtpCoroutine, SmtpCoroutineState, SmtpYield},
    message::{SmtpMessageSend, SmtpMessageSendOptions},
    rfc5321::{
        SmtpDomain, SmtpEhloDomain, SmtpForwardPath, SmtpLocalPart, SmtpMailbox, SmtpReversePath, ehlo::SmtpEhlo,
        greeting::SmtpGreetingGet, quit::SmtpQuit,
    },
};
use lettre::transport::smtp::{
    client::{AsyncSmtpConnection, AsyncTokioStream},
    extension::ClientId as LettreName,
};
use mail_send::{SmtpClient as MailSendClient, smtp::AssertReply, smtp::message::Message as MailSendMessage};
use tokio::io::{AsyncRead, AsyncWrite, BufReader};

use super::{server::Line, stream::now};
use crate::inputs;

/// A peer's client: connected, and told what the server offers.
pub trait Client: Sized {
    /// A message with its envelope, as this client takes them.
    type Message;

    /// Sends one message.
    fn send(&mut self, message: Self::Message);

    /// Ends the session.
    fn quit(self);
}

/// mail-send.
pub struct MailSend<S: AsyncRead + AsyncWrite>(MailSendClient<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> MailSend<S> {
    /// Reads the greeting, and says EHLO.
    pub fn hello(stream: S) -> Self {
        let mut client = MailSendClient { stream, timeout: Duration::from_secs(300) };
        now(async {
            client.read().await?.assert_positive_completion()?;
            client.ehlo(inputs::HELLO_NAME).await
        })
        .expect("the server says hello");
        Self(client)
    }

    /// Writes content alone.
    pub fn content(&mut self, message: &[u8]) {
        now(self.0.write_message(message)).expect("the line takes all");
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client for MailSend<S> {
    type Message = MailSendMessage<'static>;

    fn send(&mut self, message: Self::Message) {
        now(self.0.send(message)).expect("the server takes it");
    }

    fn quit(self) {
        now(self.0.quit()).expect("the server says good-bye");
    }
}

/// A message for mail-send.
pub fn for_mail_send(recipients: &'static [String], message: &'static [u8]) -> MailSendMessage<'static> {
    MailSendMessage::new(inputs::SENDER, recipients.iter().map(String::as_str), message)
}

/// lettre.
pub struct Lettre(AsyncSmtpConnection);

impl Lettre {
    /// Reads the greeting, and says EHLO.
    pub fn hello(stream: Box<dyn AsyncTokioStream>, name: &LettreName) -> Self {
        Self(now(AsyncSmtpConnection::connect_with_transport(stream, name)).expect("the server says hello"))
    }

    /// The name it gives.
    pub fn name() -> LettreName {
        LettreName::Domain(inputs::HELLO_NAME.to_owned())
    }

    /// Writes content alone, in pieces, and reads the reply.
    pub fn content<'m>(&mut self, pieces: impl Iterator<Item = &'m [u8]>) {
        now(self.0.message_iter(pieces)).expect("the server takes it");
    }

    /// Reads one reply.
    pub fn read(&mut self) -> crate::reply::LettreReply {
        now(self.0.read_response()).expect("a reply")
    }
}

impl Client for Lettre {
    type Message = (&'static lettre::address::Envelope, &'static [u8]);

    fn send(&mut self, (envelope, message): Self::Message) {
        now(self.0.send(envelope, message)).expect("the server takes it");
    }

    fn quit(mut self) {
        now(self.0.quit()).expect("the server says good-bye");
    }
}

/// An envelope for lettre, which only borrows it.
pub fn for_lettre(recipients: &[String]) -> &'static lettre::address::Envelope {
    let recipients = recipients.iter().map(|recipient| recipient.parse().expect("an address")).collect();
    let sender = inputs::SENDER.parse().expect("an address");
    Box::leak(Box::new(lettre::address::Envelope::new(Some(sender), recipients).expect("a recipient")))
}

/// async-smtp.
pub struct AsyncSmtp<S: AsyncRead + AsyncWrite + Unpin>(async_smtp::SmtpTransport<BufReader<S>>);

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncSmtp<S> {
    /// Reads the greeting, and says EHLO.
    pub fn hello(stream: S) -> Self {
        let client = async_smtp::SmtpClient::new().hello_name(AsyncSmtpName::new(inputs::HELLO_NAME.to_owned()));
        Self(now(async_smtp::SmtpTransport::new(client, BufReader::new(stream))).expect("the server says hello"))
    }

    /// Reads one reply.
    pub fn read(&mut self) -> crate::reply::AsyncSmtpReply {
        now(self.0.get_mut().read_response()).expect("a reply")
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client for AsyncSmtp<S> {
    type Message = async_smtp::SendableEmail;

    fn send(&mut self, message: Self::Message) {
        now(self.0.send(message)).expect("the server takes it");
    }

    fn quit(mut self) {
        now(self.0.quit()).expect("the server says good-bye");
    }
}

/// A message for async-smtp, which takes all of it.
pub fn for_async_smtp(recipients: &[String], message: &[u8]) -> async_smtp::SendableEmail {
    let recipients = recipients.iter().map(|recipient| recipient.parse().expect("an address")).collect();
    let sender = inputs::SENDER.parse().expect("an address");
    let envelope = async_smtp::Envelope::new(Some(sender), recipients).expect("a recipient");
    async_smtp::SendableEmail::new(envelope, message)
}

/// io-smtp, which leaves the loop to its caller as we do.
pub struct IoSmtp<L>(L);

impl<L: Line> IoSmtp<L> {
    /// Reads the greeting, and says EHLO.
    pub fn hello(mut line: L) -> Self {
        line.open();
        run(&mut SmtpGreetingGet::new(), &mut line).expect("a greeting");
        let name = SmtpEhloDomain::SmtpDomain(SmtpDomain(Cow::Borrowed(inputs::HELLO_NAME)));
        run(&mut SmtpEhlo::new(name), &mut line).expect("the server says hello");
        Self(line)
    }
}

impl<L: Line> Client for IoSmtp<L> {
    type Message = IoSmtpMessage;

    fn send(&mut self, IoSmtpMessage { sender, recipients, message }: Self::Message) {
        // Looking for Bcc is left out: nobody else does it here.
        let options = SmtpMessageSendOptions { keep_bcc: true, ..SmtpMessageSendOptions::default() };
        run(&mut SmtpMessageSend::new(sender, recipients, message, options), &mut self.0).expect("the server takes it");
    }

    fn quit(mut self) {
        run(&mut SmtpQuit::new(), &mut self.0).expect("the server says good-bye");
    }
}

/// A message for io-smtp, which takes all of it.
#[derive(Clone, Debug)]
pub struct IoSmtpMessage {
    sender: SmtpReversePath<'static>,
    recipients: Vec<SmtpForwardPath<'static>>,
    message: Vec<u8>,
}

/// A message for io-smtp.
pub fn for_io_smtp(recipients: &[String], message: &[u8]) -> IoSmtpMessage {
    let mailbox = |address: &str| {
        let (local, domain) = address.split_once('@').expect("an address");
        SmtpMailbox {
            local_part: SmtpLocalPart(Cow::Owned(local.to_owned())),
            domain: SmtpEhloDomain::SmtpDomain(SmtpDomain(Cow::Owned(domain.to_owned()))),
        }
    };
    IoSmtpMessage {
        sender: SmtpReversePath::SmtpMailbox(mailbox(inputs::SENDER)),
        recipients: recipients.iter().map(|recipient| SmtpForwardPath(mailbox(recipient))).collect(),
        message: message.to_vec(),
    }
}

fn run<C: SmtpCoroutine<Yield = SmtpYield>>(coroutine: &mut C, line: &mut impl Line) -> C::Return {
    let mut room = [0; 2048];
    let mut len = None;
    loop {
        match coroutine.resume(len.take().map(|len| &room[..len])) {
            SmtpCoroutineState::Yielded(SmtpYield::WantsWrite(octets)) => line.write(&octets),
            SmtpCoroutineState::Yielded(SmtpYield::WantsRead) => len = Some(line.read(&mut room)),
            SmtpCoroutineState::Complete(result) => return result,
        }
    }
}

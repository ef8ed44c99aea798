//! The peers' clients as all groups use them: with one name, one sender, and a server that takes all.

use async_smtp::SendableEmail;
use lettre::{
    address::Envelope,
    transport::smtp::{client::AsyncTokioStream, extension::ClientId},
};
use mail_send::smtp::message::Message;
use smtp_testkit::peers::{self, AsyncSmtp, Client, Lettre, MailSend};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::inputs::{HELLO_NAME, SENDER};

/// mail-send has read the greeting, and said EHLO.
pub fn mail_send<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> MailSend<S> {
    MailSend::hello(stream, HELLO_NAME).expect("the server says hello")
}

/// lettre has.
pub fn lettre(stream: Box<dyn AsyncTokioStream>, name: &ClientId) -> Lettre {
    Lettre::hello(stream, name).expect("the server says hello")
}

/// The name that lettre gives.
pub fn lettre_name() -> ClientId {
    Lettre::name(HELLO_NAME)
}

/// async-smtp has.
pub fn async_smtp<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> AsyncSmtp<S> {
    AsyncSmtp::hello(stream, HELLO_NAME).expect("the server says hello")
}

/// Sends one message.
pub fn send<C: Client>(client: &mut C, message: C::Message<'_>) {
    client.send(message).expect("the server takes it");
}

/// Ends the session.
pub fn quit<C: Client>(client: C) {
    client.quit().expect("the server says good-bye");
}

/// A message for mail-send.
pub fn for_mail_send<'m>(recipients: &'m [String], message: &'m [u8]) -> Message<'m> {
    peers::for_mail_send(SENDER, recipients, message)
}

/// An envelope for lettre, which only borrows it: a benchmark never lets go of it.
pub fn for_lettre(recipients: &[String]) -> &'static Envelope {
    Box::leak(Box::new(peers::for_lettre(SENDER, recipients)))
}

/// A message for async-smtp.
pub fn for_async_smtp(recipients: &[String], message: &[u8]) -> SendableEmail {
    peers::for_async_smtp(SENDER, recipients, message)
}

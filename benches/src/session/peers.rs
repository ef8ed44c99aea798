//! The peers' clients with a fixed name and sender, and a server that accepts everything.

use async_smtp::SendableEmail;
use lettre::{
    address::Envelope,
    transport::smtp::{client::AsyncTokioStream, extension::ClientId},
};
use mail_send::smtp::message::Message;
use smtp_testkit::peers::{self, AsyncSmtp, Client, Lettre, MailSend};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::inputs::{HELLO_NAME, SENDER};

/// A mail-send client that has read the greeting and sent EHLO.
pub fn mail_send<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> MailSend<S> {
    MailSend::hello(stream, HELLO_NAME).expect("the server says hello")
}

/// The same for lettre.
pub fn lettre(stream: Box<dyn AsyncTokioStream>, name: &ClientId) -> Lettre {
    Lettre::hello(stream, name).expect("the server says hello")
}

/// The name for EHLO, in lettre's type.
pub fn lettre_name() -> ClientId {
    Lettre::name(HELLO_NAME)
}

/// The same for async-smtp.
pub fn async_smtp<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> AsyncSmtp<S> {
    AsyncSmtp::hello(stream, HELLO_NAME).expect("the server says hello")
}

/// Sends one message.
pub fn send<C: Client>(client: &mut C, message: C::Message<'_>) {
    client.send(message).expect("the server accepts it");
}

/// Ends the session.
pub fn quit<C: Client>(client: C) {
    client.quit().expect("the server answers QUIT");
}

/// A message for mail-send.
pub fn for_mail_send<'m>(recipients: &'m [String], message: &'m [u8]) -> Message<'m> {
    peers::for_mail_send(SENDER, recipients, message)
}

/// An envelope for lettre, which borrows it. It is leaked, because benchmarks need it until the end.
pub fn for_lettre(recipients: &[String]) -> &'static Envelope {
    Box::leak(Box::new(peers::for_lettre(SENDER, recipients)))
}

/// A message for async-smtp.
pub fn for_async_smtp(recipients: &[String], message: &[u8]) -> SendableEmail {
    peers::for_async_smtp(SENDER, recipients, message)
}

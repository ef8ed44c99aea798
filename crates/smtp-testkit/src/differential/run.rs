//! Plays a script to a client, and records the outcome.

use std::sync::{Arc, OnceLock};

use lettre::transport::smtp::extension::ClientId;
use smtp_proto::{Body, Cause, Config, Delivery, Envelope, HelloName, Status};

use super::{script::Script, server::Server};
use crate::peers::{
    AsyncSmtp, Client, Failure, Lettre, MailSend, Stream, drive, for_async_smtp, for_lettre, for_mail_send,
};

const NAME: &str = "client.example";
const SENDER: &str = "a@client.example";
const RECIPIENTS: [&str; 2] = ["b@example.net", "c@example.net"];

/// Another client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "their names")]
pub enum Peer {
    Lettre,
    MailSend,
    AsyncSmtp,
}

impl Peer {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Lettre, Self::MailSend, Self::AsyncSmtp];
}

/// The outcome for one recipient, as the client reports it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The server accepted the message.
    Delivered,
    /// The message was not sent or not accepted, for this reason.
    Not(Failure),
}

/// What a client did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// The outcome for each recipient.
    pub outcomes: Vec<Outcome>,
    /// The commands sent on each connection.
    pub connections: Vec<Vec<String>>,
    /// The messages that the server received.
    pub messages: Vec<Vec<u8>>,
}

impl Run {
    /// Whether the client reports the message as delivered to at least one recipient.
    pub fn delivered(&self) -> bool {
        self.outcomes.contains(&Outcome::Delivered)
    }

    /// Whether the client reports the message as delivered to every recipient.
    pub fn delivered_to_all(&self) -> bool {
        self.outcomes.iter().all(|outcome| *outcome == Outcome::Delivered)
    }
}

/// Runs our client.
pub fn ours(script: &Arc<Script>) -> Run {
    static FIXED: OnceLock<(Config, [Envelope; 2])> = OnceLock::new();
    let (config, envelopes) = FIXED.get_or_init(|| {
        let paths = RECIPIENTS.map(|recipient| recipient.parse().expect("an address"));
        let envelope = |count: usize| {
            Envelope::new(SENDER.parse().expect("an address"), paths[..count].to_vec()).expect("a recipient")
        };
        (Config::new(HelloName::new(NAME).expect("a name")), [envelope(1), envelope(2)])
    });
    let body = if script.is_eight_bit() { Body::EightBit } else { Body::SevenBit };
    let envelope = envelopes[script.recipients - 1].clone().with_body(body);
    let mut delivery = Delivery::new(config.clone(), envelope);
    let mut server = Server::new(Arc::clone(script));
    drive(&mut delivery, &script.content, &mut server);
    let outcome = |status, cause| match (status, cause) {
        (Status::Delivered, _) => Outcome::Delivered,
        (_, Cause::Reply(reply)) => Outcome::Not(Failure::Refused(reply.code().get())),
        (_, Cause::Needs { .. }) => Outcome::Not(Failure::NotSent),
        (_, Cause::Connections) => Outcome::Not(Failure::Broken),
        (_, other) => panic!("nothing here leads to {other}"),
    };
    let outcomes = delivery.report().recipients().map(|recipient| outcome(recipient.status, recipient.cause)).collect();
    told(outcomes, &server)
}

/// Runs a peer. Call it inside a runtime with a clock: [`with_clock`](crate::peers::with_clock).
pub fn theirs(peer: Peer, script: &Arc<Script>) -> Run {
    static FIXED: OnceLock<([Vec<String>; 2], [lettre::address::Envelope; 2], ClientId)> = OnceLock::new();
    let (recipients, envelopes, name) = FIXED.get_or_init(|| {
        let recipients = [1, 2].map(|count| RECIPIENTS[..count].iter().map(|&to| to.to_owned()).collect::<Vec<_>>());
        let envelopes = [0, 1].map(|index| for_lettre(SENDER, &recipients[index]));
        (recipients, envelopes, Lettre::name(NAME))
    });
    let index = script.recipients - 1;
    let server = Server::new(Arc::clone(script));
    let stream = Stream::new(server.clone());
    let recipients = &recipients[index];
    let sent = match peer {
        Peer::Lettre => Lettre::hello(Box::new(stream), name)
            .and_then(|client| send(client, (&envelopes[index], script.content.as_slice()))),
        Peer::MailSend => MailSend::hello(stream, NAME)
            .and_then(|client| send(client, for_mail_send(SENDER, recipients, &script.content))),
        Peer::AsyncSmtp => AsyncSmtp::hello(stream, NAME)
            .and_then(|client| send(client, for_async_smtp(SENDER, recipients, &script.content))),
    };
    let outcome = match sent {
        Ok(()) => Outcome::Delivered,
        Err(failure) => Outcome::Not(failure),
    };
    told(vec![outcome; script.recipients], &server)
}

fn send<C: Client>(mut client: C, message: C::Message<'_>) -> Result<(), Failure> {
    client.send(message)?;
    // The message is delivered, even if QUIT fails.
    let _ = client.quit();
    Ok(())
}

fn told(outcomes: Vec<Outcome>, server: &Server) -> Run {
    let mut played = server.played();
    let (connections, messages) = (std::mem::take(&mut played.connections), std::mem::take(&mut played.messages));
    Run { outcomes, connections, messages }
}

//! A server that misbehaves on EHLO and accepts the message on the second connection: a scenario of `play`.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use smtp_testkit::{sasl::PASSWORD, server::Listeners};

use super::arguments::Fault;
use crate::play::{
    conversation::{Conversation, Sent},
    scenario::Scenario,
    server,
};

/// How long to wait for the server once the client is done.
const LONGEST: Duration = Duration::from_secs(5);

/// The server, on a separate thread that ends with the program.
pub(super) struct FaultyServer {
    conversations: Receiver<Conversation>,
}

/// Lets clients in.
pub(super) struct Door {
    clients: Sender<SocketAddr>,
}

/// A message as the server received it, with dot-stuffing removed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Received {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) content: String,
}

impl FaultyServer {
    /// Starts a server on a free port of loopback. `fault` happens on its first connection.
    pub(super) fn start(fault: Fault) -> io::Result<(Self, Door, SocketAddr)> {
        let scenario = Scenario::load(match fault {
            Fault::Closed => "ehlo-closed",
            Fault::Reset => "ehlo-reset",
            Fault::MidReply => "ehlo-closed-in-reply",
            Fault::AfterReply => "ehlo-answered-then-closed",
            Fault::Refused => "ehlo-500-closed",
            Fault::Starttls => "starttls-closed",
            Fault::InTls => "starttls-ehlo-closed",
            Fault::Injected => "starttls-injected",
        })
        .map_err(io::Error::other)?;
        let listeners = Listeners::bind(1)?;
        let address = listeners.addresses()[0];
        let (clients, own_clients) = channel();
        let (sender, conversations) = channel();
        thread::Builder::new().name("faulty-server".into()).spawn(move || {
            for (acts, client) in scenario.acts.connections.iter().zip(own_clients) {
                // Any other client that finds the port is turned away.
                let link = loop {
                    let Ok(Some((link, _))) = listeners.accept(Duration::MAX, || false) else { return };
                    if link.client().is_ok_and(|other| other == client) {
                        break link;
                    }
                };
                let seen = Mutex::default();
                server::serve(link, Some(acts), PASSWORD, &seen);
                // If the client was interrupted, the receiver is gone.
                let _ = sender.send(seen.into_inner().unwrap_or_else(PoisonError::into_inner));
            }
        })?;
        Ok((Self { conversations }, Door { clients }, address))
    }

    /// The message, if it arrived.
    pub(super) fn received(&self) -> Option<Received> {
        std::iter::from_fn(|| self.conversations.recv_timeout(LONGEST).ok()).find_map(|seen| Received::of(&seen))
    }
}

impl Door {
    /// Serves the client with this address next.
    pub(super) fn expect(&self, client: SocketAddr) {
        // If the server has failed, the report says so.
        let _ = self.clients.send(client);
    }
}

impl Received {
    /// The message of a conversation, if a whole one was sent.
    fn of(conversation: &Conversation) -> Option<Self> {
        let mut received = Self::default();
        for exchange in &conversation.exchanges {
            match &exchange.sent {
                Sent::Command(line) => {
                    let line = String::from_utf8_lossy(line);
                    match exchange.verb().as_deref() {
                        Some("MAIL") => path(&line).clone_into(&mut received.from),
                        Some("RCPT") => path(&line).clone_into(&mut received.to),
                        _ => {}
                    }
                }
                Sent::Content { octets, complete: true } => {
                    let text = String::from_utf8_lossy(octets);
                    let plain = text.split_inclusive('\n').map(|line| line.strip_prefix('.').unwrap_or(line));
                    received.content = plain.collect();
                    return Some(received);
                }
                Sent::Content { .. } => {}
            }
        }
        None
    }
}

/// The path of `MAIL FROM:<path> parameters`.
fn path(line: &str) -> &str {
    line.split_once(':').map_or("", |(_, path)| path.split(' ').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{io::Read, net::TcpStream};

    #[test]
    fn a_client_that_is_not_expected_is_turned_away() {
        let (_server, door, address) = FaultyServer::start(Fault::Closed).unwrap();
        let mut other = TcpStream::connect(address).unwrap();
        let mut own = TcpStream::connect(address).unwrap();
        door.expect(own.local_addr().unwrap());
        let mut greeting = [0; 4];
        own.read_exact(&mut greeting).unwrap();
        assert_eq!(&greeting, b"220 ");
        assert_eq!(other.read(&mut greeting).unwrap_or(0), 0);
    }
}

//! The load that a peer's program generates: one message, many times, over several connections.

use std::{env, fs, net::SocketAddr, num::NonZeroUsize};

use crate::inputs;

/// The arguments of a program: `[--recipients N] SERVER CONNECTIONS MESSAGES each|kept FILE [CA_FILE]`.
#[derive(Debug)]
pub struct Load {
    /// The address of the server.
    pub server: SocketAddr,
    /// The number of concurrent connections.
    pub connections: NonZeroUsize,
    /// How many times to send the message.
    pub messages: usize,
    /// Whether connections are kept between messages.
    pub kept: bool,
    /// The recipients of each message.
    pub recipients: Vec<String>,
    /// The message.
    pub content: Vec<u8>,
    /// The CA certificate to trust, in PEM. With it, TLS is used from the start.
    pub authority: Option<Vec<u8>>,
}

impl Load {
    /// Reads the arguments of the program, the message and the CA certificate.
    ///
    /// # Panics
    ///
    /// If the arguments are invalid.
    pub fn from_arguments() -> Self {
        let arguments: Vec<String> = env::args().skip(1).collect();
        let (recipients, rest) = match &arguments[..] {
            [option, count, rest @ ..] if option == "--recipients" => {
                (several(count.parse().expect("a number of recipients")), rest)
            }
            rest => (vec![inputs::RECIPIENT.to_owned()], rest),
        };
        let [server, connections, messages, kept, file, authority @ ..] = rest else {
            panic!("usage: [--recipients N] SERVER CONNECTIONS MESSAGES each|kept FILE [CA_FILE]");
        };
        Self {
            server: server.parse().expect("an address and a port"),
            connections: connections.parse().expect("a number of connections"),
            messages: messages.parse().expect("a number of messages"),
            kept: match kept.as_str() {
                "each" => false,
                "kept" => true,
                _ => panic!("expected each or kept"),
            },
            recipients,
            content: fs::read(file).expect("a message"),
            authority: authority.first().map(|file| fs::read(file).expect("a CA certificate")),
        }
    }
}

/// `to1@example.net` and so on.
fn several(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("to{number}@example.net")).collect()
}

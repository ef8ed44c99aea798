//! The load that a peer's program generates: one message, many times, over several connections.

use std::{env, net::SocketAddr, num::NonZeroUsize};

/// The arguments of a program: `SERVER CONNECTIONS MESSAGES each|kept FILE`.
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
    /// The message.
    pub content: Vec<u8>,
}

impl Load {
    /// Reads the arguments of the program, and the message.
    ///
    /// # Panics
    ///
    /// If the arguments are invalid.
    pub fn from_arguments() -> Self {
        let arguments: Vec<String> = env::args().skip(1).collect();
        let [server, connections, messages, kept, file] = &arguments[..] else {
            panic!("usage: SERVER CONNECTIONS MESSAGES each|kept FILE");
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
            content: std::fs::read(file).expect("a message"),
        }
    }
}

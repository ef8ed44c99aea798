//! The load that a program generates: one message, many times, over several connections.
#![allow(clippy::missing_panics_doc, reason = "a program for measuring panics if anything fails")]

pub mod lettre;

use std::{
    env, fs,
    net::SocketAddr,
    num::NonZeroUsize,
    sync::atomic::{AtomicUsize, Ordering},
};

use tokio::{runtime::Builder, task::JoinSet};

/// The sender of all messages.
pub const SENDER: &str = "sender@example.com";

/// The client's name for EHLO.
pub const HELLO_NAME: &str = "client.example";

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
    taken: AtomicUsize,
}

/// Runs a client on tokio. All of them use one thread, as smtp-forward does.
pub fn block_on(client: impl Future<Output = ()>) {
    Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(client);
}

impl Load {
    /// Reads the arguments of the program, the message and the CA certificate.
    pub fn from_arguments() -> Self {
        let arguments: Vec<String> = env::args().skip(1).collect();
        let (recipients, rest) = match &arguments[..] {
            [option, count, rest @ ..] if option == "--recipients" => {
                (several(count.parse().expect("a number of recipients")), rest)
            }
            rest => (vec!["recipient@example.com".to_owned()], rest),
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
            taken: AtomicUsize::new(0),
        }
    }

    /// Whether there is another message to send, which the caller then sends.
    pub fn take(&self) -> bool {
        self.taken.fetch_add(1, Ordering::Relaxed) < self.messages
    }

    /// Runs a task for each connection, and waits until all have ended.
    pub async fn run_tasks<T: Future<Output = ()> + Send + 'static>(&self, task: impl Fn() -> T) {
        let mut tasks: JoinSet<()> = (0..self.connections.get()).map(|_| task()).collect();
        while let Some(ended) = tasks.join_next().await {
            ended.expect("every task ends");
        }
    }
}

/// `to1@example.net` and so on.
fn several(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("to{number}@example.net")).collect()
}

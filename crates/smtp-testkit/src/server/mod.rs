//! Scripted servers on loopback, which play the server's side of a transcript over real sockets.
//!
//! [`Server`] plays a whole transcript on its own thread. [`Scripted`] plays one action at a time, for callers
//! that act in between, such as the conformance kit. [`loose`] compares only the start of each line of the
//! client, and can wait for the test. All of them are built from [`Link`] and [`Listeners`].

mod link;
mod listeners;
pub mod loose;
mod scripted;
pub mod tls;

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::{player::Mismatch, transcript::Transcript};

pub use link::{Got, Link, Writes};
pub use listeners::Listeners;
pub use scripted::{Difference, Scripted};

/// How long a server waits for a client that does nothing.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server on its own thread.
///
/// ```
/// use std::{io::{Read, Write}, net::TcpStream, path::Path};
/// use smtp_testkit::{server::{Server, Writes}, transcript::Transcript};
///
/// let transcript = Transcript::parse("-- connect\nS: 554 No\nC: QUIT\n-- close\n-- done", Path::new("")).unwrap();
/// let server = Server::start(transcript, Writes::Whole).unwrap();
/// let mut client = TcpStream::connect(server.address()).unwrap();
/// client.write_all(b"QUIT\r\n").unwrap();
/// let mut heard = String::new();
/// client.read_to_string(&mut heard).unwrap();
/// assert_eq!(heard, "554 No\r\n");
/// drop(client);
/// server.finish().unwrap();
/// ```
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    thread: JoinHandle<Result<(), Box<Mismatch>>>,
}

impl Server {
    /// Starts a server on a free loopback port that plays `transcript`.
    pub fn start(transcript: Transcript, writes: Writes) -> io::Result<Self> {
        let scripted = Scripted::new(Listeners::bind(1)?, writes, PATIENCE);
        let address = scripted.addresses()[0];
        let over = Arc::<AtomicBool>::default();
        let stop = Arc::clone(&over);
        let thread = thread::Builder::new()
            .name("scripted-server".into())
            .spawn(move || play(scripted, &transcript, &stop).map_err(Box::new))?;
        Ok(Self { address, over, thread })
    }

    /// The address of the server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the end of the transcript, and returns the first mismatch. Call it when the client is done:
    /// the server does not wait for further connections.
    ///
    /// # Panics
    ///
    /// If the server's thread panicked.
    pub fn finish(self) -> Result<(), Box<Mismatch>> {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().expect("the server does not panic")
    }
}

fn play(mut scripted: Scripted, transcript: &Transcript, over: &AtomicBool) -> Result<(), Mismatch> {
    for item in &transcript.script {
        if let Err(difference) = scripted.act(&item.action, || over.load(Ordering::Relaxed)) {
            return Err(difference.in_line(item, scripted.log()));
        }
    }
    if scripted.one_too_many() {
        let line = transcript.script.last().map_or(0, |item| item.line);
        let what = "the client opens another connection".to_owned();
        return Err(Mismatch { line, what, conversation: scripted.log().to_owned() });
    }
    Ok(())
}

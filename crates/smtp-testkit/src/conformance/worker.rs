//! Runs a driver on its own thread, so that a driver that never returns fails its play but does not hang
//! the test.

use std::{
    io::{self, Read, Seek, SeekFrom},
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::Duration,
};

use smtp_proto::Config;

use super::driver::{Driver, Job, Summary};
use crate::transcript::Message;

/// What the driver should do.
pub(super) enum Command {
    Deliver(Vec<SocketAddr>, Box<Config>, Message),
    DeliverNext(Message),
    Quit,
}

/// A handle to the driver's thread.
pub(super) struct Worker {
    commands: Sender<Command>,
    answers: Receiver<Result<Summary, String>>,
    answer: Option<Result<Summary, String>>,
    /// Octets of the content that the driver has read.
    taken: Arc<AtomicUsize>,
}

impl Worker {
    pub(super) fn start<D: Driver + 'static>(make: Arc<dyn Fn() -> D + Send + Sync>) -> io::Result<Self> {
        let (commands, to_do) = channel();
        let (done, answers) = channel();
        let taken = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&taken);
        thread::Builder::new().name("driver".into()).spawn(move || {
            let mut driver = make();
            for command in to_do {
                let ran = catch_unwind(AssertUnwindSafe(|| run(&mut driver, command, &counted)));
                let answer = ran.map_err(|panic| {
                    let text = panic.downcast_ref::<String>().map(String::as_str);
                    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
                    format!("the driver panics: {}", text.unwrap_or("without a message"))
                });
                // The kit has given up on this driver.
                if done.send(answer).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { commands, answers, answer: None, taken })
    }

    pub(super) fn command(&mut self, command: Command) {
        self.answer = None;
        // If the driver has panicked, that is already its answer.
        let _ = self.commands.send(command);
    }

    /// Whether the driver has returned.
    pub(super) fn is_done(&mut self) -> bool {
        if self.answer.is_none() {
            self.answer = self.answers.try_recv().ok();
        }
        self.answer.is_some()
    }

    /// Waits up to `limit` for the driver to return.
    pub(super) fn summary(&mut self, limit: Duration) -> Result<Summary, String> {
        let answer = self.answer.take().map_or_else(|| self.answers.recv_timeout(limit), Ok);
        match answer {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => Err("the driver does not return".into()),
            Err(RecvTimeoutError::Disconnected) => Err("the driver's thread has ended".into()),
        }
    }

    /// Octets of the content that the driver has read.
    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

fn run(driver: &mut impl Driver, command: Command, taken: &AtomicUsize) -> Summary {
    let counted = |content| Counted { content, at: 0, taken };
    match command {
        Command::Deliver(servers, config, message) => {
            let config = *config;
            let Message { envelope, content } = message;
            driver.deliver(Job { servers: &servers, config, envelope, content: &mut counted(content) })
        }
        Command::DeliverNext(Message { envelope, content }) => driver.deliver_next(envelope, &mut counted(content)),
        Command::Quit => driver.quit(),
    }
}

/// The content of a message, and how much of it was read.
struct Counted<'c> {
    content: Vec<u8>,
    at: usize,
    taken: &'c AtomicUsize,
}

/// Only to the start.
impl Seek for Counted<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match to {
            SeekFrom::Start(0) => self.at = 0,
            _ => return Err(io::ErrorKind::Unsupported.into()),
        }
        Ok(0)
    }
}

impl Read for Counted<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let len = (&self.content[self.at..]).read(room)?;
        self.at += len;
        self.taken.fetch_add(len, Ordering::Relaxed);
        Ok(len)
    }
}

//! Checks a driver of [`smtp_proto::Delivery`] against the transcripts of `testdata`.
//!
//! [`check`] takes a driver that connects to real sockets, and plays every transcript that a server can
//! produce over them. Each flight of the server is played whole, octet by octet, in halves, and with the
//! connection closed in its middle. The kit compares the octets that the driver sends, the addresses that
//! it connects to, and its reports. It also has the driver send more content than the socket buffers
//! hold, so that writes are partial. [`Passed`] says how much was played and what was skipped.
//!
//! ```no_run
//! use smtp_proto::Delivery;
//! use smtp_testkit::conformance::{self, Job, Summary};
//!
//! # fn drive(_: &[std::net::SocketAddr], _: &mut Delivery, _: &mut dyn std::io::Read) {}
//! /// Delivers one message with the driver under test.
//! fn deliver(job: Job<'_>) -> Summary {
//!     let mut delivery = Delivery::new(job.config, job.envelope);
//!     drive(job.servers, &mut delivery, job.content);
//!     Summary::from(&delivery)
//! }
//!
//! // In a test:
//! conformance::check(|| deliver).unwrap_or_else(|failures| panic!("{failures}"));
//! ```
//!
//! A driver that keeps connections implements [`Driver`]. One that is generic over [`Machine`] and
//! [`Network`] can also run in memory, with [`check_in_memory`]: under the oracle, on a simulated clock,
//! and with the transcripts that sockets cannot reproduce. See `tests/generic` in this crate for an example.
//!
//! [`Machine`]: crate::Machine

mod driver;
mod in_memory;
mod memory;
mod network;
mod outcome;
mod sockets;
mod strain;
mod worker;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use smtp_proto::Afterwards;

use crate::{
    player::{Plan, lost_in_a_reply},
    server::Writes,
    server::tls::Certificates,
    transcript::{Action, Item, Transcript},
};

pub use driver::{Content, Driver, Job, Summary};
pub use in_memory::Drive;
pub use network::Network;
pub use outcome::{Failure, Failures, Passed};

/// Concurrent plays. They spend most of their time waiting.
const WORKERS: usize = 8;

/// Checks a driver against all transcripts. `make` creates one for each play.
pub fn check<D: Driver + 'static>(make: impl Fn() -> D + Send + Sync + 'static) -> Result<Passed, Failures> {
    Kit::new().check(make)
}

/// The certificate of the authority that the kit's servers have theirs from, in PEM. They are for `127.0.0.1`.
pub fn authority_pem() -> &'static str {
    Certificates::of_this_process().authority_pem()
}

/// Checks a generic driver in memory: see [`Kit::check_in_memory`].
pub fn check_in_memory(drive: impl Drive) -> Result<usize, Failures> {
    Kit::new().check_in_memory(drive)
}

/// The transcripts to check a driver with, and how long to wait for the driver.
#[derive(Clone, Debug)]
pub struct Kit {
    transcripts: Vec<(String, Transcript)>,
    patience: Duration,
}

impl Default for Kit {
    fn default() -> Self {
        Self::new()
    }
}

impl Kit {
    /// All transcripts of `testdata`, with a patience of 10 seconds.
    ///
    /// # Panics
    ///
    /// If a transcript cannot be read.
    pub fn new() -> Self {
        Self::with_transcripts(Transcript::all())
    }

    /// The given transcripts, with their names.
    pub fn with_transcripts(transcripts: Vec<(String, Transcript)>) -> Self {
        Self { transcripts, patience: Duration::from_secs(10) }
    }

    /// Sets how long to wait for a driver that does nothing.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Keeps only the transcripts whose names `passes` accepts.
    #[must_use]
    pub fn only(mut self, passes: impl Fn(&str) -> bool) -> Self {
        self.transcripts.retain(|(name, _)| passes(name));
        self
    }

    /// Checks a driver over sockets. `make` creates one for each play.
    pub fn check<D: Driver + 'static>(&self, make: impl Fn() -> D + Send + Sync + 'static) -> Result<Passed, Failures> {
        let (keeps, secures) = (make().keeps_connections(), make().secures_connections());
        let make: Arc<dyn Fn() -> D + Send + Sync> = Arc::new(make);
        let mut passed = Passed::default();
        let mut chosen = Vec::new();
        for (name, transcript) in &self.transcripts {
            match Plan::of(transcript) {
                Err(why) => passed.not_over_sockets.push((name.clone(), why)),
                Ok(_) if !keeps && needs_kept_connection(transcript) => {
                    passed.not_over_sockets.push((name.clone(), "the driver does not keep connections"));
                }
                Ok(_) if !secures && transcript.needs_tls() => {
                    passed.not_over_sockets.push((name.clone(), "the driver does not secure connections"));
                }
                Ok(_) => {
                    passed.over_sockets += 1;
                    chosen.push((name, transcript));
                }
            }
        }
        let (next, plays) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let failures = Mutex::new(Vec::new());
        let work = || {
            while let Some((name, transcript)) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                let (count, found) = self.play_all(name, transcript, &make);
                plays.fetch_add(count, Ordering::Relaxed);
                failures.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
            }
        };
        thread::scope(|scope| {
            for _ in 0..WORKERS {
                scope.spawn(work);
            }
        });
        passed.plays = plays.into_inner();
        let mut failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (strained, found) = strain::play_all(self.patience, &make);
        passed.plays += strained;
        failures.extend(found);
        failures.sort_by(|one: &Failure, other| one.transcript.cmp(&other.transcript));
        if failures.is_empty() { Ok(passed) } else { Err(Failures(failures)) }
    }

    /// Checks a generic driver in memory, with every transcript (including those that sockets cannot
    /// reproduce) and with partial reads and writes, delays and write errors. Returns the number of plays.
    pub fn check_in_memory(&self, drive: impl Drive) -> Result<usize, Failures> {
        in_memory::check(&self.transcripts, &drive)
    }

    /// Plays one transcript in all ways. Returns the number of plays, and the failures.
    fn play_all<D: Driver + 'static>(
        &self,
        name: &str,
        transcript: &Transcript,
        make: &Arc<dyn Fn() -> D + Send + Sync>,
    ) -> (usize, Vec<Failure>) {
        let whole = [
            (transcript.clone(), Writes::Whole, "whole"),
            (transcript.clone(), Writes::Octets, "octet by octet"),
            (transcript.clone(), Writes::Halves, "in halves"),
        ];
        // The server of further connections does not use TLS.
        let lost = if transcript.needs_tls() { Ok(Vec::new()) } else { lost_in_a_reply(transcript) };
        let lost = lost.unwrap_or_else(|mismatch| panic!("{name}.smtp, {mismatch}"));
        let lost = lost.into_iter().map(|transcript| (transcript, Writes::Whole, "with the connection closed"));
        let (mut plays, mut failures) = (0, Vec::new());
        for (transcript, writes, how) in whole.into_iter().chain(lost) {
            let Ok(plan) = Plan::of(&transcript) else { continue };
            plays += 1;
            let setting = sockets::Setting { plan: &plan, writes, patience: self.patience };
            if let Err(mismatch) = sockets::play(&transcript, setting, make) {
                failures.push(Failure { transcript: name.to_owned(), how, mismatch });
            }
        }
        (plays, failures)
    }
}

fn needs_kept_connection(transcript: &Transcript) -> bool {
    let is_another = |item: &Item| matches!(item.action, Action::NextMessage);
    transcript.config.afterwards() == Afterwards::Keep || transcript.script.iter().any(is_another)
}

//! The loop: does what the delivery says is next, and tells it what came of it.

use std::{
    io::{self, ErrorKind, Read},
    net::SocketAddr,
    sync::{atomic::Ordering, mpsc::RecvTimeoutError},
    time::Instant,
};

use smtp_proto::{Cancel, Delivery, Disconnect, Misuse, Place, Step, Wait};

use crate::{
    bounds::Pace,
    client::Client,
    connect::{self, News, Target},
    line::{Got, Line, TICK},
    observer::{Observer, Sent},
};

/// One delivery under way.
pub(crate) struct Drive<'a> {
    pub(crate) client: &'a mut Client,
    pub(crate) delivery: &'a mut Delivery,
    pub(crate) content: &'a mut dyn Read,
    pub(crate) observer: &'a mut dyn Observer,
    pub(crate) pace: Pace,
}

impl Drive<'_> {
    pub(crate) fn run(mut self) -> Result<(), Misuse> {
        let started = Instant::now();
        loop {
            let now = Instant::now();
            if let Step::Done(_) = self.delivery.poll() {
                if !self.delivery.is_kept() {
                    self.hang_up();
                }
                return Ok(());
            }
            if let Some(why) = self.reason_to_give_up(started, now) {
                self.report_sent()?;
                self.delivery.cancel(why);
                continue;
            }
            match self.delivery.poll() {
                Step::Done(_) => {}
                Step::Connect(place) => self.connect(place, started)?,
                Step::Content(most) => self.feed(most, now)?,
                Step::Transmit(octets, wait) => {
                    let len = octets.len();
                    self.transmit(len, wait, now)?;
                }
                Step::Wait(wait) => self.wait(wait, now)?,
            }
        }
    }

    fn reason_to_give_up(&mut self, started: Instant, now: Instant) -> Option<Cancel> {
        let bounds = &self.client.bounds;
        if self.client.interrupt.load(Ordering::Relaxed) {
            Some(Cancel::Interrupted)
        } else if bounds.delivery.is_some_and(|limit| now.duration_since(started) >= limit) {
            Some(Cancel::Deadline)
        } else if bounds.least_rate.is_some_and(|least| self.pace.is_below(least, now)) {
            Some(Cancel::TooSlow)
        } else {
            None
        }
    }

    fn connect(&mut self, place: Place, started: Instant) -> Result<(), Misuse> {
        self.hang_up();
        self.pace.stop();
        let target = match (place, self.client.last) {
            (Place::Same, Some(server)) => Target::Only(server),
            (Place::Same, None) | (Place::Any, _) => Target::Any(self.client.next_hop.clone()),
        };
        let mut failures = Failures::default();
        match self.open(target, started, &mut failures) {
            Ok(Some(line)) => {
                self.client.last = Some(line.server());
                self.client.servers.push(Some(line.server()));
                self.observer.connected(line.server());
                self.client.line = Some(line);
                self.delivery.connected()
            }
            Ok(None) => {
                self.client.servers.push(failures.last);
                self.delivery.connect_failed(&failures.texts.join("; "))
            }
            Err(why) => {
                self.delivery.cancel(why);
                Ok(())
            }
        }
    }

    /// An open connection; `None` if every address failed; or why it was given up.
    fn open(&mut self, target: Target, started: Instant, failures: &mut Failures) -> Result<Option<Line>, Cancel> {
        let limit = self.client.bounds.connect;
        let since = Instant::now();
        let mut looking_up = true;
        let news = match connect::start(target, limit) {
            Ok(news) => news,
            Err(error) => {
                self.note_failure(failures, None, &error);
                return Ok(None);
            }
        };
        loop {
            let now = Instant::now();
            if let Some(why) = self.reason_to_give_up(started, now) {
                return Err(why);
            }
            match news.recv_timeout(TICK) {
                Ok(News::Trying(server)) => {
                    looking_up = false;
                    failures.last = Some(server);
                }
                Ok(News::Failed(server, error)) => self.note_failure(failures, Some(server), &error),
                Ok(News::NoAddress(error)) => self.note_failure(failures, None, &error),
                Ok(News::Open(stream, server)) => match Line::new(stream, server) {
                    Ok(line) => return Ok(Some(line)),
                    Err(error) => self.note_failure(failures, Some(server), &error),
                },
                Err(RecvTimeoutError::Timeout) if looking_up && now.duration_since(since) >= limit => {
                    let error = io::Error::new(ErrorKind::TimedOut, "looking up the name took too long");
                    self.note_failure(failures, None, &error);
                    return Ok(None);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
            }
        }
    }

    fn note_failure(&mut self, failures: &mut Failures, server: Option<SocketAddr>, error: &io::Error) {
        self.observer.connect_failed(server, error);
        let place = server.map_or_else(|| self.client.next_hop.to_string(), |server| server.to_string());
        failures.texts.push(format!("{place}: {error}"));
    }

    fn feed(&mut self, most: usize, now: Instant) -> Result<(), Misuse> {
        self.pace.start(now);
        let room = &mut self.client.room;
        let most = most.min(room.len());
        let read = self.content.read(&mut room[..most]);
        // A slow source is not the server's fault.
        self.pace.pass_over(now.elapsed());
        match read {
            Ok(0) => self.delivery.end_content(),
            Ok(len) => {
                self.observer.content_taken(len);
                self.delivery.content(&room[..len])
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            Err(error) => {
                self.observer.content_unreadable(&error);
                self.delivery.cancel(Cancel::ContentUnreadable);
                Ok(())
            }
        }
    }

    /// Writes some of a block of `len` octets. The delivery is told when the block is written or
    /// something else happens: it gives the next block then, and not a filling for each gap.
    fn transmit(&mut self, len: usize, wait: Wait, now: Instant) -> Result<(), Misuse> {
        let Some(line) = &mut self.client.line else { return self.delivery.disconnected(Disconnect::Closed) };
        if line.is_overdue(wait, now) {
            return self.time_out();
        }
        if line.look_first {
            let got = line.look(&mut self.client.room);
            return self.take(got);
        }
        let Step::Transmit(octets, _) = self.delivery.poll() else { return Ok(()) };
        let rest = octets.get(line.unreported..).unwrap_or_default();
        match line.write(rest) {
            // The tick is over: the next look, then the next try.
            Ok(0) => Ok(()),
            Ok(written) => {
                let what = if self.pace.is_running() { Sent::Content } else { Sent::Commands };
                self.observer.sent(rest.get(..written).unwrap_or_default(), what);
                self.pace.count(written);
                line.unreported += written;
                if line.unreported >= len { self.report_sent() } else { Ok(()) }
            }
            Err(_) => self.write_failed(),
        }
    }

    fn wait(&mut self, wait: Wait, now: Instant) -> Result<(), Misuse> {
        self.pace.stop();
        let Some(line) = &mut self.client.line else { return self.delivery.disconnected(Disconnect::Closed) };
        if line.is_overdue(wait, now) {
            return self.time_out();
        }
        let got = line.read(&mut self.client.room);
        self.take(got)
    }

    fn take(&mut self, got: Got) -> Result<(), Misuse> {
        match got {
            Got::Nothing => Ok(()),
            Got::Octets(len) => {
                self.report_sent()?;
                let octets = &self.client.room[..len];
                self.observer.received(octets);
                self.delivery.received(octets)
            }
            Got::Lost(how) => {
                self.report_sent()?;
                self.client.line = None;
                self.observer.lost(how);
                self.delivery.disconnected(how)
            }
        }
    }

    /// The reason why the server reads no more may have arrived: it counts first.
    fn write_failed(&mut self) -> Result<(), Misuse> {
        while let (Some(line), Step::Transmit(..) | Step::Content(_) | Step::Wait(_)) =
            (&mut self.client.line, self.delivery.poll())
        {
            match line.look(&mut self.client.room) {
                Got::Octets(len) => self.take(Got::Octets(len))?,
                Got::Nothing | Got::Lost(_) => self.take(Got::Lost(Disconnect::WriteFailed))?,
            }
        }
        Ok(())
    }

    fn time_out(&mut self) -> Result<(), Misuse> {
        self.report_sent()?;
        self.delivery.timed_out()
    }

    /// Tells the delivery what was written: before anything else it is told.
    fn report_sent(&mut self) -> Result<(), Misuse> {
        match &mut self.client.line {
            Some(line) if line.unreported > 0 => self.delivery.sent(std::mem::take(&mut line.unreported)),
            _ => Ok(()),
        }
    }

    fn hang_up(&mut self) {
        if self.client.line.take().is_some() {
            self.observer.closed();
        }
    }
}

/// Addresses that took no connection.
#[derive(Default)]
struct Failures {
    /// The last address that was tried.
    last: Option<SocketAddr>,
    /// Each with its error.
    texts: Vec<String>,
}

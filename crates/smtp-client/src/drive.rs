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
    connect::{self, Opening},
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
            if let Err(why) = self.go_on_with_content(started, now) {
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

    /// Whether the delivery goes on, whatever its connection does; or why not.
    fn go_on(&self, started: Instant, now: Instant) -> Result<(), Cancel> {
        if self.client.interrupt.load(Ordering::Relaxed) {
            Err(Cancel::Interrupted)
        } else if self.client.bounds.delivery.is_some_and(|limit| now.duration_since(started) >= limit) {
            Err(Cancel::Deadline)
        } else {
            Ok(())
        }
    }

    /// The same, with content perhaps under way.
    fn go_on_with_content(&mut self, started: Instant, now: Instant) -> Result<(), Cancel> {
        self.go_on(started, now)?;
        match self.client.bounds.least_rate {
            Some(least) if self.pace.is_below(least, now) => Err(Cancel::TooSlow),
            _ => Ok(()),
        }
    }

    fn connect(&mut self, place: Place, started: Instant) -> Result<(), Misuse> {
        self.hang_up();
        self.pace.stop();
        let mut failures = Failures::default();
        match self.open(place, started, &mut failures) {
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

    /// An open connection, to the first address that takes it; `None` if there is none; or why it was
    /// given up.
    fn open(&mut self, place: Place, started: Instant, failures: &mut Failures) -> Result<Option<Line>, Cancel> {
        let addresses = match (place, self.client.last, self.client.next_hop.address()) {
            (Place::Same, Some(server), _) | (_, _, Some(server)) => Ok(vec![server]),
            (Place::Same, None, None) | (Place::Any, _, None) => self.look_up(started)?,
        };
        match addresses {
            Err(error) => self.note_failure(failures, None, &error),
            Ok(addresses) => {
                for server in addresses {
                    failures.last = Some(server);
                    match self.open_one(server, started)? {
                        Ok(line) => return Ok(Some(line)),
                        Err(error) => self.note_failure(failures, Some(server), &error),
                    }
                }
            }
        }
        Ok(None)
    }

    fn look_up(&self, started: Instant) -> Result<io::Result<Vec<SocketAddr>>, Cancel> {
        let since = Instant::now();
        let addresses = match connect::look_up(self.client.next_hop.clone()) {
            Ok(addresses) => addresses,
            Err(error) => return Ok(Err(error)),
        };
        loop {
            let now = Instant::now();
            self.go_on(started, now)?;
            match addresses.recv_timeout(TICK) {
                Ok(addresses) => return Ok(addresses),
                Err(RecvTimeoutError::Timeout) if now.duration_since(since) < self.client.bounds.connect => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    return Ok(Err(io::Error::new(ErrorKind::TimedOut, "looking up the name took too long")));
                }
            }
        }
    }

    fn open_one(&self, server: SocketAddr, started: Instant) -> Result<io::Result<Line>, Cancel> {
        let since = Instant::now();
        let opening = match Opening::start(server) {
            Ok(opening) => opening,
            Err(error) => return Ok(Err(error)),
        };
        loop {
            let now = Instant::now();
            self.go_on(started, now)?;
            let left = self.client.bounds.connect.saturating_sub(now.duration_since(since));
            match opening.wait(left) {
                Ok(true) => return Ok(opening.into_stream().and_then(|stream| Line::new(stream, server))),
                Ok(false) if !left.is_zero() => {}
                Ok(false) => return Ok(Err(io::Error::new(ErrorKind::TimedOut, "connecting took too long"))),
                Err(error) => return Ok(Err(error)),
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

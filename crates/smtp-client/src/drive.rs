//! Does what the delivery says is next, and tells it what came of it.

use std::{
    io::{ErrorKind, Read},
    sync::atomic::Ordering,
    task::Poll,
    time::{Duration, Instant},
};

use smtp_proto::{Cancel, Delivery, Disconnect, Misuse, Place, Step, Wait};

use crate::{
    client::{Client, Link},
    connect::{Opened, Opening},
    content_changed::ContentChanged,
    line::Got,
    observer::{Observer, Sent},
    wait::{Awaited, Waiting},
};

/// One delivery under way, for as far as it goes without waiting.
pub(crate) struct Drive<'a> {
    pub(crate) client: &'a mut Client,
    pub(crate) delivery: &'a mut Delivery,
    pub(crate) content: &'a mut dyn Read,
    pub(crate) observer: &'a mut dyn Observer,
}

impl Drive<'_> {
    pub(crate) fn advance(mut self) -> Result<Poll<()>, Misuse> {
        // Before the clock and the interrupt flag.
        self.hear()?;
        loop {
            if let Step::Done(_) = self.delivery.poll() {
                if !self.delivery.is_kept() {
                    self.hang_up();
                }
                return Ok(Poll::Ready(()));
            }
            let now = Instant::now();
            if let Err(why) = self.go_on(now) {
                self.report_sent()?;
                self.delivery.cancel(why);
                continue;
            }
            let waiting = match self.delivery.poll() {
                Step::Done(_) => None,
                Step::Connect(place) => self.connect(place, now)?,
                Step::Content(most) => {
                    self.feed(most)?;
                    None
                }
                Step::Transmit(octets, wait) => {
                    let len = octets.len();
                    self.transmit(len, wait, now)?
                }
                Step::Wait(wait) => self.listen(wait, now)?,
            };
            if let Some(waiting) = waiting {
                self.client.waiting = waiting;
                return Ok(Poll::Pending);
            }
        }
    }

    /// Whether the delivery goes on, whatever its connection does; or why not.
    fn go_on(&mut self, now: Instant) -> Result<(), Cancel> {
        let Client { interrupt, bounds, since, pace, .. } = &mut *self.client;
        if interrupt.load(Ordering::Relaxed) {
            Err(Cancel::Interrupted)
        } else if bounds.delivery.is_some_and(|limit| now.duration_since(*since) >= limit) {
            Err(Cancel::Deadline)
        } else if bounds.least_rate.is_some_and(|least| pace.is_below(least, now)) {
            Err(Cancel::TooSlow)
        } else {
            Ok(())
        }
    }

    fn connect(&mut self, place: Place, now: Instant) -> Result<Option<Waiting>, Misuse> {
        let client = &mut *self.client;
        let Link::Opening(opening) = &mut client.link else {
            self.start_to_connect(place, now);
            return Ok(None);
        };
        match opening.advance(now, client.bounds.connect, &client.next_hop, self.observer) {
            Opened::Not(awaited, most) => Ok(Some(Waiting::start(awaited, most, now))),
            Opened::Open(line) => {
                client.last = Some(line.server());
                client.servers.push(Some(line.server()));
                self.observer.connected(line.server());
                client.link = Link::Up(line);
                self.delivery.connected().map(|()| None)
            }
            Opened::Failed(failures) => {
                client.link = Link::Down;
                client.servers.push(failures.last);
                self.delivery.connect_failed(&failures.texts.join("; ")).map(|()| None)
            }
        }
    }

    fn start_to_connect(&mut self, place: Place, now: Instant) {
        self.hang_up();
        self.client.pace.stop();
        let next_hop = &self.client.next_hop;
        self.client.link = Link::Opening(match (place, self.client.last, next_hop.address()) {
            (Place::Same, Some(server), _) | (_, _, Some(server)) => Opening::to(server),
            (Place::Same, None, None) | (Place::Any, _, None) => Opening::look_up(next_hop.clone(), now),
        });
    }

    fn feed(&mut self, most: usize) -> Result<(), Misuse> {
        let Client { room, pace, .. } = &mut *self.client;
        pace.start();
        let most = most.min(room.len());
        match self.content.read(&mut room[..most]) {
            Ok(0) => self.delivery.end_content(),
            Ok(len) => {
                self.observer.content_taken(len);
                self.delivery.content(&room[..len])
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            Err(error) => {
                self.observer.content_unreadable(&error);
                let changed = ContentChanged::is_wrapped_in(&error);
                self.delivery.cancel(if changed { Cancel::ContentChanged } else { Cancel::ContentUnreadable });
                Ok(())
            }
        }
    }

    /// Writes some of a block of `len` octets. The delivery is told when the block is written or
    /// something else happens: it gives the next block then, and not a filling for each gap.
    fn transmit(&mut self, len: usize, wait: Wait, now: Instant) -> Result<Option<Waiting>, Misuse> {
        let Client { link: Link::Up(line), pace, .. } = &mut *self.client else { return self.no_line() };
        let Step::Transmit(octets, _) = self.delivery.poll() else { return Ok(None) };
        let rest = octets.get(line.unreported..).unwrap_or_default();
        match line.write(rest) {
            Ok(0) => {
                pace.wait(now);
                match line.time_left(wait, now) {
                    Duration::ZERO => self.time_out(),
                    left => Ok(Some(Waiting::start(Awaited::Room, left, now))),
                }
            }
            Ok(written) => {
                let what = if pace.is_running() { Sent::Content } else { Sent::Commands };
                self.observer.sent(rest.get(..written).unwrap_or_default(), what);
                pace.count(written);
                line.unreported += written;
                if line.unreported < len {
                    return Ok(None);
                }
                self.report_sent()?;
                // A long message is not to keep the others on this thread waiting, and what has arrived
                // comes first.
                let goes_on = matches!(self.delivery.poll(), Step::Content(_) | Step::Transmit(..));
                Ok(goes_on.then(|| Waiting::start(Awaited::Turn, Duration::ZERO, now)))
            }
            Err(_) => self.write_failed(),
        }
    }

    fn listen(&mut self, wait: Wait, now: Instant) -> Result<Option<Waiting>, Misuse> {
        let Client { link: Link::Up(line), pace, .. } = &mut *self.client else { return self.no_line() };
        pace.stop();
        match line.time_left(wait, now) {
            Duration::ZERO => self.time_out(),
            left => Ok(Some(Waiting::start(Awaited::Arrival, left, now))),
        }
    }

    /// Takes what has arrived.
    fn hear(&mut self) -> Result<(), Misuse> {
        loop {
            let (Link::Up(line), Step::Transmit(..) | Step::Content(_) | Step::Wait(_)) =
                (&mut self.client.link, self.delivery.poll())
            else {
                return Ok(());
            };
            let got = line.read(&mut self.client.room);
            self.take(got)?;
            // Where there was no room for all, the rest may be the reply that it waits for.
            let has_more = matches!(got, Got::Octets(len) if len == self.client.room.len());
            if !has_more || !matches!(self.delivery.poll(), Step::Wait(_)) {
                return Ok(());
            }
        }
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
                self.client.link = Link::Down;
                self.observer.lost(how);
                self.delivery.disconnected(how)
            }
        }
    }

    /// The reason why the server reads no more may have arrived: it counts first.
    fn write_failed(&mut self) -> Result<Option<Waiting>, Misuse> {
        while let (Link::Up(line), Step::Transmit(..) | Step::Content(_) | Step::Wait(_)) =
            (&mut self.client.link, self.delivery.poll())
        {
            match line.read(&mut self.client.room) {
                Got::Octets(len) => self.take(Got::Octets(len))?,
                Got::Nothing | Got::Lost(_) => self.take(Got::Lost(Disconnect::WriteFailed))?,
            }
        }
        Ok(None)
    }

    fn time_out(&mut self) -> Result<Option<Waiting>, Misuse> {
        self.report_sent()?;
        self.delivery.timed_out().map(|()| None)
    }

    /// The delivery speaks of a connection that is not there.
    fn no_line(&mut self) -> Result<Option<Waiting>, Misuse> {
        self.delivery.disconnected(Disconnect::Closed).map(|()| None)
    }

    /// Tells the delivery what was written: before anything else it is told.
    fn report_sent(&mut self) -> Result<(), Misuse> {
        match &mut self.client.link {
            Link::Up(line) if line.unreported > 0 => self.delivery.sent(std::mem::take(&mut line.unreported)),
            _ => Ok(()),
        }
    }

    fn hang_up(&mut self) {
        if let Link::Up(_) = std::mem::replace(&mut self.client.link, Link::Down) {
            self.observer.closed();
        }
    }
}

//! Performs the steps that a delivery asks for, and reports their results to it.

use std::{
    io::ErrorKind,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use smtp_proto::{Cancel, Connect, Delivery, Disconnect, MisuseError, Place, Secure, Secured, Step, Timeout};

use crate::{
    awaited::{Awaited, Wait},
    connection::Got,
    content::Content,
    content_changed::ContentChanged,
    link::{Link, State},
    observer::{Observer, Sent},
    opening::{Means, Opened, Opening},
    room::Room,
    tls::{HandshakeError, Progress, TlsConfig, Verification},
};

/// Only the bound on the delivery ends a wait for the source of content.
const FOR_CONTENT: Wait = Wait { awaited: Awaited::Content, most: Duration::MAX };

/// Drives one delivery as far as it goes without waiting.
pub(crate) struct Drive<'a> {
    pub(crate) link: &'a mut Link,
    pub(crate) delivery: &'a mut Delivery,
    pub(crate) content: &'a mut dyn Content,
    pub(crate) observer: &'a mut dyn Observer,
    pub(crate) room: Room,
    /// The time. It is read again only after work that may take long.
    pub(crate) now: Instant,
}

impl Drive<'_> {
    /// Goes as far as it can without waiting. Returns what to wait for, or `None` once the delivery is done.
    pub(crate) fn advance(mut self) -> Result<Option<Wait>, MisuseError> {
        if let State::Up(connection) = &mut self.link.state {
            connection.flush();
        }
        // Input that has arrived takes precedence over the clock and the interrupt flag.
        self.hear()?;
        loop {
            if let Step::Done(_) = self.delivery.poll() {
                self.learn();
                match &mut self.link.state {
                    State::Up(connection) if self.delivery.is_kept() => connection.rest(self.now),
                    State::Up(_) | State::Opening(_) | State::Down => self.link.hang_up(self.observer),
                }
                return Ok(None);
            }
            if let Err(why) = self.go_on() {
                // Reading the content or an observer may have taken long.
                self.hear()?;
                self.delivery.cancel(why);
                continue;
            }
            let waiting = match self.delivery.poll() {
                Step::Done(_) => None,
                Step::Connect(connect) => self.connect(connect)?,
                Step::Content(most) => self.feed(most)?,
                Step::Rewind => self.rewind()?,
                Step::Transmit(_) => self.transmit()?,
                Step::Receive(timeout) => self.listen(timeout)?,
                Step::Secure(secure) => self.secure(secure)?,
                Step::Authenticate(_) => {
                    self.authenticate()?;
                    None
                }
            };
            if waiting.is_some() {
                return Ok(waiting);
            }
        }
    }

    /// Checks the limits that do not depend on the connection. An error says why to cancel the delivery.
    fn go_on(&mut self) -> Result<(), Cancel> {
        let Link { interrupt, bounds, since, pace, .. } = &mut *self.link;
        if interrupt.load(Ordering::Relaxed) {
            Err(Cancel::Interrupted)
        } else if bounds.delivery.is_some_and(|limit| self.now.duration_since(*since) >= limit) {
            Err(Cancel::Deadline)
        } else if bounds.least_rate.is_some_and(|least| pace.is_below(least, self.now)) {
            Err(Cancel::TooSlow)
        } else {
            Ok(())
        }
    }

    fn connect(&mut self, connect: Connect) -> Result<Option<Wait>, MisuseError> {
        if !matches!(self.link.state, State::Opening(_)) {
            self.learn();
            self.link.hang_up(self.observer);
            self.link.pace.stop();
        }
        let link = &mut *self.link;
        let means =
            Means { next_hop: &link.next_hop, route: link.route, runtime: &link.runtime, limit: connect.timeout };
        let State::Opening(opening) = &mut link.state else {
            link.state = State::Opening(match (connect.place, &link.last, link.next_hop.endpoint()) {
                (Place::Same, Some(server), _) => Opening::to(server.clone(), &means, self.now),
                (Place::Same, None, Some(server)) | (Place::Any, _, Some(server)) => {
                    Opening::to(server, &means, self.now)
                }
                (Place::Same, None, None) | (Place::Any, _, None) => Opening::look_up(&means, self.now),
            });
            return Ok(None);
        };
        match opening.advance(self.now, &means, self.observer) {
            Opened::Not(wait) => Ok(Some(wait)),
            Opened::Open(connection) => {
                let (server, local) = (connection.server(), connection.local_address());
                link.last = Some(server.clone());
                link.servers.push(Some(server.to_string()));
                self.observer.connected(server, local);
                if let Some(hosts) = &link.hosts {
                    self.delivery.know(hosts.of(server, self.now))?;
                }
                link.state = State::Up(connection);
                match local {
                    Some(local) => self.delivery.connected_from(local.ip())?,
                    None => self.delivery.connected()?,
                }
                Ok(None)
            }
            Opened::Failed(failures) => {
                link.state = State::Down;
                link.servers.push(failures.last.as_ref().map(ToString::to_string));
                self.delivery.connect_failed(&failures.texts.join("; ")).map(|()| None)
            }
        }
    }

    /// Stores what the delivery has learned about the server of the last connection.
    fn learn(&self) {
        if let (Some(server), Some(hosts)) = (&self.link.last, &self.link.hosts) {
            hosts.learn(server, self.delivery.known_host(), self.now);
        }
    }

    /// Goes on with the TLS handshake.
    fn secure(&mut self, secure: Secure) -> Result<Option<Wait>, MisuseError> {
        let Link { state: State::Up(connection), tls, next_hop, runtime, .. } = &mut *self.link else {
            return self.no_connection();
        };
        let attempt = self.delivery.report().attempts().last();
        let follows_starttls = attempt.is_some_and(|attempt| attempt.clear_hello_reply().is_some());
        if connection.is_clear() {
            // A server does not speak between its reply to STARTTLS and the handshake. Whoever does is not the server.
            if follows_starttls {
                match connection.read(&mut self.room) {
                    Got::Nothing => {}
                    got => return self.take(got).map(|()| None),
                }
            }
            let verification = if secure.must_verify { Verification::Required } else { Verification::Opportunistic };
            let config = tls.get_or_insert_with(TlsConfig::default);
            match config.channel(next_hop.host(), verification) {
                Ok(channel) => connection.start_tls(channel),
                Err(error) => return self.secure_failed(&error.to_string()),
            }
        }
        let progress = connection.handshake();
        self.now = (runtime.now)();
        let awaited = match progress {
            Ok(Progress::Done) => return self.secured(),
            Ok(Progress::WantsRead) => Awaited::Arrival,
            Ok(Progress::WantsWrite) => Awaited::Room,
            // The same, but it arrived after the handshake was begun.
            Err(HandshakeError::Plaintext(text)) if follows_starttls => {
                return self.delivery.received(text.as_bytes()).map(|()| None);
            }
            Err(error) => return self.secure_failed(&error.to_string()),
        };
        match connection.time_left(secure.timeout, self.now) {
            Duration::ZERO => self.time_out(),
            left => Ok(Some(Wait { awaited, most: left })),
        }
    }

    fn secured(&mut self) -> Result<Option<Wait>, MisuseError> {
        let State::Up(connection) = &self.link.state else { return self.no_connection() };
        let (Some(channel), Some(facts)) = (connection.tls(), connection.tls_facts()) else {
            return self.secure_failed("the handshake did not complete");
        };
        self.observer.secured(facts);
        let why = facts.verification.as_ref().err().map(ToString::to_string);
        let secured = match &why {
            None => Secured::verified(facts.version),
            Some(why) => Secured::unverified(facts.version, why),
        };
        self.delivery.secured(secured.with_channel_binding(channel.can_bind())).map(|()| None)
    }

    fn secure_failed(&mut self, why: &str) -> Result<Option<Wait>, MisuseError> {
        self.observer.secure_failed(why);
        self.delivery.secure_failed(why).map(|()| None)
    }

    fn authenticate(&mut self) -> Result<(), MisuseError> {
        let Link { state: State::Up(connection), credentials, .. } = &mut *self.link else {
            return self.no_connection().map(drop);
        };
        let answered = connection.authenticate(self.delivery, credentials.as_ref());
        self.now = self.link.now();
        answered
    }

    fn feed(&mut self, most: usize) -> Result<Option<Wait>, MisuseError> {
        self.link.pace.start();
        let most = most.min(self.room.len());
        let read = self.content.read(&mut self.room[..most]);
        self.now = self.link.now();
        match read {
            Ok(0) => self.delivery.end_content(),
            Ok(len) => {
                self.observer.content_taken(len);
                self.delivery.content(&self.room[..len])
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Some(FOR_CONTENT)),
            Err(error) => {
                self.observer.content_unreadable(&error);
                let changed = ContentChanged::is_wrapped_in(&error);
                self.delivery.cancel(if changed { Cancel::ContentChanged } else { Cancel::ContentUnreadable });
                Ok(())
            }
        }
        .map(|()| None)
    }

    /// Goes back to the start of the content.
    fn rewind(&mut self) -> Result<Option<Wait>, MisuseError> {
        let rewound = self.content.rewind();
        self.now = self.link.now();
        match rewound {
            Ok(()) => self.delivery.rewound(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Some(FOR_CONTENT)),
            Err(_) => self.delivery.cannot_rewind(),
        }
        .map(|()| None)
    }

    /// Writes as much as there is room for.
    fn transmit(&mut self) -> Result<Option<Wait>, MisuseError> {
        let Link { state: State::Up(connection), pace, .. } = &mut *self.link else { return self.no_connection() };
        let Step::Transmit(transmit) = self.delivery.poll() else { return Ok(None) };
        let (octets, timeout) = (transmit.octets(), transmit.timeout());
        match connection.write(octets) {
            Ok(0) => {
                pace.wait(self.now);
                match connection.time_left(timeout, self.now) {
                    Duration::ZERO => self.time_out(),
                    left => Ok(Some(Wait { awaited: Awaited::Room, most: left })),
                }
            }
            Ok(written) => {
                let what = if pace.is_running() { Sent::Content } else { Sent::Commands };
                let all = written == octets.len();
                if transmit.is_sensitive() {
                    self.observer.sent_secret(written);
                } else {
                    self.observer.sent(octets.get(..written).unwrap_or_default(), what);
                }
                pace.count(written);
                self.delivery.sent(written)?;
                if !all {
                    return Ok(None);
                }
                // Yield, so that a long message does not keep other tasks on this thread waiting, and so that
                // input is read before more is written.
                let goes_on = matches!(self.delivery.poll(), Step::Content(_) | Step::Transmit(_));
                Ok(goes_on.then_some(Wait { awaited: Awaited::Turn, most: Duration::ZERO }))
            }
            Err(_) => self.write_failed(),
        }
    }

    fn listen(&mut self, timeout: Timeout) -> Result<Option<Wait>, MisuseError> {
        let Link { state: State::Up(connection), pace, .. } = &mut *self.link else { return self.no_connection() };
        pace.stop();
        match connection.time_left(timeout, self.now) {
            Duration::ZERO => self.time_out(),
            left => {
                let awaited = match (connection.has_unread(), connection.has_unwritten()) {
                    (true, _) => Awaited::Turn,
                    // The server does not answer what it has not got.
                    (false, true) => Awaited::Room,
                    (false, false) => Awaited::Arrival,
                };
                Ok(Some(Wait { awaited, most: left }))
            }
        }
    }

    /// Reads what has arrived.
    fn hear(&mut self) -> Result<(), MisuseError> {
        loop {
            let (State::Up(connection), Step::Transmit(_) | Step::Content(_) | Step::Receive(_)) =
                (&mut self.link.state, self.delivery.poll())
            else {
                return Ok(());
            };
            let got = connection.read(&mut self.room);
            self.take(got)?;
            // If the buffer was filled, the rest may contain the reply that the delivery waits for.
            let has_more = matches!(got, Got::Octets(len) if len == self.room.len());
            if !has_more || !matches!(self.delivery.poll(), Step::Receive(_)) {
                return Ok(());
            }
        }
    }

    fn take(&mut self, got: Got) -> Result<(), MisuseError> {
        match got {
            Got::Nothing => Ok(()),
            Got::Octets(len) => {
                let octets = &self.room[..len];
                self.link.echoes.pass(octets, self.delivery, self.observer);
                self.delivery.received(octets)
            }
            Got::Lost(how) => {
                self.link.state = State::Down;
                self.link.echoes.end(self.observer);
                self.observer.lost(how);
                self.delivery.disconnected(how)
            }
        }
    }

    /// After a failed write, first reads what has arrived: it may say why the server stopped reading. The write may have
    /// failed before a reactor notices the input.
    fn write_failed(&mut self) -> Result<Option<Wait>, MisuseError> {
        while let (State::Up(connection), Step::Transmit(_) | Step::Content(_) | Step::Receive(_)) =
            (&mut self.link.state, self.delivery.poll())
        {
            match connection.read_unnoticed(&mut self.room) {
                Got::Octets(len) => self.take(Got::Octets(len))?,
                Got::Nothing | Got::Lost(_) => self.take(Got::Lost(Disconnect::WriteFailed))?,
            }
        }
        Ok(None)
    }

    fn time_out(&mut self) -> Result<Option<Wait>, MisuseError> {
        self.delivery.timed_out().map(|()| None)
    }

    /// The delivery asks for I/O, but there is no connection.
    fn no_connection(&mut self) -> Result<Option<Wait>, MisuseError> {
        self.delivery.disconnected(Disconnect::Closed).map(|()| None)
    }
}

//! The client: a next hop, and the connection to it, which is kept between messages.

use std::{
    io,
    sync::{Arc, atomic::AtomicBool},
    task::Poll,
};

use smtp_proto::{Delivery, MisuseError, Report};

use crate::{
    bounds::Bounds,
    content::Content,
    drive::Drive,
    known_hosts::KnownHosts,
    link::{Link, State},
    login::CredentialSource,
    next_hop::NextHop,
    observer::Observer,
    room::Room,
    route::Route,
    runtime::Runtime,
    tls::{TlsConfig, TlsFacts},
    waiting::{self, Waiting},
};

/// Drives deliveries to one next hop, and owns the connection that is kept between them.
///
/// Use each client with one [`Delivery`]. For the next message call [`Delivery::deliver_next`], then
/// [`deliver`](Self::deliver) again. At the end call [`quit`](Self::quit).
///
/// To run several clients on one thread, drive each in steps: call [`start`](Self::start), then
/// [`advance`](Self::advance) until it returns ready, and [`wait`](crate::wait) for all of them in between.
#[derive(Debug)]
pub struct Client {
    pub(crate) link: Link,
    pub(crate) waiting: Waiting,
}

impl Client {
    /// Creates a client without a connection, with the default [`Bounds`].
    pub fn new(next_hop: NextHop) -> Self {
        Self { link: Link::new(next_hop, Runtime::threads()), waiting: Waiting::Idle }
    }

    /// Replaces the bounds.
    #[must_use]
    pub fn with_bounds(mut self, bounds: Bounds) -> Self {
        self.link.bounds = bounds;
        self
    }

    /// Cancels every delivery while `interrupt` is set. With [`wait`](crate::wait), the client checks the flag ten
    /// times a second.
    #[must_use]
    pub fn with_interrupt(mut self, interrupt: Arc<AtomicBool>) -> Self {
        self.link.interrupt = interrupt;
        self
    }

    /// Which addresses connections go from and to.
    #[must_use]
    pub fn with_route(mut self, route: Route) -> Self {
        self.link.route = route;
        self
    }

    /// Which certificates to trust, and which one to show. By default, the CA certificates of the system are trusted.
    /// Use clones of one configuration for all clients with the same policy, so that TLS sessions can be resumed.
    #[must_use]
    pub fn with_tls(mut self, tls: TlsConfig) -> Self {
        self.link.tls = Some(tls);
        self
    }

    /// The credentials to authenticate with, for deliveries whose policy [requires](smtp_proto::AuthPolicy::Required)
    /// that.
    #[must_use]
    pub fn with_credentials(mut self, source: Arc<dyn CredentialSource>) -> Self {
        self.link.credentials = Some(source);
        self
    }

    /// Uses what this client and others learned about servers, and adds what this one learns. By default, nothing is
    /// remembered.
    #[must_use]
    pub fn with_known_hosts(mut self, hosts: KnownHosts) -> Self {
        self.link.hosts = Some(hosts);
        self
    }

    /// What is known about the TLS layer of the open connection; `None` if there is none.
    pub fn tls(&self) -> Option<&TlsFacts> {
        match &self.link.state {
            State::Down | State::Opening(_) => None,
            State::Up(connection) => connection.tls_facts(),
        }
    }

    /// Drives `delivery` until it is done. See its report for the result. `content` is read from
    /// where it is when the server asks for it, and again from its start for each further transaction.
    ///
    /// If reading `content` fails, the end of the content is not sent and the message is deferred: as changed if the
    /// error wraps [`ContentChanged`](crate::ContentChanged), as unreadable otherwise.
    ///
    /// A [`MisuseError`] is a bug in this crate.
    pub fn deliver(
        &mut self,
        delivery: &mut Delivery,
        content: &mut dyn Content,
        observer: &mut dyn Observer,
    ) -> Result<(), MisuseError> {
        self.start();
        self.finish(delivery, content, observer)
    }

    /// Whether the kept connection is [too old](Bounds::with_age) for another message, or was
    /// [idle](Bounds::with_idle) for too long. Call [`quit`](Self::quit) then, and the next message gets a new one.
    ///
    /// A kept connection that the server has ended needs no check: the next message gets a new one by itself.
    pub fn is_stale(&self) -> bool {
        match &self.link.state {
            State::Up(connection) => connection.is_stale(&self.link.bounds, self.link.now()),
            State::Down | State::Opening(_) => false,
        }
    }

    /// Ends the kept connection, if there is one, with QUIT.
    pub fn quit(&mut self, delivery: &mut Delivery, observer: &mut dyn Observer) -> Result<(), MisuseError> {
        self.start_quit(delivery)?;
        self.finish(delivery, &mut io::empty(), observer)
    }

    /// Starts the clock for a delivery. Drive it with [`advance`](Self::advance).
    pub fn start(&mut self) {
        self.link.start();
        self.waiting = Waiting::Over;
    }

    /// Starts the clock for ending the kept connection. Drive it with [`advance`](Self::advance), with empty
    /// content.
    pub fn start_quit(&mut self, delivery: &mut Delivery) -> Result<(), MisuseError> {
        delivery.quit()?;
        self.link.restart_clock();
        self.waiting = Waiting::Over;
        Ok(())
    }

    /// Drives `delivery` as far as possible without waiting for its connection, and yields to other clients on the
    /// same thread. Returns [`Poll::Ready`] once the delivery is done.
    ///
    /// Input that has arrived is processed before any timeout, however late this is called. Pass the same delivery
    /// and the same content on every call from `start` until it returns ready.
    pub fn advance(
        &mut self,
        delivery: &mut Delivery,
        content: &mut dyn Content,
        observer: &mut dyn Observer,
    ) -> Result<Poll<()>, MisuseError> {
        if let Waiting::For(..) = self.waiting {
            return Ok(Poll::Pending);
        }
        self.waiting = Waiting::Idle;
        let waiting = Drive { link: &mut self.link, delivery, content, observer, room: Room::take() }.advance()?;
        Ok(waiting.map_or(Poll::Ready(()), |wait| {
            self.waiting = Waiting::start(wait, self.link.now());
            Poll::Pending
        }))
    }

    /// The report of the delivery that was driven last, with the server of each attempt: the connected address, or
    /// the last one tried if no connection was made.
    pub fn report<'a>(&'a self, delivery: &'a Delivery) -> Report<'a> {
        delivery.report().with_servers(&self.link.servers)
    }

    fn finish(
        &mut self,
        delivery: &mut Delivery,
        content: &mut dyn Content,
        observer: &mut dyn Observer,
    ) -> Result<(), MisuseError> {
        while self.advance(delivery, content, observer)?.is_pending() {
            waiting::wait([(&mut self.waiting, &self.link)]);
        }
        Ok(())
    }
}

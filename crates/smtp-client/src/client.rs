//! The client: a next hop, and the connection to it that is kept between messages.

use std::{
    io::{self, Read},
    net::SocketAddr,
    sync::{Arc, atomic::AtomicBool},
    task::Poll,
};

use smtp_proto::{Delivery, MisuseError};

use crate::{
    bounds::Bounds,
    drive::Drive,
    link::Link,
    next_hop::NextHop,
    observer::Observer,
    waiting::{self, Waiting},
};

/// Drives deliveries to one next hop, and owns the connection that is kept between them.
///
/// Use one client with one [`Delivery`]: for the next message [`Delivery::deliver_next`], then
/// [`deliver`](Self::deliver) again; at the end [`quit`](Self::quit).
///
/// Several clients share a thread when each is driven in parts: [`start`](Self::start), then
/// [`advance`](Self::advance) until it is ready, and [`wait`](crate::wait) for all of them in between.
#[derive(Debug)]
pub struct Client {
    pub(crate) link: Link,
    pub(crate) waiting: Waiting,
}

impl Client {
    /// A client without a connection, with the default [`Bounds`].
    pub fn new(next_hop: NextHop) -> Self {
        Self { link: Link::new(next_hop), waiting: Waiting::Idle }
    }

    /// The same client with other bounds.
    #[must_use]
    pub fn with_bounds(mut self, bounds: Bounds) -> Self {
        self.link.bounds = bounds;
        self
    }

    /// The same client, which gives every delivery up as long as `interrupt` is set. [`wait`](crate::wait) lets it
    /// look at that ten times a second.
    #[must_use]
    pub fn with_interrupt(mut self, interrupt: Arc<AtomicBool>) -> Self {
        self.link.interrupt = interrupt;
        self
    }

    /// Drives `delivery` until it is done; its report then tells the rest. `content` is read once, from
    /// its start, when the server asks for it.
    ///
    /// If `content` fails, its end is not sent and the message is deferred: as changed if the error
    /// wraps [`ContentChanged`](crate::ContentChanged), as unreadable otherwise.
    ///
    /// A [`MisuseError`] is a fault of this crate.
    pub fn deliver(
        &mut self,
        delivery: &mut Delivery,
        content: &mut dyn Read,
        observer: &mut dyn Observer,
    ) -> Result<(), MisuseError> {
        self.start();
        self.finish(delivery, content, observer)
    }

    /// Ends the connection that was kept, if there is one, in order.
    pub fn quit(&mut self, delivery: &mut Delivery, observer: &mut dyn Observer) -> Result<(), MisuseError> {
        self.start_quit(delivery)?;
        self.finish(delivery, &mut io::empty(), observer)
    }

    /// The clock starts for a delivery, which [`advance`](Self::advance) drives.
    pub fn start(&mut self) {
        self.link.start();
        self.waiting = Waiting::Over;
    }

    /// The clock starts for the end of the connection that was kept, which [`advance`](Self::advance)
    /// drives, without content.
    pub fn start_quit(&mut self, delivery: &mut Delivery) -> Result<(), MisuseError> {
        delivery.quit()?;
        self.link.restart_clock();
        self.waiting = Waiting::Over;
        Ok(())
    }

    /// Drives `delivery` as far as it goes without waiting for its connection, and in turn with the
    /// others on its thread. [`Poll::Ready`] once it is done.
    ///
    /// What has arrived counts, however late this is called. From one start until it is ready, a client
    /// is to be given the same delivery and the same content.
    pub fn advance(
        &mut self,
        delivery: &mut Delivery,
        content: &mut dyn Read,
        observer: &mut dyn Observer,
    ) -> Result<Poll<()>, MisuseError> {
        if let Waiting::For(..) = self.waiting {
            return Ok(Poll::Pending);
        }
        self.waiting = Waiting::Idle;
        let waiting = Drive { link: &mut self.link, delivery, content, observer }.advance()?;
        Ok(waiting.map_or(Poll::Ready(()), |waiting| {
            self.waiting = waiting;
            Poll::Pending
        }))
    }

    /// The server of each attempt of the last delivery, in the order of its report: the address that
    /// was connected to, or else the last one that was tried.
    pub fn servers(&self) -> &[Option<SocketAddr>] {
        &self.link.servers
    }

    fn finish(
        &mut self,
        delivery: &mut Delivery,
        content: &mut dyn Read,
        observer: &mut dyn Observer,
    ) -> Result<(), MisuseError> {
        while self.advance(delivery, content, observer)?.is_pending() {
            waiting::wait([(&mut self.waiting, self.link.stream())]);
        }
        Ok(())
    }
}

//! The client: a next hop, and the connection to it, which is kept between messages.

use std::{
    io,
    sync::{Arc, atomic::AtomicBool},
    task::Poll,
};

use smtp_proto::{Delivery, MisuseError};

use crate::{
    content::Content,
    drive::Drive,
    link::Link,
    link_methods::link_methods,
    next_hop::NextHop,
    observer::Observer,
    room::Room,
    runtime::Runtime,
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
    /// Creates a client without a connection, with the default [`Bounds`](crate::Bounds).
    pub fn new(next_hop: NextHop) -> Self {
        Self { link: Link::new(next_hop, Runtime::threads()), waiting: Waiting::Idle }
    }

    link_methods!();

    /// Cancels every delivery while `interrupt` is set. With [`wait`](crate::wait), the client checks the flag ten
    /// times a second.
    #[must_use]
    pub fn with_interrupt(mut self, interrupt: Arc<AtomicBool>) -> Self {
        self.link.interrupt = interrupt;
        self
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
        let now = self.link.now();
        let drive = Drive { link: &mut self.link, delivery, content, observer, room: Room::take(), now };
        let waiting = drive.advance()?;
        Ok(waiting.map_or(Poll::Ready(()), |wait| {
            self.waiting = Waiting::start(wait, self.link.now());
            Poll::Pending
        }))
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

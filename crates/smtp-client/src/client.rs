//! The client: a next hop, and the connection to it, which is kept between messages.

use std::{
    io,
    sync::{Arc, atomic::AtomicBool},
};

use smtp_proto::{Delivery, MisuseError};

use crate::{
    content::Content, drive::Drive, link::Link, link_methods::link_methods, next_hop::NextHop, observer::Observer,
    poll::wait, room::Room, runtime::Runtime,
};

/// Drives deliveries to one next hop, and owns the connection that is kept between them.
///
/// Use each client with one [`Delivery`]. For the next message call [`Delivery::deliver_next`], then
/// [`deliver`](Self::deliver) again. At the end call [`quit`](Self::quit).
///
/// For many deliveries at once, use the driver for tokio.
#[derive(Debug)]
pub struct Client {
    link: Link,
}

impl Client {
    /// Creates a client without a connection, with the default [`Bounds`](crate::Bounds).
    pub fn new(next_hop: NextHop) -> Self {
        Self { link: Link::new(next_hop, Runtime::threads()) }
    }

    link_methods!();

    /// Cancels every delivery while `interrupt` is set. The client checks the flag ten times a second.
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
        self.link.start();
        self.drive(delivery, content, observer)
    }

    /// Ends the kept connection, if there is one, with QUIT.
    pub fn quit(&mut self, delivery: &mut Delivery, observer: &mut dyn Observer) -> Result<(), MisuseError> {
        delivery.quit()?;
        self.link.restart_clock();
        self.drive(delivery, &mut io::empty(), observer)
    }

    fn drive(
        &mut self,
        delivery: &mut Delivery,
        content: &mut dyn Content,
        observer: &mut dyn Observer,
    ) -> Result<(), MisuseError> {
        let link = &mut self.link;
        loop {
            let now = link.now();
            let drive = Drive { link: &mut *link, delivery, content, observer, room: Room::take(), now };
            match drive.advance()? {
                Some(until) => wait(link, until),
                None => return Ok(()),
            }
        }
    }
}

//! The client: a next hop, and the connection to it that is kept between messages.

use std::{
    io::{self, Read},
    net::SocketAddr,
    sync::{Arc, atomic::AtomicBool},
};

use smtp_proto::{Delivery, Misuse};

use crate::{
    bounds::{Bounds, Pace},
    drive::Drive,
    line::Line,
    next_hop::NextHop,
    observer::Observer,
};

/// Octets read at once, from the connection or from the message: as many as a delivery hands over in
/// one step.
const ROOM: usize = 16 * 1024;

/// Drives deliveries to one next hop, and owns the connection that is kept between them.
///
/// Use one client with one [`Delivery`]: for the next message [`Delivery::deliver_next`], then
/// [`deliver`](Self::deliver) again; at the end [`quit`](Self::quit).
#[derive(Debug)]
pub struct Client {
    pub(crate) next_hop: NextHop,
    pub(crate) bounds: Bounds,
    pub(crate) interrupt: Arc<AtomicBool>,
    pub(crate) line: Option<Line>,
    /// Where the last connection went to.
    pub(crate) last: Option<SocketAddr>,
    pub(crate) servers: Vec<Option<SocketAddr>>,
    pub(crate) room: Box<[u8]>,
}

impl Client {
    /// A client without a connection, with the default [`Bounds`].
    pub fn new(next_hop: NextHop) -> Self {
        Self {
            next_hop,
            bounds: Bounds::default(),
            interrupt: Arc::default(),
            line: None,
            last: None,
            servers: Vec::new(),
            room: vec![0; ROOM].into(),
        }
    }

    /// The same client with other bounds.
    #[must_use]
    pub fn with_bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// The same client, which gives every delivery up as long as `interrupt` is set. It looks at it
    /// ten times a second.
    #[must_use]
    pub fn with_interrupt(mut self, interrupt: Arc<AtomicBool>) -> Self {
        self.interrupt = interrupt;
        self
    }

    /// Drives `delivery` until it is done; its report then tells the rest. `content` is read once, from
    /// its start, when the server asks for it.
    ///
    /// A [`Misuse`] is a fault of this crate.
    pub fn deliver(
        &mut self,
        delivery: &mut Delivery,
        content: &mut dyn Read,
        observer: &mut dyn Observer,
    ) -> Result<(), Misuse> {
        self.servers.clear();
        if let Some(line) = &mut self.line {
            line.wake();
            self.servers.push(Some(line.server()));
        }
        self.drive(delivery, content, observer)
    }

    /// Ends the connection that was kept, if there is one, in order.
    pub fn quit(&mut self, delivery: &mut Delivery, observer: &mut dyn Observer) -> Result<(), Misuse> {
        delivery.quit()?;
        if let Some(line) = &mut self.line {
            line.wake();
        }
        self.drive(delivery, &mut io::empty(), observer)
    }

    /// The server of each attempt of the last delivery, in the order of its report: the address that
    /// was connected to, or else the last one that was tried.
    pub fn servers(&self) -> &[Option<SocketAddr>] {
        &self.servers
    }

    fn drive(
        &mut self,
        delivery: &mut Delivery,
        content: &mut dyn Read,
        observer: &mut dyn Observer,
    ) -> Result<(), Misuse> {
        Drive { client: self, delivery, content, observer, pace: Pace::default() }.run()
    }
}

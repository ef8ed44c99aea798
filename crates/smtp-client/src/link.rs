//! The state of a client that a delivery borrows while it is driven: the connection, and what limits it.

use std::{
    net::{SocketAddr, TcpStream},
    sync::{Arc, atomic::AtomicBool},
    time::Instant,
};

use crate::{
    bounds::{Bounds, Pace},
    connect::Opening,
    connection::Connection,
    next_hop::NextHop,
};

/// Octets read at once, from the connection or from the message: as many as a delivery hands over in
/// one step.
const ROOM: usize = 16 * 1024;

/// The way to a next hop.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) next_hop: NextHop,
    pub(crate) bounds: Bounds,
    pub(crate) interrupt: Arc<AtomicBool>,
    pub(crate) state: State,
    /// The address of the last connection.
    pub(crate) last: Option<SocketAddr>,
    /// The address of each attempt of the delivery.
    pub(crate) servers: Vec<Option<SocketAddr>>,
    pub(crate) room: Box<[u8]>,
    /// When the delivery, or the end of the connection, was started.
    pub(crate) since: Instant,
    pub(crate) pace: Pace,
}

/// The one connection.
#[derive(Debug)]
pub(crate) enum State {
    Down,
    Opening(Opening),
    Up(Connection),
}

impl Link {
    pub(crate) fn new(next_hop: NextHop) -> Self {
        Self {
            next_hop,
            bounds: Bounds::default(),
            interrupt: Arc::default(),
            state: State::Down,
            last: None,
            servers: Vec::new(),
            room: vec![0; ROOM].into(),
            since: Instant::now(),
            pace: Pace::default(),
        }
    }

    /// Starts a delivery: its first attempt is on the connection that was kept, if there is one.
    pub(crate) fn start(&mut self) {
        self.servers.clear();
        if let State::Up(connection) = &self.state {
            self.servers.push(Some(connection.server()));
        }
        self.restart_clock();
    }

    /// Measures all limits from now on.
    pub(crate) fn restart_clock(&mut self) {
        if let State::Up(connection) = &mut self.state {
            connection.wake();
        }
        self.since = Instant::now();
        self.pace = Pace::default();
    }

    /// What can be waited for.
    pub(crate) const fn stream(&self) -> Option<&TcpStream> {
        match &self.state {
            State::Down => None,
            State::Opening(opening) => opening.stream(),
            State::Up(connection) => Some(connection.stream()),
        }
    }
}

//! The state of a client that a delivery borrows while it is driven: the connection and its limits.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Instant,
};

use socket2::Socket;

use crate::{
    bounds::{Bounds, Pace},
    connect::Opening,
    connection::Connection,
    echo::EchoFilter,
    endpoint::Endpoint,
    known_hosts::KnownHosts,
    login::CredentialSource,
    next_hop::NextHop,
    route::Route,
    tls::TlsConfig,
};

/// Octets to read at once, from the connection or from the message: the default block size of a delivery.
const ROOM: usize = 16 * 1024;

/// The connection to a next hop, with everything that belongs to it.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) next_hop: NextHop,
    pub(crate) route: Route,
    pub(crate) bounds: Bounds,
    pub(crate) interrupt: Arc<AtomicBool>,
    pub(crate) tls: Option<TlsConfig>,
    pub(crate) credentials: Option<Arc<dyn CredentialSource>>,
    pub(crate) hosts: Option<KnownHosts>,
    pub(crate) state: State,
    /// What the last connection was opened to.
    pub(crate) last: Option<Endpoint>,
    /// The address of each attempt of the delivery.
    pub(crate) servers: Vec<Option<String>>,
    pub(crate) room: Box<[u8]>,
    pub(crate) echoes: EchoFilter,
    /// When the delivery, or ending the connection, was started.
    pub(crate) since: Instant,
    pub(crate) pace: Pace,
}

/// The state of the connection.
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
            route: Route::default(),
            bounds: Bounds::default(),
            interrupt: Arc::default(),
            tls: None,
            credentials: None,
            hosts: None,
            state: State::Down,
            last: None,
            servers: Vec::new(),
            room: vec![0; ROOM].into(),
            echoes: EchoFilter::default(),
            since: Instant::now(),
            pace: Pace::default(),
        }
    }

    /// Starts a delivery. Its first attempt is on the kept connection, if there is one.
    pub(crate) fn start(&mut self) {
        self.servers.clear();
        if let State::Up(connection) = &self.state {
            self.servers.push(Some(connection.server().to_string()));
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

    /// The socket to wait for, if any.
    pub(crate) const fn stream(&self) -> Option<&Socket> {
        match &self.state {
            State::Down => None,
            State::Opening(opening) => opening.stream(),
            State::Up(connection) => Some(connection.stream()),
        }
    }
}

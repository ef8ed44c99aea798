//! The state of a client that a delivery borrows while it is driven: the connection and its limits.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Instant,
};

use crate::{
    bounds::{Bounds, Pace},
    connection::Connection,
    echo::EchoFilter,
    endpoint::Endpoint,
    known_hosts::KnownHosts,
    login::CredentialSource,
    next_hop::NextHop,
    observer::Observer,
    opening::Opening,
    route::Route,
    runtime::Runtime,
    stream::Stream,
    tls::TlsConfig,
};

/// The connection to a next hop, with everything that belongs to it.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) next_hop: NextHop,
    pub(crate) route: Route,
    pub(crate) bounds: Bounds,
    pub(crate) interrupt: Arc<AtomicBool>,
    pub(crate) runtime: Runtime,
    pub(crate) tls: Option<TlsConfig>,
    pub(crate) credentials: Option<Arc<dyn CredentialSource>>,
    pub(crate) hosts: Option<KnownHosts>,
    pub(crate) state: State,
    /// What the last connection was opened to.
    pub(crate) last: Option<Endpoint>,
    /// The address of each attempt of the delivery.
    pub(crate) servers: Vec<Option<String>>,
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
    pub(crate) fn new(next_hop: NextHop, runtime: Runtime) -> Self {
        let since = (runtime.now)();
        Self {
            next_hop,
            runtime,
            route: Route::default(),
            bounds: Bounds::default(),
            interrupt: Arc::default(),
            tls: None,
            credentials: None,
            hosts: None,
            state: State::Down,
            last: None,
            servers: Vec::new(),
            echoes: EchoFilter::default(),
            since,
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
        self.since = self.now();
        self.pace = Pace::default();
    }

    pub(crate) fn now(&self) -> Instant {
        (self.runtime.now)()
    }

    /// The sockets to wait for. There are several while a connection is opened to a name with several addresses.
    pub(crate) fn streams(&self) -> impl Iterator<Item = &Stream> {
        let (opening, up) = match &self.state {
            State::Down => (None, None),
            State::Opening(opening) => (Some(opening.streams()), None),
            State::Up(connection) => (None, Some(connection.stream())),
        };
        opening.into_iter().flatten().chain(up)
    }

    /// Closes the connection, if there is one.
    pub(crate) fn hang_up(&mut self, observer: &mut dyn Observer) {
        if let State::Up(mut connection) = std::mem::replace(&mut self.state, State::Down) {
            connection.close();
            self.echoes.end(observer);
            observer.closed();
        }
    }
}

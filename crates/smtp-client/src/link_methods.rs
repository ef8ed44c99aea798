//! The methods that the clients of all drivers have.

/// Settings of a client, and what is known about its connection. `self.link` is its link.
macro_rules! link_methods {
    () => {
        /// Replaces the bounds.
        #[must_use]
        pub fn with_bounds(mut self, bounds: $crate::Bounds) -> Self {
            self.link.bounds = bounds;
            self
        }

        /// Which addresses connections go from and to.
        #[must_use]
        pub fn with_route(mut self, route: $crate::Route) -> Self {
            self.link.route = route;
            self
        }

        /// Which certificates to trust, and which one to show. By default, the CA certificates of the system are trusted.
        /// Use clones of one configuration for all clients with the same policy, so that TLS sessions can be resumed.
        #[must_use]
        pub fn with_tls(mut self, tls: $crate::tls::TlsConfig) -> Self {
            self.link.tls = Some(tls);
            self
        }

        /// The credentials to authenticate with, for deliveries whose policy [requires](smtp_proto::AuthPolicy::Required)
        /// that.
        #[must_use]
        pub fn with_credentials(mut self, source: std::sync::Arc<dyn $crate::CredentialSource>) -> Self {
            self.link.credentials = Some(source);
            self
        }

        /// Uses what this client and others learned about servers, and adds what this one learns. By default, nothing is
        /// remembered.
        #[must_use]
        pub fn with_known_hosts(mut self, hosts: $crate::KnownHosts) -> Self {
            self.link.hosts = Some(hosts);
            self
        }

        /// What is known about the TLS layer of the open connection; `None` if there is none.
        pub fn tls(&self) -> Option<&$crate::tls::TlsFacts> {
            match &self.link.state {
                $crate::link::State::Down | $crate::link::State::Opening(_) => None,
                $crate::link::State::Up(connection) => connection.tls_facts(),
            }
        }

        /// Whether the kept connection is [too old](crate::Bounds::with_age) for another message, or was
        /// [idle](crate::Bounds::with_idle) for too long. Call [`quit`](Self::quit) then, and the next message gets a new one.
        ///
        /// A kept connection that the server has ended needs no check: the next message gets a new one by itself.
        pub fn is_stale(&self) -> bool {
            match &self.link.state {
                $crate::link::State::Up(connection) => connection.is_stale(&self.link.bounds, self.link.now()),
                $crate::link::State::Down | $crate::link::State::Opening(_) => false,
            }
        }

        /// The report of the delivery that was driven last, with the server of each attempt: the connected address, or
        /// the last one tried if no connection was made.
        pub fn report<'a>(&'a self, delivery: &'a smtp_proto::Delivery) -> smtp_proto::Report<'a> {
            delivery.report().with_servers(&self.link.servers)
        }
    };
}

pub(crate) use link_methods;

//! Where a pool delivers to, and how.

use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use smtp_proto::{Afterwards, Config, Delivery, Envelope, Protocol};

use crate::{Bounds, CredentialSource, KnownHosts, NextHop, Route, tls::TlsConfig, tokio::Client};

/// Where to deliver to, and how. Messages share connections only if their destinations are equal.
///
/// The policy, the next hop and the route are compared by value. TLS configurations and sources of credentials are equal
/// if one is a clone of the other.
#[derive(Clone)]
pub struct Destination {
    next_hop: NextHop,
    config: Arc<Config>,
    route: Route,
    tls: Option<TlsConfig>,
    credentials: Option<Arc<dyn CredentialSource>>,
}

impl Destination {
    /// Deliveries to this host under this policy. Connections are [kept](Afterwards::Keep), whatever the policy says.
    pub fn new(next_hop: NextHop, config: Config) -> Self {
        let config = Arc::new(config.with_afterwards(Afterwards::Keep));
        let next_hop = next_hop.in_one_form();
        Self { next_hop, config, route: Route::default(), tls: None, credentials: None }
    }

    /// Which addresses connections go from and to.
    #[must_use]
    pub const fn with_route(mut self, route: Route) -> Self {
        self.route = route;
        self
    }

    /// Which certificates to trust, and which one to show. By default, the CA certificates of the system are trusted.
    #[must_use]
    pub fn with_tls(mut self, tls: TlsConfig) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The credentials to authenticate with, if the policy [requires](smtp_proto::AuthPolicy::Required) that.
    #[must_use]
    pub fn with_credentials(mut self, source: Arc<dyn CredentialSource>) -> Self {
        self.credentials = Some(source);
        self
    }

    /// The host.
    pub const fn next_hop(&self) -> &NextHop {
        &self.next_hop
    }

    pub(super) fn protocol(&self) -> Protocol {
        self.config.protocol()
    }

    /// A client without a connection, and its first delivery.
    pub(super) fn start(&self, envelope: Envelope, bounds: Bounds, hosts: &KnownHosts) -> (Client, Delivery) {
        let client = Client::new(self.next_hop.clone());
        let mut client = client.with_bounds(bounds).with_route(self.route).with_known_hosts(hosts.clone());
        if let Some(tls) = &self.tls {
            client = client.with_tls(tls.clone());
        }
        if let Some(credentials) = &self.credentials {
            client = client.with_credentials(Arc::clone(credentials));
        }
        (client, Delivery::new(Arc::clone(&self.config), envelope))
    }

    fn identity(&self) -> (Option<usize>, Option<usize>) {
        let credentials = self.credentials.as_ref().map(|source| Arc::as_ptr(source).addr());
        (self.tls.as_ref().map(TlsConfig::identity), credentials)
    }
}

impl PartialEq for Destination {
    fn eq(&self, other: &Self) -> bool {
        self.next_hop == other.next_hop
            && self.route == other.route
            && self.identity() == other.identity()
            && self.config == other.config
    }
}

impl Eq for Destination {}

impl Hash for Destination {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.next_hop.hash(state);
        self.identity().hash(state);
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Destination")
            .field("next_hop", &self.next_hop)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

//! Either driver against every transcript that a server can play.

use std::{net::SocketAddr, sync::OnceLock};

use smtp_client::tls::TlsConfig;
use smtp_proto::{Delivery, Envelope};
use smtp_testkit::conformance::{self, Content, Driver, Job, Summary};

/// The client of a driver. It keeps its connection between messages.
pub(crate) trait Client {
    fn new(server: SocketAddr, tls: TlsConfig) -> Self;

    fn deliver(&mut self, delivery: &mut Delivery, content: &mut dyn Content);

    fn quit(&mut self, delivery: &mut Delivery);
}

/// A client and its delivery; `None` before the first one.
struct UnderTest<C>(Option<(C, Delivery)>);

impl<C: Client> UnderTest<C> {
    fn drive(&mut self, drive: impl FnOnce(&mut C, &mut Delivery)) -> Summary {
        let (client, delivery) = self.0.as_mut().unwrap();
        drive(client, delivery);
        Summary::from(&*delivery)
    }
}

impl<C: Client> Driver for UnderTest<C> {
    fn deliver(&mut self, job: Job<'_>) -> Summary {
        self.0 = Some((C::new(job.servers[0], tls()), Delivery::new(job.config, job.envelope)));
        self.drive(|client, delivery| client.deliver(delivery, job.content))
    }

    fn keeps_connections(&self) -> bool {
        true
    }

    fn secures_connections(&self) -> bool {
        true
    }

    fn deliver_next(&mut self, envelope: Envelope, content: &mut dyn Content) -> Summary {
        self.drive(|client, delivery| {
            delivery.deliver_next(envelope).unwrap();
            client.deliver(delivery, content);
        })
    }

    fn quit(&mut self) -> Summary {
        self.drive(C::quit)
    }
}

/// Trusts the kit's servers.
fn tls() -> TlsConfig {
    static TLS: OnceLock<TlsConfig> = OnceLock::new();
    let build = || TlsConfig::builder().with_ca_pem(conformance::authority_pem().as_bytes())?.build();
    TLS.get_or_init(|| build().unwrap()).clone()
}

pub(crate) fn check<C: Client + 'static>() {
    let passed = conformance::check(|| UnderTest::<C>(None)).unwrap_or_else(|failures| panic!("{failures}"));
    println!("{passed}");
    // Fails if the kit stops playing transcripts over sockets.
    assert!(passed.over_sockets > 200 && passed.plays > 2_000, "{passed}");
}

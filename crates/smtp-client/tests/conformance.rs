//! The driver against every transcript that a server can play.

use std::{net::SocketAddr, sync::OnceLock};

use smtp_client::{Client, tls::TlsConfig};
use smtp_proto::{Delivery, Envelope};
use smtp_testkit::conformance::{self, Content, Driver, Job, Summary};

/// The driver and its delivery, with the connection kept between messages.
#[derive(Default)]
struct UnderTest(Option<(Client, Delivery)>);

impl Driver for UnderTest {
    fn deliver(&mut self, job: Job<'_>) -> Summary {
        let server: SocketAddr = job.servers[0];
        let client = Client::new(server.into()).with_tls(tls());
        let (client, delivery) = self.0.insert((client, Delivery::new(job.config, job.envelope)));
        let mut content = job.content;
        client.deliver(delivery, &mut { content }, &mut ()).unwrap();
        Summary::from(&*delivery)
    }

    fn keeps_connections(&self) -> bool {
        true
    }

    fn secures_connections(&self) -> bool {
        true
    }

    fn deliver_next(&mut self, envelope: Envelope, content: &mut dyn Content) -> Summary {
        let (client, delivery) = self.0.as_mut().unwrap();
        delivery.deliver_next(envelope).unwrap();
        client.deliver(delivery, &mut { content }, &mut ()).unwrap();
        Summary::from(&*delivery)
    }

    fn quit(&mut self) -> Summary {
        let (client, delivery) = self.0.as_mut().unwrap();
        client.quit(delivery, &mut ()).unwrap();
        Summary::from(&*delivery)
    }
}

/// Trusts the kit's servers.
fn tls() -> TlsConfig {
    static TLS: OnceLock<TlsConfig> = OnceLock::new();
    let build = || TlsConfig::builder().with_ca_pem(conformance::authority_pem().as_bytes())?.build();
    TLS.get_or_init(|| build().unwrap()).clone()
}

#[test]
fn the_driver_conforms() {
    let passed = conformance::check(UnderTest::default).unwrap_or_else(|failures| panic!("{failures}"));
    println!("{passed}");
    // Notices if transcripts are no longer played over sockets.
    assert!(passed.over_sockets > 200 && passed.plays > 2_000, "{passed}");
}

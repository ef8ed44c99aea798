//! The blocking driver against every transcript that a server can play.

mod conformance_kit;

use std::net::SocketAddr;

use smtp_client::{Client, tls::TlsConfig};
use smtp_proto::Delivery;
use smtp_testkit::conformance::Content;

impl conformance_kit::Client for Client {
    fn new(server: SocketAddr, tls: TlsConfig) -> Self {
        Self::new(server.into()).with_tls(tls)
    }

    fn deliver(&mut self, delivery: &mut Delivery, mut content: &mut dyn Content) {
        Self::deliver(self, delivery, &mut content, &mut ()).unwrap();
    }

    fn quit(&mut self, delivery: &mut Delivery) {
        Self::quit(self, delivery, &mut ()).unwrap();
    }
}

#[test]
fn the_driver_conforms() {
    conformance_kit::check::<Client>();
}

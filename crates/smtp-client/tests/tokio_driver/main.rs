//! The driver for tokio: every transcript that a server can play, clocks that are paused, and futures that are dropped.

#[path = "../conformance_kit/mod.rs"]
mod conformance_kit;
mod dropped;
mod examples;
mod health;
mod limits;
#[path = "../one_message/mod.rs"]
mod one_message;
mod pool;
mod runtimes;
mod server;
mod sources;
mod under_way;
mod wakers;

use std::{
    io::Cursor,
    net::{Ipv4Addr, SocketAddr, TcpListener},
};

use one_message::{config, envelope, status};
use smtp_client::{tls::TlsConfig, tokio::Client};
use smtp_proto::{AttemptEnd, Delivery, Status};
use smtp_testkit::conformance::Content;
use tokio::{
    runtime::{Builder, Runtime},
    time::Instant,
};

const CONTENT: &[u8] = b"Subject: x\r\n\r\nhello\r\n";

/// A client that is driven on its own runtime.
struct OnRuntime(Runtime, Client);

impl conformance_kit::Client for OnRuntime {
    fn new(server: SocketAddr, tls: TlsConfig) -> Self {
        Self(Builder::new_current_thread().enable_all().build().unwrap(), Client::new(server.into()).with_tls(tls))
    }

    fn deliver(&mut self, delivery: &mut Delivery, content: &mut dyn Content) {
        let mut octets = Vec::new();
        content.read_to_end(&mut octets).unwrap();
        self.0.block_on(self.1.deliver(delivery, &mut Cursor::new(octets), &mut ())).unwrap();
    }

    fn quit(&mut self, delivery: &mut Delivery) {
        self.0.block_on(self.1.quit(delivery, &mut ())).unwrap();
    }
}

#[test]
fn the_driver_conforms() {
    conformance_kit::check::<OnRuntime>();
}

#[test]
fn a_delivery_can_move_between_threads() {
    fn assert_send<T: Send>(_: T) {}
    let mut client = Client::new("192.0.2.1:25".parse().unwrap());
    let mut delivery = Delivery::new(config(), envelope());
    assert_send(client.deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ()));
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_given_up_when_its_time_has_passed() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut client = Client::new(listener.local_addr().unwrap().into());
    let mut delivery = Delivery::new(config(), envelope());
    let since = Instant::now();
    client.deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ()).await.unwrap();
    assert_eq!(since.elapsed().as_secs(), config().timeouts().greeting().as_secs());
    let attempts: Vec<_> = delivery.report().attempts().filter_map(|attempt| attempt.end()).collect();
    assert_eq!((status(&delivery), attempts), (Status::Deferred, vec![AttemptEnd::TimedOut]));
}

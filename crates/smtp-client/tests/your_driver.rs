//! The conformance kit with a driver of your own. Here, `Client` is in its place.

use smtp_client::Client;
use smtp_proto::Delivery;
use smtp_testkit::conformance::{Job, Kit, Summary};

/// Delivers one message with the driver.
fn deliver(mut job: Job<'_>) -> Summary {
    let mut delivery = Delivery::new(job.config, job.envelope);
    Client::new(job.servers[0].into()).deliver(&mut delivery, &mut job.content, &mut ()).unwrap();
    Summary::from(&delivery)
}

#[test]
fn your_driver_conforms() {
    let kit = Kit::new().only(|name| name.starts_with("ehlo-"));
    let passed = kit.check(|| deliver).unwrap_or_else(|failures| panic!("{failures}"));
    println!("{passed}");
}

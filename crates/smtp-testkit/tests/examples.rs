//! The conformance kit passes the drivers that people copy: the examples of smtp-proto.

#![allow(dead_code, reason = "the examples have a main")]

#[path = "../../smtp-proto/examples/blocking.rs"]
mod blocking;
#[path = "../../smtp-proto/examples/tokio.rs"]
mod with_tokio;

use smtp_proto::Delivery;
use smtp_testkit::conformance::{self, Job, Summary};

fn check(driver: fn(Job<'_>) -> Summary) {
    let passed = conformance::check(move || driver).unwrap_or_else(|failures| panic!("{failures}"));
    println!("{passed}");
    let left_out = |why| passed.not_over_sockets.iter().filter(|(_, reason)| *reason == why).count();
    assert!(left_out("the driver does not keep connections") > 20, "{passed}");
    assert!(left_out("a cancelled delivery") > 5, "{passed}");
    assert!(passed.over_sockets > 200, "{passed}");
}

#[test]
fn the_blocking_driver_conforms() {
    check(|job| {
        let mut delivery = Delivery::new(job.config, job.envelope);
        blocking::Driver::new(job.servers.to_vec()).deliver(&mut delivery, job.content).unwrap();
        Summary::from(&delivery)
    });
}

#[test]
fn the_tokio_driver_conforms() {
    check(|job| {
        let mut delivery = Delivery::new(job.config, job.envelope);
        let mut message = Vec::new();
        job.content.read_to_end(&mut message).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(with_tokio::deliver(&mut delivery, job.servers, &message)).unwrap();
        Summary::from(&delivery)
    });
}

//! One message from one sender to one recipient.

use smtp_proto::{Config, Delivery, Envelope, HelloName, Status};

pub(crate) fn config() -> Config {
    Config::new(HelloName::new("client.example").unwrap())
}

pub(crate) fn envelope() -> Envelope {
    Envelope::new("a@example.com".parse().unwrap(), vec!["b@example.net".parse().unwrap()]).unwrap()
}

/// What became of the message.
pub(crate) fn status(delivery: &Delivery) -> Status {
    delivery.report().recipients().next().unwrap().status
}

//! The policy and the envelope of our deliveries.

use std::sync::Arc;

use smtp_proto::{Afterwards, Chunking, Config, Envelope, HelloName};
pub use smtp_testkit::peers::drive;

use crate::inputs;

/// The policy, which our sessions share. No peer uses BDAT, so it is not used here either; [`crate::bdat`] measures it.
pub fn config(afterwards: Afterwards) -> Arc<Config> {
    let mut config = Config::new(HelloName::new(inputs::HELLO_NAME).expect("a name"));
    config = config.with_afterwards(afterwards).with_chunking(Chunking::Never);
    config.into()
}

/// An envelope with these recipients.
pub fn envelope(recipients: &[String]) -> Envelope {
    let paths = recipients.iter().map(|recipient| recipient.parse().expect("an address")).collect();
    Envelope::new(inputs::SENDER.parse().expect("an address"), paths).expect("a recipient")
}

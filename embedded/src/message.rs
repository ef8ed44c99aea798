//! The message, and the delivery of it. On a board, both would be in flash or come from sensors.

use alloc::vec::Vec;

use smtp_proto::{Chunking, Config, Delivery, Envelope, ForwardPath, HelloName, Limits, ReversePath};

/// The content that transcripts have if they give none.
pub(crate) const CONTENT: &str = "Subject: Lunch\r\n\r\nAt noon?\r\n";

/// A delivery by a client with this name. `recipients` must know how many there are, so that no room is allocated for
/// more.
pub(crate) fn delivery<'a>(name: &str, from: &str, recipients: impl ExactSizeIterator<Item = &'a str>) -> Delivery {
    let name = HelloName::new(name).expect("the name is valid");
    let from: ReversePath = from.parse().expect("the sender is valid");
    let recipients: Vec<ForwardPath> = recipients.map(|to| to.parse().expect("the recipient is valid")).collect();
    let envelope = Envelope::new(from, recipients).expect("there are recipients");
    // DATA needs less memory than BDAT.
    let config = Config::new(name).with_limits(Limits::SMALL).with_chunking(Chunking::Never);
    Delivery::new(config, envelope)
}

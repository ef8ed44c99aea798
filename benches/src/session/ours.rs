//! Our driver: a loop around [`Delivery::poll`].

use std::hint::black_box;

use smtp_proto::{Afterwards, Config, Delivery, Disconnect, Envelope, HelloName, Status, Step};

use super::server::Line;
use crate::inputs;

/// The policy of all our sessions.
pub fn config(afterwards: Afterwards) -> Config {
    let mut config = Config::new(HelloName::new(inputs::HELLO_NAME).expect("a name"));
    config.afterwards = afterwards;
    config
}

/// The envelope of a message to `recipients`.
pub fn envelope(recipients: &[String]) -> Envelope {
    let paths = recipients.iter().map(|recipient| recipient.parse().expect("an address")).collect();
    Envelope::new(inputs::SENDER.parse().expect("an address"), paths).expect("a recipient")
}

/// Drives until done: the number of recipients who have the message.
pub fn drive(delivery: &mut Delivery, mut message: &[u8], line: &mut impl Line) -> usize {
    let mut room = [0; 2048];
    loop {
        match delivery.poll() {
            Step::Connect(_) => {
                line.open();
                delivery.connected()
            }
            Step::Content(_) if message.is_empty() => delivery.end_content(),
            Step::Content(most) => {
                let (piece, rest) = message.split_at(most.min(message.len()));
                message = rest;
                delivery.content(piece)
            }
            Step::Transmit(octets, _) => {
                line.write(black_box(octets));
                let len = octets.len();
                delivery.sent(len)
            }
            Step::Wait(_) => match line.read(&mut room) {
                0 => delivery.disconnected(Disconnect::Closed),
                len => delivery.received(&room[..len]),
            },
            Step::Done(report) => {
                return report.recipients().filter(|recipient| recipient.status == Status::Delivered).count();
            }
        }
        .expect("what was asked for is given");
    }
}

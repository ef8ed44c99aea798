//! A driver for our client: a loop around [`Delivery::poll`].

use std::hint::black_box;

use smtp_proto::{Delivery, Disconnect, MisuseError, Status, Step};

use super::Line;

/// Drives the delivery until it is done. Returns the number of recipients that got the message.
pub fn drive(delivery: &mut Delivery, message: &[u8], line: &mut impl Line) -> usize {
    drive_secured(delivery, message, line, |_| unreachable!("the policy asks for neither"))
}

/// The same, with TLS and AUTH. `answer` answers [`Step::Secure`] and [`Step::Authenticate`].
pub fn drive_secured(
    delivery: &mut Delivery,
    content: &[u8],
    line: &mut impl Line,
    mut answer: impl FnMut(&mut Delivery) -> Result<(), MisuseError>,
) -> usize {
    let mut room = [0; 2048];
    let mut message = content;
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
            Step::Rewind => {
                message = content;
                delivery.rewound()
            }
            Step::Transmit(transmit) => {
                let octets = transmit.octets();
                line.write(black_box(octets));
                let len = octets.len();
                delivery.sent(len)
            }
            Step::Receive(_) => match line.read(&mut room) {
                0 => delivery.disconnected(Disconnect::Closed),
                len => delivery.received(&room[..len]),
            },
            Step::Secure(_) | Step::Authenticate(_) => answer(delivery),
            Step::Done(report) => {
                return report.recipients().filter(|recipient| recipient.status == Status::Delivered).count();
            }
        }
        .expect("the delivery accepts what it asked for");
    }
}

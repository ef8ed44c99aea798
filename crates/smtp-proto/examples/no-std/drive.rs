//! The loop of a driver that needs no std. It has no TLS and no credentials, and reads the message once.

use smtp_proto::{Cancel, Connect, Delivery, MisuseError, Step, Timeout};

pub trait Board {
    fn connect(&mut self, to: Connect) -> bool;
    fn content(&mut self, most: usize) -> &[u8];
    fn write(&mut self, octets: &[u8]) -> usize;
    fn read(&mut self, delivery: &mut Delivery, timeout: Timeout) -> Result<(), MisuseError>;
}

pub fn drive(delivery: &mut Delivery, board: &mut impl Board) -> Result<(), MisuseError> {
    loop {
        match delivery.poll() {
            Step::Done(_) => return Ok(()),
            Step::Connect(to) if board.connect(to) => delivery.connected()?,
            Step::Connect(_) => delivery.connect_failed("no connection")?,
            Step::Content(most) => match board.content(most) {
                [] => delivery.end_content()?,
                octets => delivery.content(octets)?,
            },
            Step::Transmit(transmit) => match (board.write(transmit.octets()), transmit.timeout()) {
                (0, timeout) => board.read(delivery, timeout)?,
                (sent, _) => delivery.sent(sent)?,
            },
            Step::Receive(timeout) => board.read(delivery, timeout)?,
            Step::Rewind | Step::Secure(_) | Step::Authenticate(_) => delivery.cancel(Cancel::Other("unsupported")),
        }
    }
}

//! What a recording leaves out.

use smtp_proto::Step;

use super::{Player, Size, Wrong};
use crate::{
    sasl::{PASSWORD, Server},
    transcript::LeftOut,
};

impl Player<'_> {
    /// Accepts from the client what a recording leaves out. Of the server, a challenge is replaced with another one, and
    /// any other line is ended.
    pub(super) fn skip(&mut self, what: LeftOut) -> Result<(), Wrong> {
        let mut most = match what {
            LeftOut::Server(_) => {
                let challenge = self.challenge();
                return self.hear(format!("{challenge}\r\n").as_bytes());
            }
            LeftOut::Client(_) => usize::MAX,
            LeftOut::Content(octets) => usize::try_from(octets).unwrap_or(usize::MAX),
        };
        while most > 0 {
            self.give_content(Size::Whole)?;
            let Step::Transmit(transmit) = self.delivery.poll() else { break };
            let octets = transmit.octets()[..most.min(transmit.octets().len())].to_vec();
            most -= octets.len();
            self.hand_over(&octets)?;
        }
        Ok(())
    }

    /// The challenge that ends the line which the server has begun, or nothing if that is another reply.
    fn challenge(&self) -> String {
        let Some(begun) = self.connection.server.rsplit(|octet| *octet == b'\n').next() else { return String::new() };
        if begun != b"334 " {
            return String::new();
        }
        let mut server = Server::new(PASSWORD);
        self.connection.client.split_inclusive(|octet| *octet == b'\n').for_each(|line| server.heard(line));
        // A challenge that is not due is that of a refused token.
        server.challenge(false).unwrap_or_default()
    }
}

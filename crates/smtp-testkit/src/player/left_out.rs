//! What a recording leaves out.

use smtp_proto::Step;

use super::{Player, Size, Wrong};
use crate::transcript::LeftOut;

impl Player<'_> {
    /// Accepts from the client what a recording leaves out, and ends a line of the server without it.
    pub(super) fn skip(&mut self, what: LeftOut) -> Result<(), Wrong> {
        let mut most = match what {
            LeftOut::Server(_) => return self.hear(b"\r\n"),
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
}

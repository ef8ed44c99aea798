//! What the client must do next, and what the caller gives it for that.

use smtp_proto::{Connect, Escaped, Place, Step};

use super::{Player, Size, Wrong, misuse};
use crate::transcript::Flight;

impl Player<'_> {
    /// Expects the client to send the octets of `flight` from `at` on, and nothing after them yet.
    pub(super) fn expect(&mut self, flight: &Flight, at: &mut usize, size: Size) -> Result<(), Wrong> {
        while *at < flight.octets.len() {
            self.give_content(size)?;
            let expected = &flight.octets[*at..];
            let Step::Transmit(transmit) = self.delivery.poll() else {
                let step = self.step();
                return Err(format!("expected the client to send \"{}\", but it {step}", Escaped(expected)));
            };
            let most = match size {
                Size::Whole => transmit.octets().len(),
                Size::Octets => 1,
            };
            let octets = transmit.octets()[..most.min(expected.len())].to_vec();
            let same = octets.iter().zip(expected).take_while(|(sent, expected)| sent == expected).count();
            if same < octets.len() {
                *at += same;
                let (sent, expected) = (Escaped(&octets[same..]), Escaped(&expected[same..]));
                return Err(format!("the client sends \"{sent}\"\ninstead of \"{expected}\""));
            }
            self.hand_over(&octets)?;
            *at += octets.len();
        }
        if flight.unended {
            return Ok(());
        }
        self.give_content(size)?;
        match self.delivery.poll() {
            Step::Transmit(more) => Err(format!("the client sends more: \"{}\"", Escaped(more.octets()))),
            _ => Ok(()),
        }
    }

    /// Hands over octets, which are the first of those to be transmitted.
    pub(super) fn hand_over(&mut self, octets: &[u8]) -> Result<(), Wrong> {
        self.connection.client.extend_from_slice(octets);
        self.delivery.sent(octets.len()).map_err(misuse)
    }

    /// Gives everything that the delivery asks for: responses and content.
    pub(super) fn give_content(&mut self, size: Size) -> Result<(), Wrong> {
        self.authenticate()?;
        self.rewind()?;
        while let Step::Content(room) = self.delivery.poll() {
            let rest = &self.transcript.messages[self.message].content[self.given..];
            let most = match size {
                Size::Whole => room,
                Size::Octets => 1,
            };
            if rest.is_empty() {
                self.delivery.end_content().map_err(misuse)?;
            } else {
                let piece = &rest[..rest.len().min(most)];
                self.delivery.content(piece).map_err(misuse)?;
                self.given += piece.len();
            }
        }
        Ok(())
    }

    /// Reads the content again, if the delivery asks for that and the caller can.
    pub(super) fn rewind(&mut self) -> Result<(), Wrong> {
        let Step::Rewind = self.delivery.poll() else { return Ok(()) };
        self.given = 0;
        self.is_divided = true;
        let answered = if self.transcript.can_rewind { self.delivery.rewound() } else { self.delivery.cannot_rewind() };
        answered.map_err(misuse)
    }

    pub(super) fn expect_connect(&mut self, place: Place) -> Result<(), Wrong> {
        self.rewind()?;
        match self.delivery.poll() {
            Step::Connect(Connect { place: asked, .. }) if asked == place => Ok(()),
            Step::Connect(Connect { place: asked, .. }) => {
                Err(format!("the client asks for a connection to {asked:?} place"))
            }
            _ => Err(format!("expected the client to ask for a connection, but it {}", self.step())),
        }
    }

    pub(super) fn expect_done(&mut self, kept: bool) -> Result<(), Wrong> {
        self.give_content(Size::Whole)?;
        let is_kept = self.delivery.is_kept();
        match self.delivery.poll() {
            Step::Done(_) if kept != is_kept => Err(format!("connection kept: {is_kept}, expected: {kept}")),
            Step::Done(report) => {
                self.outcome.text.push_str(&report.to_string());
                self.outcome.text.push_str(if kept { "-- kept\n" } else { "-- done\n" });
                Ok(())
            }
            _ => Err(format!("expected the delivery to be done, but it {}", self.step())),
        }
    }

    pub(super) fn step(&mut self) -> String {
        match self.delivery.poll() {
            Step::Connect(_) => "asks for a connection".into(),
            Step::Transmit(transmit) => format!("sends \"{}\"", Escaped(transmit.octets())),
            Step::Content(_) => "asks for content".into(),
            Step::Rewind => "asks for the content again".into(),
            Step::Receive(_) => "waits".into(),
            Step::Secure(_) => "asks for a handshake".into(),
            Step::Authenticate(step) => format!("asks for {step:?}"),
            Step::Done(report) => format!("is done:\n{report}"),
        }
    }
}

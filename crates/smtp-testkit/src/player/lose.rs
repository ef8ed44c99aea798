//! Derives transcripts in which the connection is lost in the middle of a reply, and a server that accepts
//! everything takes over.

use smtp_proto::{Disconnect, Step};

use super::{Mismatch, Pieces, Player, Size, Wrong, obliging::Obliging};
use crate::transcript::{Action, Flight, Item, Transcript};

/// More steps than any delivery of a short message needs.
const MOST_STEPS: usize = 10_000;

/// Returns a transcript for each flight of the server, in which the connection closes in the middle of that
/// flight. The client's side is recorded from the machine, under the oracle.
pub(crate) fn lost_in_a_reply(transcript: &Transcript) -> Result<Vec<Transcript>, Mismatch> {
    let mut player = Player::new(transcript);
    let mut lost = Vec::new();
    for (index, item) in transcript.script.iter().enumerate() {
        if let Action::Server(flight) = &item.action {
            if flight.octets.len() > 1 && player.is_connected() && !player.delivery.is_kept() {
                let script = transcript.script[..index].to_vec();
                let mut copy = player.clone();
                let (line, half) = (item.line, &flight.octets[..flight.octets.len() / 2]);
                let script = copy.lose(script, line, half).map_err(|what| copy.mismatch(line, what))?;
                lost.push(Transcript { script, ..transcript.clone() });
            }
        }
        player.play(std::slice::from_ref(item), Pieces::WHOLE)?;
    }
    Ok(lost)
}

impl Player<'_> {
    /// Closes the connection after `half` of a reply, continues until the delivery is done, and records it.
    fn lose(&mut self, mut script: Vec<Item>, line: usize, half: &[u8]) -> Result<Vec<Item>, Wrong> {
        let mut note = |action| script.push(Item { line, action });
        self.hear(half)?;
        note(Action::Server(Flight::new(line, half)));
        if self.is_connected() {
            self.delivery.disconnected(Disconnect::Closed).map_err(super::misuse)?;
            note(Action::Lost(Disconnect::Closed));
        }
        let mut server: Option<Obliging> = None;
        for _ in 0..MOST_STEPS {
            self.give_content(Size::Whole)?;
            match (self.delivery.poll(), &mut server) {
                (Step::Done(_), _) => {
                    note(Action::Done { kept: self.delivery.is_kept() });
                    return Ok(script);
                }
                (Step::Connect(to), server) => {
                    note(Action::Connect(to.place));
                    self.connect()?;
                    *server = Some(Obliging::default());
                    self.hear(Obliging::GREETING)?;
                    note(Action::Server(Flight::new(line, Obliging::GREETING)));
                }
                (Step::Transmit(_), Some(server)) => {
                    let octets = self.transmit_all()?;
                    note(Action::Client(Flight::new(line, &octets)));
                    let replies = server.hear(&octets);
                    if !replies.is_empty() {
                        self.hear(&replies)?;
                        note(Action::Server(Flight::new(line, &replies)));
                    }
                }
                _ => return Err("the client continues as if the connection were still open".into()),
            }
        }
        Err(format!("not done after {MOST_STEPS} steps"))
    }

    /// Hands over everything that is to be sent before the next reply.
    fn transmit_all(&mut self) -> Result<Vec<u8>, Wrong> {
        let mut all = Vec::new();
        loop {
            self.give_content(Size::Whole)?;
            let Step::Transmit(transmit) = self.delivery.poll() else { return Ok(all) };
            let octets = transmit.octets().to_vec();
            self.hand_over(&octets)?;
            all.extend_from_slice(&octets);
        }
    }
}

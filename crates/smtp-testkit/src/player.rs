//! Plays transcripts: a delivery talks to the server of the transcript, under the oracle.
//!
//! While a flight of the server arrives in pieces, the client writes nothing. Otherwise the result could
//! depend on when the client writes, and not only on the pieces.

mod cut;
mod expect;
mod left_out;
mod lose;
mod obliging;
mod plan;
mod secure;

use std::fmt;

use smtp_proto::{AuthPolicy, MisuseError, Step};

use crate::{
    Watched,
    sasl::{Exchange, PASSWORD, TOKEN},
    transcript::{Action, Item, Transcript},
};

pub use cut::{Cuts, play_cuts};
pub(crate) use lose::lost_in_a_reply;
pub(crate) use plan::{Plan, ends_while_writing, reports};

/// The sizes of the pieces in which a transcript is played. They must not change the outcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pieces {
    /// Pieces of what the server sends.
    pub server: Size,
    /// Pieces of what the client sends, and of the content that the caller gives.
    pub client: Size,
}

/// The size of pieces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Size {
    /// As large as possible.
    Whole,
    /// One octet each.
    Octets,
}

impl Pieces {
    /// Everything in one piece.
    pub const WHOLE: Self = Self { server: Size::Whole, client: Size::Whole };
}

/// The outcome of a play: for each `-- done` and `-- kept`, the report as text, followed by the mark.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Outcome {
    text: String,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The delivery did not follow the transcript.
#[derive(Clone, Debug)]
pub struct Mismatch {
    /// The line of the transcript.
    pub line: usize,
    /// What differs.
    pub what: String,
    /// What happened before, as a transcript.
    pub conversation: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}\nwhat happened:\n{}", self.line, self.what, self.conversation)
    }
}

impl std::error::Error for Mismatch {}

/// Plays a transcript from its start to its end.
pub fn play(transcript: &Transcript, pieces: Pieces) -> Result<Outcome, Mismatch> {
    let mut player = Player::new(transcript);
    player.play(&transcript.script, pieces)?;
    Ok(player.outcome)
}

/// Plays a transcript once for each way to split one flight of the server in two. Returns the number of
/// plays.
pub fn play_splits(transcript: &Transcript, expected: &Outcome) -> Result<usize, Mismatch> {
    let mut player = Player::new(transcript);
    let mut plays = 0;
    for (index, item) in transcript.script.iter().enumerate() {
        if let Action::Server(flight) = &item.action {
            for at in 1..flight.octets.len() {
                let mut split = player.clone();
                let (first, second) = flight.octets.split_at(at);
                split.in_line(item.line, |player| {
                    player.hear(first)?;
                    player.hear(second)
                })?;
                split.play(&transcript.script[index + 1..], Pieces::WHOLE)?;
                if split.outcome != *expected {
                    let what = format!("split after octet {at}, it ends with\n{}", split.outcome);
                    return Err(split.mismatch(item.line, what));
                }
                plays += 1;
            }
        }
        player.play(std::slice::from_ref(item), Pieces::WHOLE)?;
    }
    Ok(plays)
}

/// A delivery in the middle of a play.
#[derive(Clone)]
struct Player<'t> {
    transcript: &'t Transcript,
    delivery: Watched,
    /// The index of the current message.
    message: usize,
    /// How many octets of it the caller has given.
    given: usize,
    connection: Connection,
    exchange: Exchange,
    /// Whether the server is known to support TLS.
    is_secure_host: bool,
    /// Whether the message was divided into several transactions.
    is_divided: bool,
    outcome: Outcome,
}

/// What was sent on the open connection.
#[derive(Clone, Default)]
struct Connection {
    server: Vec<u8>,
    client: Vec<u8>,
    /// It has served an earlier message.
    reused: bool,
    is_secured: bool,
    is_verified: bool,
}

/// What went wrong, before the line is added.
type Wrong = String;

impl<'t> Player<'t> {
    fn new(transcript: &'t Transcript) -> Self {
        let mut delivery = Watched::new(transcript.config.clone(), transcript.messages[0].envelope.clone());
        if *transcript.config.auth() != AuthPolicy::Never {
            for secret in [PASSWORD, TOKEN] {
                delivery.hide(secret.as_bytes());
            }
        }
        Self {
            transcript,
            delivery,
            message: 0,
            given: 0,
            connection: Connection::default(),
            exchange: Exchange::default().with_token_length(transcript.token_length),
            is_secure_host: false,
            is_divided: false,
            outcome: Outcome::default(),
        }
    }

    fn play(&mut self, script: &[Item], pieces: Pieces) -> Result<(), Mismatch> {
        for item in script {
            match &item.action {
                Action::Client(flight) => {
                    let mut at = 0;
                    self.expect(flight, &mut at, pieces.client)
                        .map_err(|what| self.mismatch(flight.line_at(at), what))?;
                }
                action => self.in_line(item.line, |player| player.act(action, pieces))?,
            }
        }
        Ok(())
    }

    fn act(&mut self, action: &Action, pieces: Pieces) -> Result<(), Wrong> {
        match action {
            Action::Server(flight) => {
                let size = match pieces.server {
                    Size::Whole => flight.octets.len().max(1),
                    Size::Octets => 1,
                };
                flight.octets.chunks(size).try_for_each(|piece| self.hear(piece))?;
            }
            Action::Client(_) => unreachable!("handled in `play`"),
            Action::LeftOut(what) => self.skip(*what)?,
            Action::Connect(place) => {
                self.expect_connect(*place)?;
                self.connect()?;
            }
            Action::ConnectFails(place, why) => {
                self.expect_connect(*place)?;
                self.delivery.connect_failed(why).map_err(misuse)?;
            }
            Action::Lost(how) => self.delivery.disconnected(*how).map_err(misuse)?,
            Action::Silence(limit) => {
                let timeout = match self.delivery.poll() {
                    Step::Receive(timeout) => Some(timeout.duration),
                    Step::Transmit(transmit) => Some(transmit.timeout().duration),
                    Step::Secure(secure) => Some(secure.timeout.duration),
                    _ => None,
                };
                if let (Some(limit), Some(timeout)) = (limit, timeout) {
                    if timeout != *limit {
                        return Err(format!("the client waits for {timeout:?} instead of {limit:?}"));
                    }
                }
                self.delivery.timed_out().map_err(misuse)?;
            }
            Action::Cancel(why) => self.delivery.cancel(*why),
            Action::Done { kept } => self.expect_done(*kept)?,
            Action::NextMessage => {
                self.message += 1;
                self.given = 0;
                self.is_divided = false;
                self.connection.reused = true;
                self.is_secure_host &= self.delivery.is_kept();
                let envelope = self.transcript.messages[self.message].envelope.clone();
                self.delivery.deliver_next(envelope).map_err(misuse)?;
            }
            Action::Quit => self.delivery.quit().map_err(misuse)?,
            Action::Know(host) => {
                self.is_secure_host |= host.secured();
                self.delivery.know(*host).map_err(misuse)?;
            }
            Action::Tls(handshake) => self.shake_hands(handshake)?,
            Action::AbandonAuth(why) => match self.delivery.poll() {
                Step::Authenticate(_) => self.delivery.auth_abandon(why).map_err(misuse)?,
                _ => return Err(format!("expected the client to authenticate, but it {}", self.step())),
            },
        }
        Ok(())
    }

    /// The server sends these octets. They are dropped if the connection has ended.
    fn hear(&mut self, octets: &[u8]) -> Result<(), Wrong> {
        if self.is_connected() {
            self.delivery.received(octets).map_err(misuse)?;
            self.connection.server.extend_from_slice(octets);
        }
        Ok(())
    }

    fn connect(&mut self) -> Result<(), Wrong> {
        self.connection = Connection::default();
        self.delivery.connected().map_err(misuse)
    }

    fn is_connected(&mut self) -> bool {
        match self.delivery.poll() {
            Step::Connect(_) => false,
            // The connection may have been lost since.
            Step::Rewind => {
                self.delivery.delivery().report().attempts().last().is_some_and(|attempt| attempt.end().is_none())
            }
            Step::Done(_) => self.delivery.is_kept(),
            _ => true,
        }
    }

    fn in_line(&mut self, line: usize, act: impl FnOnce(&mut Self) -> Result<(), Wrong>) -> Result<(), Mismatch> {
        act(self).map_err(|what| self.mismatch(line, what))
    }

    fn mismatch(&self, line: usize, what: Wrong) -> Mismatch {
        Mismatch { line, what, conversation: self.delivery.conversation() }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn misuse(error: MisuseError) -> Wrong {
    format!("the delivery rejects the call: {error}")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const START: &str = "-- connect\nS: 220 a\nC: EHLO client.example\n";

    fn played(rest: &str) -> Result<Outcome, Mismatch> {
        let source = format!("{START}{rest}");
        play(&Transcript::parse(&source, Path::new("")).unwrap(), Pieces::WHOLE)
    }

    #[test]
    fn a_play_that_follows_the_transcript_returns_its_reports() {
        let outcome = played("S: 550 a\nC: HELO client.example\nS: 550 b\nC: QUIT\n-- close\n-- done").unwrap();
        assert!(outcome.to_string().starts_with("<bob@example.net> failed: 550 b\n"), "{outcome}");
        assert!(outcome.to_string().ends_with("\n-- done\n"), "{outcome}");
    }

    #[test]
    fn a_mismatch_names_its_line() {
        for (rest, line, what) in [
            ("S: 250 a\nC: MAIL FROM:<bob@example.net>\n-- done", 5, "the client sends \"alice"),
            ("S: 250 a\nC: MAIL FROM:<alice@example.com>\nC: RCPT\n-- done", 6, "but it waits"),
            ("S: 250-a\nS: 250 PIPELINING\nC: MAIL FROM:<alice@example.com>\nS: 250 a\n-- done", 6, "sends more"),
            ("-- close\nC: HELO client.example\n-- done", 5, "asks for a connection"),
            ("-- close\n-- connect\n-- done", 5, "asks for a connection to Same"),
            ("S: 421 a\n-- connect\n-- done", 5, "is done"),
            ("-- done", 4, "but it waits"),
            ("S: 421 a\n-- kept", 5, "connection kept: false"),
            ("S: 421 a\n-- close\n-- done", 5, "there is no connection"),
            ("-- silence: 2 min\n-- done", 4, "the client waits for 300s"),
        ] {
            let mismatch = played(rest).unwrap_err();
            assert_eq!(mismatch.line, line, "{rest}: {mismatch}");
            assert!(mismatch.what.contains(what), "{rest}: {mismatch}");
        }
    }
}

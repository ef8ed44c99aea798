//! Finds out, by playing it in memory, whether a transcript can be played over a real connection.
//!
//! Over sockets, the order in which both sides act at the same time is not defined. A transcript can be
//! played there if its server acts only while the client waits, or if the order makes no difference.

use smtp_proto::{AttemptEnd, Disconnect, ReplyErrorKind, Step};

use super::{Outcome, Pieces, Player};
use crate::transcript::{Action, Item, Transcript};

/// How to play a transcript over sockets.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The report at each `-- done` and `-- kept`, in order.
    pub(crate) reports: Vec<String>,
    /// For each item that is a close, what the client may send before it sees the close. Otherwise empty.
    pub(crate) crossing: Vec<Vec<u8>>,
    /// Whether the client runs into a timeout, so that timeouts must be short.
    pub(crate) waits: bool,
}

impl Plan {
    /// Plans how to play a transcript over sockets. The error says why it cannot be played there.
    ///
    /// # Panics
    ///
    /// If the machine itself does not follow the transcript, which is not the driver's fault.
    pub(crate) fn of(transcript: &Transcript) -> Result<Self, &'static str> {
        if let Some(why) = transcript.not_for_drivers() {
            return Err(why);
        }
        let expected = super::play(transcript, Pieces::WHOLE).unwrap_or_else(|mismatch| panic!("{mismatch}"));
        let mut player = Player::new(transcript);
        let mut plan = Self { reports: reports(transcript), crossing: Vec::new(), waits: false };
        let mut before: Option<&Action> = None;
        for (index, item) in transcript.script.iter().enumerate() {
            let behind = &transcript.script[index..];
            let mut crossing = Vec::new();
            if player.is_securing() && !matches!(item.action, Action::Tls(_)) {
                return Err("a handshake that does not begin, which the driver reports in its own words");
            }
            match &item.action {
                Action::Server(_) | Action::Lost(_) | Action::Silence(_) if player.is_idle() => {
                    return Err("the server acts between two messages, while the driver does not watch the connection");
                }
                Action::Server(flight) => may_be_cut(&player, &flight.octets)?,
                Action::Lost(Disconnect::Closed) => crossing = crossing_the_close(&player, behind, &expected)?,
                Action::Lost(Disconnect::Reset)
                    if !matches!(before, Some(Action::Client(_))) || !player.is_waiting() =>
                {
                    return Err("a reset may overtake what was sent before it");
                }
                Action::Lost(Disconnect::WriteFailed | Disconnect::ReadFailed) => return Err("a local failure"),
                Action::Silence(_) if !player.is_waiting() => return Err("a timeout while the client writes"),
                Action::Silence(_) => plan.waits = true,
                Action::ConnectFails(..) => return Err("a connection that fails"),
                Action::Cancel(_) => return Err("a cancelled delivery"),
                _ => {}
            }
            before = Some(&item.action);
            plan.crossing.push(crossing);
            play_one(&mut player, item);
            if player.was_injected() {
                return Err("octets before a handshake, which may cross its start");
            }
        }
        Ok(plan)
    }
}

/// The report at each `-- done` and `-- kept`, in order.
pub(crate) fn reports(transcript: &Transcript) -> Vec<String> {
    let mut player = Player::new(transcript);
    let mut reports = Vec::new();
    for item in &transcript.script {
        play_one(&mut player, item);
        if let Action::Done { .. } = item.action {
            reports.push(player.delivery.delivery().report().to_string());
        }
    }
    reports
}

/// For each item, whether it is a flight of the server that ends the connection while the client has
/// octets to send.
pub(crate) fn ends_while_writing(transcript: &Transcript) -> Vec<bool> {
    let mut player = Player::new(transcript);
    let mut ends = Vec::new();
    for item in &transcript.script {
        let writes = player.writes();
        play_one(&mut player, item);
        let over = matches!(player.delivery.poll(), Step::Connect(_) | Step::Done(_));
        ends.push(writes && over && matches!(item.action, Action::Server(_)));
    }
    ends
}

/// Checks that it does not matter in which pieces the flight arrives: the client has nothing to send before
/// the last octet.
fn may_be_cut(player: &Player<'_>, flight: &[u8]) -> Result<(), &'static str> {
    let mut player = player.clone();
    let Some((_, before_the_last)) = flight.split_last() else { return Ok(()) };
    if player.writes() {
        return Err("the server speaks while the client writes");
    }
    for octet in before_the_last {
        if player.hear(&[*octet]).is_err() || player.writes() {
            return Err("the client may answer before the server has said everything");
        }
    }
    Ok(())
}

/// Returns what the client may send before it sees the close. Fails if the outcome depends on it.
fn crossing_the_close(player: &Player<'_>, behind: &[Item], expected: &Outcome) -> Result<Vec<u8>, &'static str> {
    const MATTERS: &str = "the client sends while the server closes, and the outcome depends on which is first";
    let mut crossed = player.clone();
    let octets = match crossed.delivery.poll() {
        Step::Transmit(transmit) => transmit.octets().to_vec(),
        Step::Content(_) => return Err(MATTERS),
        _ => return Ok(Vec::new()),
    };
    let same = crossed.hand_over(&octets).is_ok()
        && !crossed.writes()
        && crossed.play(behind, Pieces::WHOLE).is_ok()
        && crossed.outcome == *expected;
    if same { Ok(octets) } else { Err(MATTERS) }
}

fn play_one(player: &mut Player<'_>, item: &Item) {
    let result = player.play(std::slice::from_ref(item), Pieces::WHOLE);
    result.unwrap_or_else(|mismatch| panic!("{mismatch}"));
}

impl Player<'_> {
    /// Whether the client is waiting for the server, with nothing to send.
    fn is_waiting(&mut self) -> bool {
        matches!(self.delivery.poll(), Step::Receive(_))
    }

    /// Whether the connection has ended because of octets before a handshake.
    fn was_injected(&self) -> bool {
        let injected = AttemptEnd::InvalidReply(ReplyErrorKind::BeforeHandshake);
        self.delivery.delivery().report().attempts().last().is_some_and(|attempt| attempt.end() == Some(injected))
    }

    fn is_securing(&mut self) -> bool {
        matches!(self.delivery.poll(), Step::Secure(_))
    }

    /// Whether the client has octets to send.
    fn writes(&mut self) -> bool {
        matches!(self.delivery.poll(), Step::Transmit(_) | Step::Content(_))
    }

    /// Whether no message is in progress.
    fn is_idle(&mut self) -> bool {
        self.delivery.is_kept()
    }
}

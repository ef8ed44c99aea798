//! Plays transcripts with the connection cut at arbitrary points.

use smtp_proto::{
    AttemptEnd, AttemptReport, AuthPolicy, Cause, Disconnect, Envelope, ForwardPath, HeloRetry, LineEndings, Need,
    Needs, Notify, Place, Protocol, Secured, Status, Step, TlsPolicy, TlsVersion, is_seven_bit,
};

use super::{Mismatch, Player, Size, Wrong, obliging::Obliging};
use crate::transcript::{Action, Message, Transcript, content_on_the_wire};

/// More steps than any delivery of a short message needs.
const MOST_STEPS: usize = 10_000;

/// How many times a transcript was cut.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Cuts {
    /// Number of plays with a cut.
    pub plays: usize,
    /// Number of plays in which HELO on a new connection followed.
    pub helo_retries: usize,
}

/// What happens to new connections after a cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Then {
    /// A server accepts the message.
    Served,
    /// The connection is refused.
    Refused,
}

/// Cuts a transcript's connections at every octet: those of the server with a close and with a reset,
/// those of the client with a failed write.
pub fn play_cuts(transcript: &Transcript) -> Result<Cuts, Mismatch> {
    const LOST: [Disconnect; 2] = [Disconnect::Closed, Disconnect::Reset];
    let mut player = Player::new(transcript);
    let mut cuts = Cuts::default();
    for item in &transcript.script {
        match &item.action {
            Action::Server(flight) => {
                for (at, octet) in flight.octets.iter().enumerate() {
                    player.cut(flight.line_at(at), &LOST, &mut cuts)?;
                    player.in_line(item.line, |player| player.hear(&[*octet]))?;
                }
                player.cut(item.line, &LOST, &mut cuts)?;
            }
            Action::Client(flight) => {
                for at in 0..flight.octets.len() {
                    let line = flight.line_at(at);
                    player.in_line(line, |player| player.expect_octet(flight.octets[at]))?;
                    player.cut(line, &[Disconnect::WriteFailed], &mut cuts)?;
                }
            }
            _ => player.play(std::slice::from_ref(item), super::Pieces::WHOLE)?,
        }
    }
    Ok(cuts)
}

impl Player<'_> {
    fn expect_octet(&mut self, expected: u8) -> Result<(), Wrong> {
        self.give_content(Size::Octets)?;
        match self.delivery.poll() {
            Step::Transmit(transmit) if transmit.octets().first() == Some(&expected) => self.hand_over(&[expected]),
            _ => Err(format!("expected the client to send octet {expected}, but it {}", self.step())),
        }
    }

    /// Cuts copies of this play at this point.
    fn cut(&mut self, line: usize, ways: &[Disconnect], cuts: &mut Cuts) -> Result<(), Mismatch> {
        if !self.is_connected() {
            return Ok(());
        }
        for how in ways {
            for then in [Then::Served, Then::Refused] {
                let mut copy = self.clone();
                let retried = copy
                    .cut_here(*how, then)
                    .map_err(|what| copy.mismatch(line, format!("cut ({how:?}, then {then:?}) here: {what}")))?;
                cuts.plays += 1;
                cuts.helo_retries += usize::from(retried);
            }
        }
        Ok(())
    }

    fn cut_here(&mut self, how: Disconnect, then: Then) -> Result<bool, Wrong> {
        // Some recipients are settled, so what is left for another transaction may be only some, too.
        self.is_divided |= self.delivery.delivery().report().recipients().next().is_some();
        let due = self.helo_retry_is_due();
        self.delivery.disconnected(how).map_err(super::misuse)?;
        if due {
            self.expect_helo_retry()?;
        }
        let retry = due && matches!(self.delivery.poll(), Step::Connect(_));
        let servers = self.finish(then)?;
        self.check_report()?;
        for server in &servers {
            if retry && server.hello != format!("HELO {}", self.transcript.config.hello_name()) {
                return Err(format!("the new connection starts with {}", server.hello));
            }
            self.check_message(server)?;
        }
        if retry && then == Then::Served && self.is_plain() && !servers.iter().any(|server| server.took_message) {
            return Err("the message does not arrive on the new connection".into());
        }
        Ok(retry)
    }

    /// Whether HELO on a new connection must follow a hang-up here, judging by the octets on the wire: this is
    /// between the first octet of EHLO and the reply to MAIL, or EHLO was refused permanently and HELO is not
    /// answered; and a recipient has no final status yet.
    fn helo_retry_is_due(&self) -> bool {
        let connection = &self.connection;
        let settled = self.delivery.delivery().report().recipients().count();
        let all = self.delivery.delivery().envelope().forward_paths().len();
        if self.transcript.config.protocol() == Protocol::Lmtp
            || connection.reused
            || self.is_divided
            || self.was_refused_for_number()
            || settled == all
            || connection.client.first() != Some(&b'E')
            // The server has the whole message, so it must not get it again.
            || has_last_chunk(&connection.client)
        {
            return false;
        }
        let second = connection.client.split(|octet| *octet == b'\n').nth(1).and_then(|line| line.first());
        let config = &self.transcript.config;
        let wants_tls = matches!(config.tls(), TlsPolicy::Opportunistic | TlsPolicy::Required);
        let is_offered = connection.server.windows(8).any(|keyword| keyword.eq_ignore_ascii_case(b"STARTTLS"));
        let starttls_is_next = wants_tls && !connection.is_secured && is_offered;
        let is_mail_next = !starttls_is_next && *config.auth() == AuthPolicy::Never;
        match final_lines(&connection.server)[..] {
            [_] => true,
            [_, b'2'] => matches!((second, is_mail_next), (None, true) | (Some(b'M'), _)),
            [_, b'5'] => matches!(second, None | Some(b'H')),
            _ => false,
        }
    }

    /// Whether the last connection but one ended because there were too many recipients.
    fn was_refused_for_number(&self) -> bool {
        let report = self.delivery.delivery().report();
        let attempts: Vec<_> = report.attempts().collect();
        let ended =
            |attempt: &AttemptReport<'_>| attempt.end() == Some(AttemptEnd::ServiceClosing) && !attempt.reused();
        attempts.split_last().is_some_and(|(_, before)| before.iter().any(ended))
    }

    fn expect_helo_retry(&mut self) -> Result<(), Wrong> {
        let config = &self.transcript.config;
        let mut needs = config.needs(self.delivery.delivery().envelope());
        if self.is_secure_host && config.tls() == TlsPolicy::Opportunistic {
            needs = needs.with(Need::Tls);
        }
        // HELO is said on a connection that is secured like this one.
        if self.connection.is_secured {
            needs = needs.iter().filter(|need| *need != Need::Tls).fold(Needs::NONE, Needs::with);
            if needs.contains(Need::RequireTls) && !self.connection.is_verified {
                needs = needs.with(Need::VerifiedTls);
            }
        }
        if config.helo_retry() == HeloRetry::Never {
            return self.expect_deferred(None);
        }
        if !needs.is_empty() {
            return self.expect_deferred(Some(needs));
        }
        self.expect_connect(Place::Same)
    }

    fn expect_deferred(&mut self, needs: Option<Needs>) -> Result<(), Wrong> {
        let Step::Done(report) = self.delivery.poll() else {
            return Err(format!("expected the message to be deferred, but the client {}", self.step()));
        };
        for recipient in report.recipients() {
            let named = |needs| matches!(recipient.cause, Cause::Needs { needs: named, .. } if named == needs);
            if recipient.status != Status::Deferred || !needs.is_none_or(named) {
                return Err(format!("expected a deferral, not {recipient}"));
            }
        }
        Ok(())
    }

    /// Continues until the delivery is done.
    fn finish(&mut self, then: Then) -> Result<Vec<Obliging>, Wrong> {
        let mut servers: Vec<Obliging> = Vec::new();
        for _ in 0..MOST_STEPS {
            self.give_content(Size::Whole)?;
            match (self.delivery.poll(), servers.last_mut()) {
                (Step::Done(_), _) => return Ok(servers),
                (Step::Connect(_), _) => match then {
                    Then::Refused => self.delivery.connect_failed("connection refused").map_err(super::misuse)?,
                    Then::Served => {
                        self.connect()?;
                        servers.push(Obliging::new(self.transcript.config.tls()));
                        if self.transcript.config.tls() != TlsPolicy::Implicit {
                            self.hear(Obliging::GREETING)?;
                        }
                    }
                },
                (Step::Secure(_), Some(server)) => {
                    let is_first = server.hello.is_empty();
                    server.hello.clear();
                    self.delivery.secured(Secured::verified(TlsVersion::Tls13)).map_err(super::misuse)?;
                    if is_first {
                        self.hear(Obliging::GREETING)?;
                    }
                }
                (Step::Transmit(transmit), Some(server)) => {
                    let octets = transmit.octets().to_vec();
                    self.hand_over(&octets)?;
                    let replies = server.hear(&octets);
                    if !replies.is_empty() {
                        self.hear(&replies)?;
                    }
                }
                (Step::Receive(_) | Step::Content(_) | Step::Rewind | Step::Authenticate(_), Some(_)) => {
                    return Err("the client waits although no reply is due".into());
                }
                (_, None) => {
                    return Err("the client continues as if the connection were still open".into());
                }
            }
        }
        Err(format!("not done after {MOST_STEPS} steps"))
    }

    fn check_report(&mut self) -> Result<(), Wrong> {
        let report = self.delivery.delivery().report();
        let paths = self.delivery.delivery().envelope().forward_paths();
        let mut named = report.recipients().map(|recipient| recipient.path);
        if paths.iter().all(|path| named.next() == Some(path)) && named.next().is_none() {
            Ok(())
        } else {
            Err(format!("not every recipient has one status:\n{report}"))
        }
    }

    /// Checks the sender, the recipients and the content that arrived.
    fn check_message(&self, server: &Obliging) -> Result<(), Wrong> {
        if !server.took_message {
            return Ok(());
        }
        let message = &self.transcript.messages[self.message];
        let from = format!("MAIL FROM:<{}>", message.envelope.reverse_path());
        let to: Vec<_> = plain_recipients(&message.envelope).map(|path| format!("RCPT TO:<{path}>")).collect();
        let transactions: Vec<_> = server.envelope.split(|line| *line == from).skip(1).collect();
        let mut all = to.iter();
        let in_order = transactions.concat().iter().all(|line| all.any(|expected| expected == line));
        let complete = transactions.concat().len() == to.len() && transactions.len() == 1;
        let is_divided = self.is_divided || self.transcript.config.max_recipients().is_some();
        if !in_order || !(complete || is_divided) {
            return Err(format!("the new connection got {:?}", server.envelope));
        }
        if server.content != content_on_the_wire(&message.content).repeat(transactions.len()) {
            return Err("the new connection got other content".into());
        }
        Ok(())
    }

    /// Whether the message can be sent to any server, even without extensions.
    fn is_plain(&self) -> bool {
        let Message { envelope, content } = &self.transcript.messages[self.message];
        let wire = content_on_the_wire(content);
        let doubled = wire.windows(3).filter(|start| start == b"\n..").count() + usize::from(wire.starts_with(b".."));
        let size = (wire.len() - ".\r\n".len() - doubled) as u64;
        let is_as_announced = match envelope.size() {
            Some(smtp_proto::Size::Exact(announced)) => announced == size,
            Some(smtp_proto::Size::Estimate(_)) | None => true,
        };
        let has_recipients = plain_recipients(envelope).next().is_some() && !envelope.is_inquiry();
        let is_any_content = self.transcript.config.line_endings() == LineEndings::Mend && is_seven_bit(content);
        is_any_content && is_as_announced && has_recipients
    }
}

/// The recipients that a server without extensions may be given.
fn plain_recipients(envelope: &Envelope) -> impl Iterator<Item = &ForwardPath> {
    envelope.forward_paths().iter().enumerate().filter_map(|(place, path)| {
        let parameters = envelope.rcpt_parameters(place);
        let is_plain = parameters.notify() != Some(Notify::NEVER) && parameters.parameters().is_empty();
        is_plain.then_some(path)
    })
}

/// Whether BDAT with the last chunk was sent completely (RFC 3030 section 2).
fn has_last_chunk(client: &[u8]) -> bool {
    let mut rest = client;
    while let Some(end) = rest.iter().position(|octet| *octet == b'\n') {
        let (line, behind) = rest.split_at(end + 1);
        let line = String::from_utf8_lossy(line);
        let mut words = line.trim_end().split(' ');
        let chunk = if words.next() == Some("BDAT") { words.next().and_then(|len| len.parse().ok()) } else { None };
        match (chunk, words.next()) {
            (Some(len), _) if behind.len() < len => return false,
            (Some(_), Some("LAST")) => return true,
            (len, _) => rest = &behind[len.unwrap_or(0)..],
        }
    }
    false
}

/// The first digit of each complete reply.
fn final_lines(octets: &[u8]) -> Vec<u8> {
    octets
        .split_inclusive(|octet| *octet == b'\n')
        .filter_map(|line| line.strip_suffix(b"\n"))
        .map(<[u8]>::trim_ascii_end)
        .filter(|line| matches!(line, [_, _, _] | [_, _, _, b' ', ..]))
        .map(|line| line[0])
        .collect()
}

//! Serves one connection: follows the scenario, and then accepts whatever the client sends.

use std::{
    io,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use smtp_testkit::{
    sasl,
    server::{Got, Link, Writes, tls::Certificates},
};

use super::{
    acts::{Act, verb},
    conversation::{Conversation, Ended},
};
use crate::client_octets::chunk;

/// How long a read may take. Clients give up long before that.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// How long to delay the greeting, to see whether the client sends something first.
const BEFORE_GREETING: Duration = Duration::from_millis(20);
const GREETING: &[u8] = b"220 mx.example.net ESMTP\r\n";

/// Serves a connection until it ends, and records in `seen` what happens. Without acts, the server accepts everything
/// and offers no extensions. `password`: what the server proves with SCRAM.
pub(crate) fn serve(link: Link, acts: Option<&[Act]>, password: &str, seen: &Mutex<Conversation>) {
    let mechanisms = sasl::Server::new(password);
    let mut serving = Serving { link, seen, mechanisms, taking_content: false, part: Vec::new(), announced: None };
    let ended = match acts {
        Some(acts) => serving.follow(acts),
        None => serving.greet().and_then(|()| serving.oblige(None)),
    };
    let ended = ended.unwrap_or(Ended::ClosedByClient);
    serving.note().ended = Some(ended);
    if ended == Ended::ResetByServer {
        // This fails if the client has already ended the connection.
        let _ = serving.link.reset();
    }
}

struct Serving<'s> {
    link: Link,
    seen: &'s Mutex<Conversation>,
    mechanisms: sasl::Server,
    /// 354 was sent, and the final dot was not received yet.
    taking_content: bool,
    /// Lines of the content received so far.
    part: Vec<u8>,
    /// The size of the chunk that BDAT announced, in octets, and whether it is the last.
    announced: Option<(u64, bool)>,
}

/// The client has ended the connection.
struct Left;

impl From<io::Error> for Left {
    fn from(_: io::Error) -> Self {
        Self
    }
}

impl Serving<'_> {
    /// Locks what was seen so far, to record something, and notes the time of the activity.
    fn note(&self) -> MutexGuard<'_, Conversation> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.last = Some(Instant::now());
        seen
    }

    /// Records whether the client must end the connection by itself.
    fn is_left_alone(&self, is_so: bool) {
        self.note().is_left_alone = is_so;
    }

    fn follow(&mut self, acts: &[Act]) -> Result<Ended, Left> {
        if let Some(Act::Say(_)) = acts.first() {
            let spoke_first = self.link.read(BEFORE_GREETING) == Got::Octets;
            self.note().spoke_first = spoke_first;
        }
        let mut quits = false;
        for act in acts {
            match act {
                Act::Say(octets) => self.say(octets)?,
                Act::Hear(expected) => loop {
                    let line = self.hear()?;
                    let said = verb(&line);
                    quits = said == "QUIT";
                    if said == *expected {
                        break;
                    }
                    // These change nothing here, and clients may send them at any time.
                    if !matches!(said.as_str(), "NOOP" | "RSET") {
                        return self.oblige(Some(&line));
                    }
                    self.say(b"250 OK\r\n")?;
                },
                Act::HearSome => {
                    if self.link.arrived().is_empty() && self.link.read(LONGEST) != Got::Octets {
                        return Err(Left);
                    }
                }
                Act::Secure => self.link.secure(Certificates::of_this_process())?,
                Act::Content => self.content()?,
                Act::HearAny => {
                    self.hear()?;
                }
                Act::Authenticate { challenges, succeeds } => {
                    let line = self.hear()?;
                    if verb(&line) != "AUTH" {
                        return self.oblige(Some(&line));
                    }
                    if !self.authenticate(*challenges, *succeeds)? {
                        self.say(b"501 5.7.0 Authentication cancelled\r\n")?;
                        return self.oblige(None);
                    }
                }
                Act::Challenge => self.challenge(false).map(drop)?,
                Act::PartOfContent(octets) => self.part_of_content(*octets)?,
                Act::Chunk => {
                    self.chunk(u64::MAX)?;
                }
                Act::PartOfChunk(octets) => {
                    self.chunk(*octets)?;
                }
                Act::Close => {
                    self.link.close();
                    self.rest();
                    return Ok(Ended::ClosedByServer);
                }
                Act::Reset => return Ok(Ended::ResetByServer),
                Act::Silence => {
                    self.is_left_alone(true);
                    self.rest();
                    return Ok(Ended::ClosedByClient);
                }
            }
        }
        if quits {
            return Ok(self.bye());
        }
        self.oblige(None)
    }

    fn greet(&mut self) -> Result<(), Left> {
        let spoke_first = self.link.read(BEFORE_GREETING) == Got::Octets;
        self.note().spoke_first = spoke_first;
        self.say(GREETING)
    }

    /// Accepts everything. `heard` is a command not replied to yet.
    fn oblige(&mut self, heard: Option<&[u8]>) -> Result<Ended, Left> {
        let mut heard = heard.map(<[u8]>::to_vec);
        loop {
            if self.taking_content {
                self.content()?;
                self.say(b"250 2.0.0 Queued\r\n")?;
                continue;
            }
            let line = match heard.take() {
                Some(line) => line,
                None => self.hear()?,
            };
            let reply: &[u8] = match verb(&line).as_str() {
                "EHLO" | "HELO" | "LHLO" => b"250 mx.example.net\r\n",
                "MAIL" | "RCPT" | "RSET" | "NOOP" => b"250 OK\r\n",
                "DATA" if self.has_recipient() => b"354 End data with <CR><LF>.<CR><LF>\r\n",
                "DATA" => b"503 5.5.1 No recipient\r\n",
                "BDAT" => {
                    if self.chunk(u64::MAX)? {
                        b"250 2.0.0 Queued\r\n"
                    } else {
                        b"250 OK\r\n"
                    }
                }
                "QUIT" => {
                    self.say(b"221 2.0.0 Bye\r\n")?;
                    return Ok(self.bye());
                }
                _ => b"502 5.5.1 Not implemented\r\n",
            };
            self.taking_content = reply.starts_with(b"354");
            self.say(reply)?;
        }
    }

    /// Whether a recipient was accepted since the last MAIL.
    fn has_recipient(&self) -> bool {
        let seen = self.note();
        let since = seen.verbs().collect::<Vec<_>>();
        let is_taken = |code: Option<&u16>| code.is_some_and(|code| code / 100 == 2);
        since
            .iter()
            .rev()
            .take_while(|(verb, _)| verb != "MAIL")
            .any(|(verb, exchange)| verb == "RCPT" && is_taken(exchange.replies.first()))
    }

    fn say(&mut self, octets: &[u8]) -> Result<(), Left> {
        self.note().said(octets);
        self.link.send(octets, Writes::Whole).map_err(Left::from)
    }

    fn line(&mut self) -> Result<Vec<u8>, Left> {
        self.link.line(LONGEST).map_err(|_| Left)
    }

    /// Reads the next command. If more input has already arrived, the client did not wait for the reply.
    fn hear(&mut self) -> Result<Vec<u8>, Left> {
        let line = self.line()?;
        self.announced = chunk(&line);
        let is_chunk = self.announced.is_some();
        if verb(&line) == "AUTH" {
            self.mechanisms.heard(&line);
        }
        let mut seen = self.note();
        seen.heard(&line);
        let offered = seen.exchanges.iter().any(|exchange| exchange.offers.iter().any(|it| it == "PIPELINING"));
        seen.did_not_wait |= !offered && !is_chunk && !self.link.arrived().is_empty();
        drop(seen);
        Ok(line)
    }

    /// Asks for the responses that follow AUTH. Returns false if the client cancels the exchange.
    fn authenticate(&mut self, challenges: usize, succeeds: bool) -> Result<bool, Left> {
        let mut said = 0;
        while (succeeds || said < challenges) && self.challenge(succeeds)? {
            said += 1;
            let response = self.hear()?;
            if response.trim_ascii_end() == b"*" {
                return Ok(false);
            }
            self.mechanisms.heard(&response);
        }
        Ok(true)
    }

    /// Sends the next challenge. Returns false if the client has sent everything.
    fn challenge(&mut self, succeeds: bool) -> Result<bool, Left> {
        let Some(challenge) = self.mechanisms.challenge(succeeds) else { return Ok(false) };
        self.say(format!("334 {challenge}\r\n").as_bytes())?;
        Ok(true)
    }

    /// Reads the content up to the final dot.
    fn content(&mut self) -> Result<(), Left> {
        loop {
            match self.line() {
                Ok(line) if line == b".\r\n" => break,
                Ok(line) => self.part.extend_from_slice(&line),
                Err(left) => {
                    let rest = self.link.take(usize::MAX);
                    self.part.extend_from_slice(&rest);
                    self.end_content(false);
                    return Err(left);
                }
            }
        }
        self.end_content(true);
        Ok(())
    }

    /// Reads lines of the content until it has this many octets, or the final dot.
    fn part_of_content(&mut self, octets: u64) -> Result<(), Left> {
        self.taking_content = true;
        while (self.part.len() as u64) < octets {
            let line = self.line()?;
            if line == b".\r\n" {
                self.end_content(true);
                break;
            }
            self.part.extend_from_slice(&line);
        }
        Ok(())
    }

    /// Reads the chunk that was announced, or this much of it. Returns whether the message has ended.
    fn chunk(&mut self, most: u64) -> Result<bool, Left> {
        let (announced, is_last) = self.announced.take().unwrap_or_default();
        let mut left = announced.min(most);
        while left > 0 {
            let octets = self.link.take(usize::try_from(left).unwrap_or(usize::MAX));
            left -= octets.len() as u64;
            self.part.extend_from_slice(&octets);
            if left > 0 && self.link.arrived().is_empty() && self.link.read(LONGEST) != Got::Octets {
                self.end_content(false);
                return Err(Left);
            }
        }
        let has_ended = is_last && announced <= most;
        if has_ended {
            self.end_content(true);
        }
        Ok(has_ended)
    }

    fn end_content(&mut self, complete: bool) {
        self.taking_content = false;
        let content = std::mem::take(&mut self.part);
        self.note().content(content, complete);
    }

    /// Ends the connection after the reply to QUIT.
    fn bye(&mut self) -> Ended {
        self.link.close();
        self.rest();
        Ended::AfterQuit
    }

    /// Reads until the client ends the connection, without replying.
    fn rest(&mut self) {
        if self.taking_content {
            let _ = self.content();
        }
        while let Ok(line) = self.link.line(LONGEST) {
            self.note().heard(&line);
        }
    }
}

//! Checks the outputs: connections, octets to write, waits, and the end.

use std::time::Duration;

use smtp_proto::{Chunking, Connect, Escaped, ReplyErrorKind, Step, Timeout, Transmit};

use super::{
    Clock, Oracle, Phase, Promise, Violation,
    exchange::Verb,
    message::Misread,
    reported::{self, Facts},
    table::End,
    turn::Turn,
    verdict::{self, Verdict},
};

impl Oracle {
    /// Checks an output. `kept`: whether the delivery says that it has kept its connection.
    pub fn output(&mut self, step: &Step<'_>, kept: bool) -> Result<(), Violation> {
        self.room = 0;
        if kept != (self.phase == Phase::Done { kept: true }) {
            return self.astray(if kept { "it keeps the connection" } else { "it does not keep the connection" });
        }
        match (step, self.phase) {
            (Step::Connect(_), Phase::Connecting(_)) if self.has_too_many_connections() => {
                Err(Violation::new(Promise::RetryTable, "it asks for more connections than recipients justify"))
            }
            (Step::Connect(Connect { place, timeout, .. }), Phase::Connecting(wanted)) if *place == wanted => {
                check_duration(*timeout, self.task.config.timeouts().connect())
            }
            (Step::Connect(Connect { place, .. }), Phase::Connecting(wanted)) => Err(Violation::new(
                Promise::RetryTable,
                format!("it asks for a connection to {place:?}; expected {wanted:?}"),
            )),
            (Step::Connect(_), _) => self.astray("it asks for another connection"),
            (Step::Done(report), Phase::Done { .. }) => {
                let facts = Facts {
                    connection: &self.connection,
                    task: &self.task,
                    secrets: &self.secrets,
                    dropped_before: &self.dropped_before,
                };
                reported::check(report, &facts, &self.verdicts, &self.tried, self.last_end)?;
                if report.longest_line() != self.overlong_line {
                    return Err(Violation::new(Promise::OneStatus, "the longest line is reported wrongly"));
                }
                Ok(())
            }
            (Step::Done(_), _) => self.astray("it is done"),
            (Step::Transmit(transmit), Phase::Talking) => {
                self.shown_now(transmit.octets())?;
                self.check_marked(transmit)?;
                self.check_wait(transmit.timeout(), self.task.config.timeouts().block())
            }
            (Step::Transmit(transmit), _) => self
                .astray(&format!("it sends {:?}", Escaped(transmit.octets().get(..100).unwrap_or(transmit.octets())))),
            (Step::Content(room), Phase::Talking) => self.content_wanted(*room),
            (Step::Content(_), _) => self.astray("it asks for content"),
            (Step::Rewind, _) if self.is_rewinding() => Ok(()),
            (Step::Rewind, _) => self.astray("it asks for the content again"),
            (Step::Secure(secure), Phase::Talking) => self.handshake_wanted(*secure),
            (Step::Secure(_), _) => self.astray("it asks for a handshake"),
            (Step::Authenticate(step), Phase::Talking) => self.auth_wanted(step),
            (Step::Authenticate(_), _) => self.astray("it asks for an authentication"),
            (Step::Receive(wait), Phase::Talking) => self.waiting(*wait),
            (Step::Receive(_), _) => self.astray("it waits"),
        }
    }

    /// Whether the delivery has had all the connections that it may have: a kept one, the first, one in clear, one for
    /// DATA and one for HELO, and one for each recipient.
    fn has_too_many_connections(&self) -> bool {
        self.tried.len() >= 5 + self.task.envelope.forward_paths().len()
    }

    /// The output is not possible in this phase.
    fn astray(&self, what: &str) -> Result<(), Violation> {
        let promise = match (self.phase, self.last_end) {
            (Phase::Done { .. }, Some(End::Closing(_))) => Promise::WholeLines,
            (Phase::Done { .. }, Some(End::InvalidReply(ReplyErrorKind::BeforeHandshake))) => {
                Promise::NothingFromBeforeTls
            }
            (Phase::Done { .. }, Some(End::Unsolicited(_) | End::InvalidReply(_))) => Promise::NoUnsolicited,
            (Phase::Done { .. }, _) if self.verdicts.iter().any(Verdict::is_unconfirmed) => Promise::DeliveredAfterAll,
            _ => Promise::RetryTable,
        };
        Err(Violation::new(promise, format!("{what}, but expected {:?} after {:?}", self.phase, self.last_end)))
    }

    fn content_wanted(&mut self, room: usize) -> Result<(), Violation> {
        if room == 0 || room > self.task.config.limits().block() {
            return Err(Violation::new(Promise::NoHarm, format!("it asks for {room} octets of content")));
        }
        match &self.connection.message {
            _ if self.connection.wants_chunk(&self.task) => {}
            Some(message) if !message.has_ended() => {}
            _ => return Err(Violation::new(Promise::WholeLines, "it asks for content without a 354")),
        }
        self.room = room;
        Ok(())
    }

    fn waiting(&mut self, wait: Timeout) -> Result<(), Violation> {
        let timeouts = self.task.config.timeouts();
        let limit = match self.connection.due() {
            Some(due) if due.end <= self.connection.handed => match due.verb {
                Verb::Greeting => timeouts.greeting(),
                Verb::Ehlo | Verb::Helo | Verb::Lhlo | Verb::Rset => timeouts.hello(),
                Verb::Mail => timeouts.mail(),
                Verb::Rcpt => timeouts.rcpt(),
                Verb::Data => timeouts.data(),
                Verb::StartTls => timeouts.tls(),
                Verb::Auth | Verb::Response | Verb::Star => timeouts.auth(),
                Verb::Chunk => timeouts.block(),
                Verb::End => timeouts.content_end(),
                Verb::Quit => timeouts.quit(),
            },
            _ => return Err(Violation::new(Promise::NoHarm, "it waits for a reply, but no command is outstanding")),
        };
        self.check_wait(wait, limit)
    }

    pub(super) fn check_wait(&mut self, wait: Timeout, limit: Duration) -> Result<(), Violation> {
        let limit = if self.all_settled() { limit.min(self.task.config.timeouts().quit()) } else { limit };
        let Clock { last, changes_left, must_change } = self.clock;
        let changes = last.map_or(0, |last| wait.progress.wrapping_sub(last));
        let left = if last.is_none() { 0 } else { changes_left.saturating_sub(changes) };
        self.clock = Clock { last: Some(wait.progress), changes_left: left, must_change: false };
        check_duration(wait.duration, limit)?;
        if changes > changes_left {
            Err(Violation::new(Promise::NoHarm, "the timeout starts again without progress"))
        } else if last.is_some() && must_change && changes == 0 {
            Err(Violation::new(Promise::NoHarm, "the timeout does not start again after a reply or a block written"))
        } else {
            Ok(())
        }
    }

    /// Whether every recipient has its status, so that only the end of the connection is left.
    fn all_settled(&mut self) -> bool {
        verdict::by_replies(&self.connection, &self.task, &mut self.by_replies);
        !self.by_replies.is_empty() && self.by_replies.iter().all(Option::is_some)
    }

    /// Checks the octets to be handed over: those shown before, possibly with more after them.
    fn shown_now(&mut self, octets: &[u8]) -> Result<(), Violation> {
        let limits = self.task.config.limits();
        if octets.is_empty() {
            return Err(Violation::new(Promise::NoHarm, "it asks to write no octets"));
        }
        let owed = self.connection.given.owed.as_ref().map_or(0, |(_, line)| line.len());
        let longest_command = 2000 + owed;
        // A chunk, what was given when it was full, and the same again for what is added to both. They may be sent with
        // DATA on the next connection.
        let chunk = limits.chunk().saturating_add(limits.block()).saturating_mul(2);
        let may_be_chunk = self.connection.has_bdat(&self.task) || self.connection.is_retry;
        let most = match self.task.config.chunking() {
            Chunking::Auto if may_be_chunk => limits.pipeline().saturating_add(chunk),
            _ => limits.pipeline().max(limits.block().saturating_mul(2)),
        };
        let most = most.saturating_add(longest_command);
        if octets.len() > most {
            return Err(Violation::new(Promise::NoHarm, format!("it holds {} octets to be written", octets.len())));
        }
        let Some(more) = octets.strip_prefix(self.shown.as_slice()) else {
            return Err(Violation::new(Promise::WholeLines, "octets that were to be written have changed"));
        };
        let mut rest = more;
        while !rest.is_empty() {
            let taken = match &mut self.connection.message {
                Some(message) if !message.has_arrived() => {
                    let taken = message.arrive(rest).map_err(misread)?;
                    let arrived = message.has_arrived();
                    self.connection.shown += taken;
                    if arrived {
                        self.connection.say_end(&self.task);
                    }
                    taken
                }
                _ if self.connection.chunk_left.is_some() => self.chunk_shown(rest)?,
                _ if rest.starts_with(b"BDAT ") => self.bdat_shown(rest)?,
                _ => self.command_shown(rest)?,
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
        self.shown.extend_from_slice(more);
        Ok(())
    }

    /// Checks that the lines of an authentication are marked, and nothing else.
    fn check_marked(&self, transmit: &Transmit<'_>) -> Result<(), Violation> {
        let last = self.connection.exchanges.last();
        let is_response = last.is_some_and(|last| matches!(last.verb, Verb::Auth | Verb::Response));
        if transmit.is_sensitive() != is_response {
            let what = format!("octets are marked as sensitive: {}, expected {is_response}", !is_response);
            return Err(Violation::new(Promise::NoSecrets, what));
        }
        if is_response { Ok(()) } else { self.check_shown("an output that is not marked", transmit.octets()) }
    }

    /// Whether this is RCPT for a recipient that an earlier transaction settled.
    fn is_settled(&self, text: &[u8]) -> bool {
        let paths = self.task.envelope.forward_paths().iter();
        paths.zip(&self.decided).any(|(path, decided)| {
            decided.is_some() && text.strip_prefix(b"RCPT TO:<") == Some(format!("{path}>").as_bytes())
        })
    }

    /// Checks that the first line of `octets` is the correct command. Returns its length.
    fn command_shown(&mut self, octets: &[u8]) -> Result<usize, Violation> {
        let end = octets.iter().position(|octet| *octet == b'\n').map_or(octets.len(), |at| at + 1);
        let line = &octets[..end];
        let text = line.strip_suffix(b"\r\n").filter(|text| !text.iter().any(|octet| matches!(octet, 0..=31 | 127)));
        let Some(text) = text else {
            return Err(Violation::new(Promise::WholeLines, format!("{:?} is not a command line", Escaped(line))));
        };
        let shown = Escaped(text);
        let is = |command: &[u8]| text.starts_with(command);
        let of_message = [&b"MAIL"[..], b"RCPT", b"DATA"].into_iter().any(is);
        if (of_message && self.may_not_send()) || (is(b"AUTH") && self.may_not_login()) {
            return Err(Violation::new(Promise::NothingInClear, format!("{shown:?} would be sent in clear")));
        }
        let Turn::Say(verb) = self.connection.turn(&self.task) else {
            let promise = match self.connection.due() {
                Some(_) => Promise::Groups,
                None => Promise::WholeLines,
            };
            let what = format!("{shown:?} is sent out of turn");
            return Err(Violation::new(self.broken_by(text, promise), what));
        };
        self.connection.write_line(verb, &self.task, &mut self.right);
        let right = self.right.as_str();
        if text != right.as_bytes() {
            let hello = text.get(1..4) == Some(b"HLO") || text.starts_with(b"HELO");
            let promise = match verb {
                Verb::Ehlo | Verb::Helo | Verb::Lhlo if hello => Promise::RetryTable,
                _ if self.is_settled(text) => Promise::DeliveredAfterAll,
                _ => Promise::WholeLines,
            };
            let what = format!("{shown:?} is sent; expected {right:?}");
            return Err(Violation::new(self.broken_by(text, promise), what));
        }
        match self.connection.under_way_with(end) {
            Some(octets) if octets > self.connection.most_in_flight(&self.task) => {
                return Err(Violation::new(Promise::Groups, format!("{octets} octets of commands are in flight")));
            }
            _ => {}
        }
        if verb == Verb::Mail {
            self.try_again();
        }
        self.connection.say(verb, end, &self.task);
        Ok(end)
    }
}

pub(super) fn misread(what: Misread) -> Violation {
    match what {
        Misread::BareLineEnd => Violation::new(Promise::WholeLines, "the content has a bare CR or LF"),
        Misread::OtherLine => Violation::new(Promise::WholeLines, "the content has a line that was not given"),
        Misread::EarlyEnd => Violation::new(Promise::DeliveredAfterAll, "the content ends before all of it was sent"),
        Misread::BehindEnd => Violation::new(Promise::WholeLines, "the content continues after its end"),
    }
}

fn check_duration(found: Duration, right: Duration) -> Result<(), Violation> {
    if found == right {
        return Ok(());
    }
    Err(Violation::new(Promise::NoHarm, format!("it waits for {found:?}; expected {right:?}")))
}

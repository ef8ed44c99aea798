//! BDAT as a server reads it (RFC 3030).

use smtp_proto::{Body, Envelope, Escaped, LineEndings, Protocol, Size};

use super::{
    Oracle, Promise, Violation,
    chunk_left::ChunkLeft,
    connection::Connection,
    division::Achieved,
    exchange::{Answer, Exchange, LONGEST_BDAT, Verb},
    message::{Message, Misread},
    outputs::misread,
    table::End,
    task::Task,
    turn::Turn,
};

impl Connection {
    /// Whether the content is sent with BDAT.
    pub(super) fn has_bdat(&self, task: &Task) -> bool {
        task.has_bdat && self.offers.chunking
    }

    /// Whether a reply has shown that the server knows BDAT.
    pub(super) fn knows_bdat(&self) -> bool {
        self.bdats().any(|bdat| bdat.answer.is_some())
    }

    /// Whether this refusal of the BDAT that is due shows that the server does not know the command. Not if it may be
    /// about one of several recipients (RFC 2033 section 4.3).
    pub(super) fn is_unchunked(&self, code: u16) -> bool {
        let is_due = self.due().is_some_and(|due| due.start < due.end && matches!(due.verb, Verb::Chunk | Verb::End));
        is_due && matches!(code, 500 | 502) && !self.knows_bdat()
    }

    /// Whether a chunk that is not the last was refused.
    pub(super) fn chunk_was_refused(&self) -> bool {
        self.all(Verb::Chunk).any(Exchange::refused)
    }

    /// How many of these commands are answered.
    pub(super) fn count_answered(&self, verb: Verb) -> usize {
        self.all(verb).filter(|said| said.answer.is_some()).count()
    }

    /// Every BDAT.
    fn bdats(&self) -> impl Iterator<Item = &Exchange> {
        let has_data = self.said(Verb::Data);
        self.exchanges.iter().filter(move |said| !has_data && matches!(said.verb, Verb::Chunk | Verb::End))
    }

    /// Whether another BDAT may begin, as far as the commands and replies say.
    pub(super) fn bdat_is_due(&self, task: &Task) -> bool {
        let all_rcpts = self.next_index(task).is_none() && !self.holds_content(task);
        let hope = self.all(Verb::Rcpt).any(|rcpt| rcpt.answer.is_none_or(|answer| answer.code < 300));
        let mail_refused = self.find(Verb::Mail).is_none_or(Exchange::refused);
        let chunk_refused = self.bdats().any(Exchange::refused);
        if !self.has_bdat(task)
            || task.envelope.is_inquiry()
            || !all_rcpts
            || !hope
            || mail_refused
            || chunk_refused
            || self.said(Verb::End)
        {
            return false;
        }
        let in_flight = self.in_flight();
        // The first chunk is kept until it is answered: the client may have to start over.
        let first_is_out = self.said(Verb::Chunk) && !self.knows_bdat();
        let may_follow = self.offers.pipelining && !first_is_out;
        self.chunk_left.is_none()
            && (in_flight == 0 || (may_follow && in_flight + LONGEST_BDAT <= self.most_in_flight(task)))
    }

    /// Whether content may be asked for, to fill a chunk.
    pub(super) fn wants_chunk(&self, task: &Task) -> bool {
        let is_shown = self.exchanges.last().is_none_or(|last| last.verb != Verb::Chunk || last.end <= self.handed);
        let has_ended = self.chunked.as_ref().is_some_and(Message::has_ended);
        let is_due = match self.turn(task) {
            // Commands that can be sent in one group with the first chunk are shown together with it.
            Turn::Say(Verb::Mail | Verb::Rcpt) => self.one_group_is_possible(task),
            Turn::Say(Verb::Rset) if self.repeat_is_due(task) => {
                let mut again = self.clone();
                again.say(Verb::Rset, "RSET\r\n".len(), task);
                again.one_group_is_possible(task)
            }
            Turn::Say(_) => false,
            _ => self.bdat_is_due(task) && is_shown,
        };
        is_due && !has_ended
    }

    /// Whether MAIL, if it was not said, each RCPT that was not, and BDAT can be sent without waiting.
    fn one_group_is_possible(&self, task: &Task) -> bool {
        let mut mail = String::new();
        if !self.said(Verb::Mail) {
            self.write_line(Verb::Mail, task, &mut mail);
            mail.push_str("\r\n");
        }
        let unsaid = self.rcpt_indexes(task).into_iter().enumerate().skip(self.count(Verb::Rcpt));
        let rcpt = |(number, index): (usize, usize)| {
            let path = &task.envelope.forward_paths()[index];
            format!("RCPT TO:<{path}>{}\r\n", self.rcpt_parameters(number, task)).len()
        };
        let group = self.in_flight() + mail.len() + unsaid.map(rcpt).sum::<usize>() + LONGEST_BDAT;
        let may_be_one = self.has_bdat(task) && self.offers.pipelining && !task.envelope.is_inquiry();
        may_be_one && !self.holds_content(task) && group <= self.most_in_flight(task)
    }

    /// How many octets of commands are in flight.
    fn in_flight(&self) -> usize {
        self.exchanges.iter().filter(|said| said.answer.is_none()).map(Exchange::in_flight).sum()
    }
}

impl Oracle {
    /// The message that content is given for: that of DATA, or that of BDAT, which may have been begun on an earlier
    /// connection.
    pub(super) fn message_given(&mut self) -> Option<&mut Message> {
        if self.connection.has_bdat(&self.task) && self.connection.message.is_none() {
            let given = self.given.take();
            let envelope = self.task.envelope.clone();
            let line_endings = self.task.config.line_endings();
            let begin = || given.unwrap_or_else(|| new_message(&envelope, line_endings));
            return Some(self.connection.chunked.get_or_insert_with(begin));
        }
        self.connection.message.as_mut()
    }

    /// BDAT or RCPT was answered. Returns an end if the connection must end: an unknown command, or a reply that cannot
    /// answer it.
    pub(super) fn bdat_answered(&mut self, verb: Verb, answer: Answer) -> Option<End> {
        let lmtp = self.task.config.protocol() == Protocol::Lmtp;
        let connection = &mut self.connection;
        if connection.said(Verb::Data) {
            return None;
        }
        let accepted = connection.accepted();
        if verb == Verb::Rcpt && lmtp {
            // The last chunk was shown before it was known how many replies it gets.
            if let Some(end) = connection.find(Verb::End).copied() {
                let missing = accepted.saturating_sub(connection.count(Verb::End));
                connection.exchanges.extend((0..missing).map(|_| end));
            }
        }
        if !matches!(verb, Verb::Chunk | Verb::End) {
            return None;
        }
        let known_before = connection.count_answered(Verb::Chunk) + connection.count_answered(Verb::End) > 1;
        let one_of_several = verb == Verb::End && lmtp && accepted > 1;
        let discarded = connection.all(Verb::Chunk).any(|chunk| chunk.refused() && chunk.answer != Some(answer));
        match answer.code {
            500 | 502 if !known_before && !one_of_several => Some(End::Unchunked(answer)),
            300..=399 => Some(End::Unexpected(answer)),
            200..=299 if accepted == 0 || (discarded && verb == Verb::End) => Some(End::Unexpected(answer)),
            _ => None,
        }
    }

    /// The connection or the transaction ends: what was given for the first chunk is not lost, unless the server has
    /// taken it.
    pub(super) fn keep_given(&mut self) {
        let is_delivered = self.connection.achieved(&self.task) == Some(Achieved::Delivered);
        let Some(message) = self.connection.chunked.take() else { return };
        let is_taken =
            self.connection.all(Verb::Chunk).any(|chunk| chunk.answer.is_some_and(|answer| answer.code < 300));
        self.given = (!is_taken && !is_delivered).then(|| message.read_again());
    }

    /// Reads the line of BDAT. Returns its length.
    pub(super) fn bdat_shown(&mut self, octets: &[u8]) -> Result<usize, Violation> {
        let end = octets.iter().position(|octet| *octet == b'\n').map_or(octets.len(), |at| at + 1);
        let line = &octets[..end];
        let wrong = |why: &str| Violation::new(Promise::WholeLines, format!("{:?} is sent: {why}", Escaped(line)));
        let text = line.strip_suffix(b"\r\n").ok_or_else(|| wrong("it is not a line"))?;
        let number = text.strip_prefix(b"BDAT ").unwrap_or_default();
        let (number, is_last) = number.strip_suffix(b" LAST").map_or((number, false), |number| (number, true));
        let number = std::str::from_utf8(number).unwrap_or_default();
        let len: usize = number.parse().map_err(|_| wrong("it has no length"))?;
        if len.to_string() != number {
            return Err(wrong("the length is not written as usual"));
        }
        if self.may_not_send() {
            return Err(Violation::new(Promise::NothingInClear, "content would be sent in clear"));
        }
        if !self.connection.bdat_is_due(&self.task) {
            let due = self.connection.due().is_some();
            let promise = if due { Promise::Groups } else { Promise::WholeLines };
            return Err(Violation::new(promise, format!("{:?} is sent out of turn", Escaped(line))));
        }
        let message = self.message_given().ok_or_else(|| wrong("there is no content"))?;
        let (unread, has_ended, all) = (message.unread(), message.has_ended(), message.meant().len());
        let limits = self.task.config.limits();
        match (len, is_last) {
            (_, true) if !has_ended => return Err(misread(Misread::EarlyEnd)),
            (_, true) if len != unread => return Err(wrong("it does not have the rest of the content")),
            (0, true) if all > 0 => return Err(wrong("the chunk is empty, but the content is not")),
            (0, false) => return Err(wrong("the chunk is empty")),
            (_, false) if len > unread => return Err(wrong("the chunk has more than was given")),
            (_, false) if len < limits.chunk() => return Err(wrong("the chunk is small")),
            _ if len > 2 * (limits.chunk() + 2 * limits.block().max(1)) => return Err(wrong("the chunk is large")),
            _ => {}
        }
        let verb = if is_last { Verb::End } else { Verb::Chunk };
        let start = self.connection.shown;
        let exchange = Exchange { verb, in_group: false, start, end: start + end + len, answer: None };
        let replies = if is_last { self.connection.end_replies(&self.task) } else { 1 };
        self.connection.exchanges.extend((0..replies).map(|_| exchange));
        self.connection.shown += end;
        self.connection.chunk_left = Some(ChunkLeft { octets: len, is_last });
        if len == 0 {
            self.chunk_shown(&[])?;
        }
        Ok(end)
    }

    /// Reads octets of a chunk. Returns how many.
    pub(super) fn chunk_shown(&mut self, octets: &[u8]) -> Result<usize, Violation> {
        let Some(ChunkLeft { octets: left, is_last }) = self.connection.chunk_left else { return Ok(0) };
        let Some(message) = &mut self.connection.chunked else { return Ok(0) };
        let read = &octets[..left.min(octets.len())];
        message.arrive_in_chunk(read).map_err(misread)?;
        self.connection.shown += read.len();
        self.connection.chunk_left = match left - read.len() {
            0 if is_last => {
                message.last_chunk_arrived().map_err(misread)?;
                None
            }
            0 => None,
            octets => Some(ChunkLeft { octets, is_last }),
        };
        Ok(read.len())
    }
}

/// A message that nothing was given for.
pub(super) fn new_message(envelope: &Envelope, line_endings: LineEndings) -> Message {
    let exact_size = match envelope.size() {
        Some(Size::Exact(octets)) => Some(octets),
        Some(Size::Estimate(_)) | None => None,
    };
    let message = Message::new(line_endings, envelope.body() == Body::EightBit).with_exact_size(exact_size);
    if envelope.body() == Body::Binary { message.binary() } else { message }
}

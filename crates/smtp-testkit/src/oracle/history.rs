//! Questions about the commands and replies on a connection.

use super::{
    connection::{Connection, Doubted},
    exchange::{Answer, Exchange, Verb},
    task::Task,
};

impl Connection {
    // Not inlined, so that the fuzzer counts the branches of each search once and not once per caller.

    /// The oldest command without a reply.
    #[inline(never)]
    pub(super) fn due(&self) -> Option<&Exchange> {
        self.exchanges.iter().find(|exchange| exchange.answer.is_none())
    }

    pub(super) fn due_mut(&mut self) -> Option<&mut Exchange> {
        self.exchanges.iter_mut().find(|exchange| exchange.answer.is_none())
    }

    #[inline(never)]
    pub(super) fn find(&self, verb: Verb) -> Option<&Exchange> {
        self.exchanges.iter().find(|exchange| exchange.verb == verb)
    }

    pub(super) fn all(&self, verb: Verb) -> impl Iterator<Item = &Exchange> {
        self.exchanges.iter().filter(move |exchange| exchange.verb == verb)
    }

    pub(super) fn said(&self, verb: Verb) -> bool {
        self.find(verb).is_some()
    }

    #[inline(never)]
    pub(super) fn count(&self, verb: Verb) -> usize {
        self.all(verb).count()
    }

    #[inline(never)]
    fn said_hello(&self) -> Option<&Exchange> {
        self.exchanges.iter().rfind(|exchange| exchange.is_hello())
    }

    /// The number of accepted recipients.
    pub(super) fn accepted(&self) -> usize {
        if self.find(Verb::Mail).is_none_or(Exchange::refused) {
            return 0;
        }
        self.all(Verb::Rcpt).filter(|rcpt| rcpt.answer.is_some_and(|answer| answer.code < 300)).count()
    }

    /// Whether a hello was accepted.
    #[inline(never)]
    pub(super) fn greeted(&self) -> bool {
        self.said_hello().is_some_and(|hello| hello.answer.is_some_and(|answer| answer.code < 300))
    }

    /// The last hello. For a kept connection this includes the one that opened it.
    pub(super) fn last_hello(&self) -> Option<Verb> {
        self.said_hello().map(|hello| hello.verb).or(self.reused.then_some(self.plan.hello))
    }

    /// The refusal of EHLO, if it was refused on this connection.
    #[inline(never)]
    pub(super) fn ehlo_refusal(&self) -> Option<Answer> {
        self.find(Verb::Ehlo).and_then(|ehlo| ehlo.answer).filter(|answer| answer.code >= 300)
    }

    /// Which refusals are in doubt if replies turn out to be out of step. Once the end of the content was
    /// answered, refusals from before 354 are certain.
    pub(super) fn in_doubt_if_out_of_step(&self) -> Doubted {
        // With BDAT, no 354 proves that the replies before it are in step.
        let has_354 = self.find(Verb::Data).is_some();
        let mut ends = self.all(Verb::End).peekable();
        let is_over = has_354 && ends.peek().is_some() && ends.all(|end| end.answer.is_some());
        let hello_refused = !self.reused && !self.greeted() && (self.said(Verb::Helo) || self.said(Verb::Lhlo));
        match (self.said(Verb::Mail) || hello_refused, is_over) {
            (false, _) => Doubted::Nothing,
            (true, false) => Doubted::All,
            (true, true) => Doubted::Content,
        }
    }

    /// Whether only MAIL was refused permanently, on a kept connection. That may have been a late reply to an
    /// earlier message: only a proper reply to QUIT proves it.
    pub(super) fn is_unproven(&self, task: &Task) -> bool {
        let code = self.find(Verb::Mail).and_then(Exchange::code).unwrap_or(0);
        !self.repeat_is_due(task) && self.reused && code >= 500 && !matches!(code, 503 | 530) && !self.said(Verb::Rcpt)
    }

    /// Whether this RCPT was refused permanently. 530 does not count, nor does 503 on a kept connection or 552 in a
    /// further transaction: they may be a limit.
    pub(super) fn is_refused_for_good(&self, task: &Task, rcpt: &Exchange) -> bool {
        let is_limit = |code| (self.reused && code == 503) || (task.parts.is_further && code == 552);
        rcpt.code().is_some_and(|code| code >= 500 && code != 530 && !is_limit(code))
    }

    /// The code of all replies to RCPT, if they are the same and all commands are answered.
    pub(super) fn every_rcpt_refused(&self, task: &Task) -> Option<u16> {
        let content = self.message.as_ref().is_some_and(|message| !message.has_arrived());
        if content || self.due().is_some() || self.find(Verb::Mail).is_none_or(Exchange::refused) {
            return None;
        }
        let rcpts = self.final_rcpts(task);
        let mut codes = rcpts.iter().map(|(_, rcpt)| rcpt.answer.map_or(0, |answer| answer.code));
        let first = codes.next()?;
        codes.all(|code| code == first).then_some(first)
    }

    /// Whether content is being sent: 354 has arrived, and the end of the content was not handed over.
    pub(super) fn in_content(&self) -> bool {
        if let Some(chunk) = self.due().filter(|due| due.start < due.end && matches!(due.verb, Verb::Chunk | Verb::End))
        {
            return chunk.start < self.handed && self.handed < chunk.end;
        }
        self.message.as_ref().is_some_and(|message| !message.has_arrived())
            || self.due().is_some_and(|due| due.verb == Verb::End && self.handed < due.end)
    }

    /// Whether the end of the content was handed over and its reply is outstanding, so that the server may have taken
    /// the message. With BDAT, other replies may be outstanding as well, but a refusal of MAIL rules that out.
    pub(super) fn end_is_out(&self) -> bool {
        let end = self.exchanges.iter().rfind(|exchange| exchange.answer.is_none()).copied();
        let is_refused = self.find(Verb::Mail).is_some_and(Exchange::refused);
        !is_refused && end.is_some_and(|end| end.verb == Verb::End && self.handed >= end.end)
    }
}

//! One connection as its server sees it: what was said, what was answered, and what may come next.
//!
//! Nothing here goes from state to state: what may be said follows each time from all that was
//! said and answered before.

use std::sync::Arc;

use smtp_proto::{Afterwards, AuthPolicy, Body, Config, Envelope, Need, Needs, Protocol, Size, TlsPolicy};

use super::{
    message::Message,
    offers::{self, Offers},
    replies::ReplyReader,
};

/// What a client says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verb {
    /// Nothing: the server speaks first.
    Greeting,
    Ehlo,
    Helo,
    Lhlo,
    Mail,
    Rcpt,
    Data,
    /// The end of the content; with LMTP, of the content for one of the recipients.
    End,
    Rset,
    Quit,
}

/// A command that was given to the driver, and its answer once there is one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exchange {
    pub(super) verb: Verb,
    /// Its first octet in all that was sent, and the octet behind its last.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) answer: Option<Answer>,
}

/// A reply: its code, and where its octets are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Answer {
    pub(super) code: u16,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What the client may do next of its own accord.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turn {
    Say(Verb),
    /// An answer has to come first.
    Listen,
    /// The content, and its end.
    Content,
    /// All is settled, and the connection can serve another message.
    Kept,
}

/// Why a connection that served an earlier message cannot serve this one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unfit {
    /// HELO's reply said nothing of what the message needs.
    Helo,
    /// MAIL, every RCPT or DATA was refused, which may be a limit of the session.
    Limit,
}

/// What was refused and may not have been.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Doubted {
    Nothing,
    /// The whole content.
    Content,
    /// The content and whatever came before it.
    All,
}

/// What is delivered, and how: the same on every connection.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) config: Arc<Config>,
    pub(super) envelope: Arc<Envelope>,
    pub(super) needs: Needs,
}

impl Task {
    pub(super) fn new(config: Arc<Config>, envelope: Arc<Envelope>) -> Self {
        let needs = offers::needs(&config, &envelope);
        Self { config, envelope, needs }
    }

    /// Whether nothing of the message may go in clear.
    pub(super) fn must_be_secured(&self) -> bool {
        self.config.tls() == TlsPolicy::Required || self.config.auth() == AuthPolicy::Required
    }
}

/// What the server may speak of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Awaited {
    /// The oldest command without an answer was sent whole.
    Answer,
    /// The content is on its way.
    Content,
    Nothing,
}

/// A connection, since the message began that it serves.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "plain facts, in any combination")]
pub(super) struct Connection {
    /// The hello it has to begin with.
    pub(super) hello: Verb,
    /// It had served an earlier message.
    pub(super) reused: bool,
    /// It cannot serve the message: the message gets a new one.
    pub(super) unfit: Option<Unfit>,
    /// It is not kept, whatever policy says.
    pub(super) spent: bool,
    /// Replies and commands turned out to be out of step, so this may have been refused to others.
    pub(super) doubted: Doubted,
    /// It replaces one that had served an earlier message.
    pub(super) replaces: bool,
    pub(super) exchanges: Vec<Exchange>,
    pub(super) replies: ReplyReader,
    /// What was awaited when the reply began that is arriving.
    pub(super) answering: Awaited,
    pub(super) offers: Offers,
    /// The message, from the 354 on.
    pub(super) message: Option<Message>,
    /// Octets that were shown to the driver, and that it handed over, since the connection began.
    pub(super) shown: usize,
    pub(super) handed: usize,
    /// DATA was given while a recipient's answer was still due, and can only be shown after it.
    pub(super) hoped: bool,
    /// QUIT is wanted, whatever else there would be to do.
    pub(super) leaving: bool,
}

impl Connection {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            hello: Verb::Ehlo,
            reused: false,
            unfit: None,
            spent: false,
            doubted: Doubted::Nothing,
            replaces: false,
            exchanges: Vec::with_capacity(16),
            replies: ReplyReader::new(config.limits().reply_line(), config.limits().reply()),
            answering: Awaited::Nothing,
            offers: Offers::default(),
            message: None,
            shown: 0,
            handed: 0,
            hoped: false,
            leaving: false,
        }
    }

    /// Another connection, that has to begin with this hello.
    pub(super) fn open(&mut self, hello: Verb) {
        self.hello = hello;
        self.reused = false;
        (self.unfit, self.spent, self.doubted) = (None, false, Doubted::Nothing);
        self.exchanges.clear();
        self.exchanges.push(Exchange { verb: Verb::Greeting, start: 0, end: 0, answer: None });
        self.replies.clear();
        self.offers = Offers::default();
        self.message = None;
        (self.shown, self.handed) = (0, 0);
        (self.hoped, self.leaving) = (false, false);
    }

    /// The same connection, for another message with these needs.
    pub(super) fn reuse(&mut self, needs: Needs) {
        self.hello = self.last_hello().unwrap_or(self.hello);
        self.reused = true;
        self.unfit = (self.hello == Verb::Helo && !needs.is_empty()).then_some(Unfit::Helo);
        self.exchanges.clear();
        self.message = None;
        (self.hoped, self.spent, self.doubted) = (false, false, Doubted::Nothing);
    }

    /// What a reply that begins now can be about.
    pub(super) fn awaited(&self) -> Awaited {
        if self.in_content() {
            return Awaited::Content;
        }
        match self.due() {
            Some(due) if due.end <= self.handed => Awaited::Answer,
            _ => Awaited::Nothing,
        }
    }

    /// What may come next.
    pub(super) fn turn(&self, task: &Task) -> Turn {
        if self.said(Verb::Quit) {
            return Turn::Listen;
        }
        if self.leaving || self.unfit == Some(Unfit::Helo) {
            return Turn::Say(Verb::Quit);
        }
        if let Some(message) = &self.message {
            if !message.has_arrived() {
                return Turn::Content;
            }
        }
        let transaction = self.reused || self.greeted();
        match self.exchanges.last() {
            Some(last) if last.answer.is_none() => match last.verb {
                // RFC 2920 section 3.1: these may be followed by others.
                Verb::Mail | Verb::Rcpt if self.offers.pipelining => self.in_transaction(task),
                _ => Turn::Listen,
            },
            // The last one is answered, so all are.
            _ if transaction => self.in_transaction(task),
            Some(last) => Turn::Say(self.before_transaction(*last, task)),
            None => Turn::Listen,
        }
    }

    /// From the greeting to the hello that was taken.
    fn before_transaction(&self, last: Exchange, task: &Task) -> Verb {
        let code = last.answer.map_or(0, |answer| answer.code);
        match last.verb {
            Verb::Greeting if code < 300 => self.hello,
            // RFC 1869 sections 4.5 and 4.6.
            Verb::Ehlo if task.needs.is_empty() => Verb::Helo,
            Verb::Helo if code == 503 && self.said(Verb::Ehlo) && !self.said(Verb::Rset) => Verb::Rset,
            Verb::Rset => Verb::Helo,
            _ => Verb::Quit,
        }
    }

    fn in_transaction(&self, task: &Task) -> Turn {
        if task.envelope.forward_paths().is_empty() {
            return Turn::Say(Verb::Quit);
        }
        if !self.may_go(task) {
            return self.finish(task, true);
        }
        let Some(mail) = self.find(Verb::Mail) else { return Turn::Say(Verb::Mail) };
        let all_answered = self.exchanges.iter().all(|exchange| exchange.answer.is_some());
        if let Some(rset) = self.all(Verb::Rset).find(|rset| rset.start >= mail.end) {
            return match rset.answer {
                None => Turn::Listen,
                Some(answer) if answer.code < 300 => Turn::Kept,
                Some(_) => Turn::Say(Verb::Quit),
            };
        }
        if let Some(data) = self.find(Verb::Data) {
            return match (data.answer, all_answered) {
                (Some(answer), _) if answer.code >= 400 => self.finish(task, false),
                (Some(_), true) => self.finish(task, true),
                _ => Turn::Listen,
            };
        }
        let asked = self.count(Verb::Rcpt);
        if mail.refused() {
            return match (all_answered, asked) {
                (false, _) => Turn::Listen,
                // A late reply to the message before may have come first.
                (true, 0) if self.reused => Turn::Say(Verb::Quit),
                (true, _) => self.finish(task, asked == 0),
            };
        }
        if asked < task.envelope.forward_paths().len() {
            return Turn::Say(Verb::Rcpt);
        }
        let hope = self.all(Verb::Rcpt).any(|rcpt| rcpt.answer.is_none_or(|answer| answer.code < 300));
        match (hope || self.hoped, asked) {
            (true, _) => Turn::Say(Verb::Data),
            // One of the refusals may have come twice: RSET's answer would not show it.
            (false, 2..) if self.all(Verb::Rcpt).any(|rcpt| self.is_refused_for_good(rcpt)) => Turn::Say(Verb::Quit),
            (false, _) => self.finish(task, false),
        }
    }

    /// All is settled. `clean`: the server has no transaction open.
    fn finish(&self, task: &Task, clean: bool) -> Turn {
        if self.unfit.is_some() || self.spent {
            return Turn::Say(Verb::Quit);
        }
        match (task.config.afterwards(), clean) {
            (Afterwards::Keep, true) => Turn::Kept,
            (Afterwards::Keep, false) => Turn::Say(Verb::Rset),
            (_, _) => Turn::Say(Verb::Quit),
        }
    }

    /// Whether the message may go to a server that offers this.
    pub(super) fn may_go(&self, task: &Task) -> bool {
        let fits = match (self.offers.largest, task.envelope.size().map(Size::octets)) {
            (Some(largest), Some(size)) => size <= largest,
            _ => true,
        };
        fits && self.offers.unmet(task.needs).is_empty()
    }

    /// Writes the only line that may be `verb` now, without its CR LF.
    pub(super) fn write_line(&self, verb: Verb, task: &Task, line: &mut String) {
        let (name, value, end) = match verb {
            Verb::Ehlo => ("EHLO ", task.config.hello_name().as_str(), ""),
            Verb::Helo => ("HELO ", task.config.hello_name().as_str(), ""),
            Verb::Lhlo => ("LHLO ", task.config.hello_name().as_str(), ""),
            Verb::Mail => ("MAIL FROM:<", task.envelope.reverse_path().as_str(), ">"),
            Verb::Rcpt => match task.envelope.forward_paths().get(self.count(Verb::Rcpt)) {
                Some(path) => ("RCPT TO:<", path.as_str(), ">"),
                None => ("", "", ""),
            },
            Verb::Data => ("DATA", "", ""),
            Verb::Rset => ("RSET", "", ""),
            Verb::Quit => ("QUIT", "", ""),
            Verb::Greeting | Verb::End => ("", "", ""),
        };
        line.clear();
        line.extend([name, value, end]);
        if verb == Verb::Mail {
            if let (Some(size), true) = (task.envelope.size(), self.offers.size) {
                line.extend([" SIZE=", &size.octets().to_string()]);
            }
            if self.offers.eight_bit_mime && task.envelope.body() == Body::EightBit {
                line.push_str(" BODY=8BITMIME");
            }
            if task.needs.contains(Need::Smtputf8) {
                line.push_str(" SMTPUTF8");
            }
        }
    }

    /// How many octets of commands are under way with one more of `len`; `None` if it is alone.
    pub(super) fn under_way_with(&self, len: usize) -> Option<usize> {
        self.due()?;
        let unanswered = self.exchanges.iter().filter(|exchange| exchange.answer.is_none());
        Some(unanswered.map(|exchange| exchange.end - exchange.start).sum::<usize>() + len)
    }

    /// Takes a command that was shown.
    pub(super) fn say(&mut self, verb: Verb, len: usize) {
        self.exchanges.push(Exchange { verb, start: self.shown, end: self.shown + len, answer: None });
        self.shown += len;
    }

    /// Takes the end of the content, whose octets were shown.
    pub(super) fn say_end(&mut self, task: &Task) {
        let replies = match task.config.protocol() {
            Protocol::Smtp => 1,
            Protocol::Lmtp => self.accepted().max(1),
        };
        for _ in 0..replies {
            self.exchanges.push(Exchange { verb: Verb::End, start: self.shown, end: self.shown, answer: None });
        }
    }

    // Out of line: each branch of a search is one for the fuzzer to count, not one for each caller.

    /// The oldest command that has no answer.
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
    fn count(&self, verb: Verb) -> usize {
        self.all(verb).count()
    }

    #[inline(never)]
    fn said_hello(&self) -> Option<&Exchange> {
        self.exchanges.iter().rfind(|exchange| exchange.is_hello())
    }

    /// Recipients that were taken.
    pub(super) fn accepted(&self) -> usize {
        if self.find(Verb::Mail).is_none_or(Exchange::refused) {
            return 0;
        }
        self.all(Verb::Rcpt).filter(|rcpt| rcpt.answer.is_some_and(|answer| answer.code < 300)).count()
    }

    /// Whether a hello was taken.
    #[inline(never)]
    pub(super) fn greeted(&self) -> bool {
        self.said_hello().is_some_and(|hello| hello.answer.is_some_and(|answer| answer.code < 300))
    }

    /// The hello that was said last. A kept connection was opened with one.
    pub(super) fn last_hello(&self) -> Option<Verb> {
        self.said_hello().map(|hello| hello.verb).or(self.reused.then_some(self.hello))
    }

    /// The refusal of EHLO, while HELO was not taken yet behind it.
    #[inline(never)]
    pub(super) fn ehlo_refusal(&self) -> Option<Answer> {
        self.find(Verb::Ehlo).and_then(|ehlo| ehlo.answer).filter(|answer| answer.code >= 300)
    }

    /// What replies that are out of step put into doubt. Once the end of the content was answered, what was
    /// refused before 354 stands.
    pub(super) fn in_doubt_if_out_of_step(&self) -> Doubted {
        let mut ends = self.all(Verb::End).peekable();
        let is_over = ends.peek().is_some() && ends.all(|end| end.answer.is_some());
        let hello_refused = !self.reused && !self.greeted() && (self.said(Verb::Helo) || self.said(Verb::Lhlo));
        match (self.said(Verb::Mail) || hello_refused, is_over) {
            (false, _) => Doubted::Nothing,
            (true, false) => Doubted::All,
            (true, true) => Doubted::Content,
        }
    }

    /// Whether MAIL alone was refused for good, and that on a connection where a reply to an earlier message
    /// may have come late: only a proper answer to QUIT proves it.
    pub(super) fn is_unproven(&self) -> bool {
        let code = self.find(Verb::Mail).and_then(|mail| mail.answer).map_or(0, |answer| answer.code);
        self.reused && code >= 500 && code != 503 && !self.said(Verb::Rcpt)
    }

    /// Whether this RCPT was refused for good: 503 on a kept connection may be a limit.
    fn is_refused_for_good(&self, rcpt: &Exchange) -> bool {
        rcpt.answer.is_some_and(|answer| answer.code >= 500 && !(self.reused && answer.code == 503))
    }

    /// The code with which every RCPT was refused, once all commands are answered.
    pub(super) fn every_rcpt_refused(&self) -> Option<u16> {
        let content = self.message.as_ref().is_some_and(|message| !message.has_arrived());
        if content || self.due().is_some() || self.find(Verb::Mail).is_none_or(Exchange::refused) {
            return None;
        }
        let mut codes = self.all(Verb::Rcpt).map(|rcpt| rcpt.answer.map_or(0, |answer| answer.code));
        let first = codes.next()?;
        codes.all(|code| code == first).then_some(first)
    }

    /// Whether content is going out: 354 came, and its end was not handed over.
    pub(super) fn in_content(&self) -> bool {
        self.message.as_ref().is_some_and(|message| !message.has_arrived())
            || self.due().is_some_and(|due| due.verb == Verb::End && self.handed < due.end)
    }

    /// Whether the end of the content was handed over, and an answer to it is due.
    pub(super) fn end_is_out(&self) -> bool {
        self.due().is_some_and(|due| due.verb == Verb::End && self.handed >= due.end)
    }
}

impl Exchange {
    const fn is_hello(&self) -> bool {
        matches!(self.verb, Verb::Ehlo | Verb::Helo | Verb::Lhlo)
    }

    pub(super) fn refused(&self) -> bool {
        self.answer.is_some_and(|answer| answer.code >= 400)
    }
}

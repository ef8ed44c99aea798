//! One connection as its server sees it: the commands, the replies, and what may come next.
//!
//! There is no state machine here: what the client may send next is derived each time from the full list
//! of commands and replies.

use smtp_proto::{Body, Need, Protocol, TlsVersion};

use super::{
    auth_turn::Given,
    channel::Channel,
    chunk_left::ChunkLeft,
    exchange::{Answer, Exchange, Verb},
    message::Message,
    offers::Offers,
    plan::{Plan, Wish},
    replies::ReplyReader,
    task::Task,
    tls_fact::TlsFact,
};

/// Why a kept connection cannot serve this message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unfit {
    /// It was opened with HELO, whose reply cannot offer what the message needs.
    Helo,
    /// MAIL, every RCPT or DATA was refused: the session may have reached a limit.
    Limit,
    /// What the server announces as its limits is used up.
    Used,
}

/// Which refusals are in doubt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Doubted {
    Nothing,
    /// The refusal of the whole content.
    Content,
    /// The refusals of the content and of the commands before it.
    All,
}

/// What a reply that begins now would answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Awaited {
    /// The oldest command without a reply, which was sent completely.
    Answer,
    /// The content, which is being sent.
    Content,
    Nothing,
}

/// A connection, from the start of the current message on.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "plain facts, in any combination")]
pub(super) struct Connection {
    pub(super) plan: Plan,
    /// There is a connection.
    pub(super) is_open: bool,
    pub(super) channel: Channel,
    /// That of TLS, once the connection is secured.
    pub(super) version: Option<TlsVersion>,
    /// Whether an authentication can be bound to it.
    pub(super) can_bind: bool,
    /// What was offered in clear, before STARTTLS.
    pub(super) in_clear: Option<Offers>,
    pub(super) given: Given,
    /// The TLS of a connection that was kept.
    pub(super) carried: Option<TlsFact>,
    /// It is not the first one for this message.
    pub(super) is_retry: bool,
    /// It has served an earlier message, or an earlier transaction of this one.
    pub(super) reused: bool,
    /// It was kept after an earlier message.
    pub(super) was_kept: bool,
    /// The code that refused EHLO before an earlier transaction of this message.
    pub(super) carried_refusal: Option<u16>,
    /// How many transactions were begun on it before this one.
    pub(super) mails_before: usize,
    /// The domains of the recipients of those, if the server limits them.
    pub(super) domains: Vec<String>,
    /// The caller cannot read the content again.
    pub(super) cannot_rewind: bool,
    /// If set, it cannot serve the message, which gets a new connection.
    pub(super) unfit: Option<Unfit>,
    /// It must not be kept, whatever the policy.
    pub(super) spent: bool,
    /// Refusals in doubt because replies and commands turned out to be out of step.
    pub(super) doubted: Doubted,
    /// It replaces a connection that had served an earlier message.
    pub(super) replaces: bool,
    /// The server is known not to keep step with commands that are sent together.
    pub(super) in_lockstep: bool,
    /// The driver handed over part of a command while another was unanswered.
    pub(super) had_group: bool,
    pub(super) exchanges: Vec<Exchange>,
    pub(super) replies: ReplyReader,
    /// What was awaited when the reply that is arriving began.
    pub(super) answering: Awaited,
    pub(super) offers: Offers,
    /// The message, from the 354 on.
    pub(super) message: Option<Message>,
    /// The message that is sent with BDAT, once some of it was given.
    pub(super) chunked: Option<Message>,
    /// What is left of the chunk that is being shown.
    pub(super) chunk_left: Option<ChunkLeft>,
    /// Octets shown to the driver, and octets that it handed over, since the connection began.
    pub(super) shown: usize,
    pub(super) handed: usize,
    /// DATA became due while a reply to RCPT was outstanding, and can be shown only after it.
    pub(super) hoped: bool,
    /// The caller asked for QUIT.
    pub(super) leaving: bool,
    /// MAIL was refused with parameters, and is sent again without those that the message can do without.
    pub(super) is_plain: bool,
    /// Whether the keywords of the reply to EHLO are kept.
    pub(super) keeps_keywords: bool,
}

impl Connection {
    pub(super) fn new(task: &Task) -> Self {
        let config = &task.config;
        Self {
            plan: Plan { hello: Verb::Ehlo, wish: Wish::Clear },
            is_open: false,
            channel: Channel::Clear,
            version: None,
            can_bind: false,
            in_clear: None,
            given: Given::default(),
            carried: None,
            is_retry: false,
            reused: false,
            was_kept: false,
            carried_refusal: None,
            mails_before: 0,
            domains: Vec::new(),
            cannot_rewind: false,
            unfit: None,
            spent: false,
            doubted: Doubted::Nothing,
            replaces: false,
            in_lockstep: false,
            had_group: false,
            exchanges: Vec::with_capacity(16),
            replies: ReplyReader::new(config.limits().reply_line(), config.limits().reply()),
            answering: Awaited::Nothing,
            offers: Offers::default(),
            message: None,
            chunked: None,
            chunk_left: None,
            shown: 0,
            handed: 0,
            hoped: false,
            leaving: false,
            is_plain: false,
            keeps_keywords: task.needs_keywords(),
        }
    }

    /// Starts over with a new connection.
    pub(super) fn open(&mut self, plan: Plan) {
        self.plan = plan;
        self.is_open = true;
        (self.channel, self.version, self.can_bind, self.in_clear) = (Channel::Clear, None, false, None);
        self.given = Given::default();
        self.carried = None;
        (self.reused, self.was_kept, self.carried_refusal, self.cannot_rewind) = (false, false, None, false);
        self.mails_before = 0;
        (self.in_lockstep, self.had_group) = (false, false);
        self.domains.clear();
        (self.unfit, self.spent, self.doubted) = (None, false, Doubted::Nothing);
        (self.shown, self.handed) = (0, 0);
        self.exchanges.clear();
        self.push_greeting(None);
        self.replies.clear();
        self.offers = Offers::default();
        (self.message, self.chunked, self.chunk_left) = (None, None, None);
        (self.hoped, self.leaving, self.is_plain) = (false, false, false);
    }

    /// There is no connection.
    pub(super) fn close(&mut self, plan: Plan) {
        self.open(plan);
        self.is_open = false;
        self.exchanges.clear();
    }

    pub(super) fn push_greeting(&mut self, code: Option<u16>) {
        let answer = code.map(|code| Answer { code, start: 0, end: 0 });
        self.exchanges.push(Exchange {
            verb: Verb::Greeting,
            in_group: false,
            start: self.shown,
            end: self.shown,
            answer,
        });
    }

    /// Continues on the same connection with another message.
    pub(super) fn reuse(&mut self, task: &Task) {
        self.carried = Some(self.tls_fact());
        self.plan.hello = self.last_hello().unwrap_or(self.plan.hello);
        (self.reused, self.was_kept, self.carried_refusal, self.cannot_rewind) = (true, true, None, false);
        let needs = self.needs_beyond_helo(task);
        let is_unknown = task.needs_keywords() && !self.keeps_keywords;
        self.unfit = ((self.plan.hello == Verb::Helo && !needs.is_empty()) || is_unknown).then_some(Unfit::Helo);
        self.keeps_keywords |= is_unknown;
        self.is_plain = false;
        if self.unfit.is_none() && self.has_no_room(task) {
            self.unfit = Some(Unfit::Used);
        }
        self.exchanges.clear();
        (self.message, self.chunked, self.chunk_left) = (None, None, None);
        (self.hoped, self.spent, self.doubted) = (false, false, Doubted::Nothing);
    }

    /// What a reply that begins now would answer.
    pub(super) fn awaited(&self) -> Awaited {
        if self.in_content() {
            return Awaited::Content;
        }
        match self.due() {
            Some(due) if due.end <= self.handed => Awaited::Answer,
            _ => Awaited::Nothing,
        }
    }

    /// Writes the one correct line for `verb` now, without its CR LF.
    pub(super) fn write_line(&self, verb: Verb, task: &Task, line: &mut String) {
        let (name, value, end) = match verb {
            Verb::Ehlo => ("EHLO ", task.config.hello_name().as_str(), ""),
            Verb::Helo => ("HELO ", task.config.hello_name().as_str(), ""),
            Verb::Lhlo => ("LHLO ", task.config.hello_name().as_str(), ""),
            Verb::Mail => ("MAIL FROM:<", task.envelope.reverse_path().as_str(), ">"),
            Verb::Rcpt => match self.next_index(task) {
                Some(index) => ("RCPT TO:<", task.envelope.forward_paths()[index].as_str(), ">"),
                None => ("", "", ""),
            },
            Verb::Data => ("DATA", "", ""),
            Verb::Rset => ("RSET", "", ""),
            Verb::Quit => ("QUIT", "", ""),
            Verb::StartTls => ("STARTTLS", "", ""),
            Verb::Star => ("*", "", ""),
            Verb::Auth | Verb::Response => {
                let owed = self.given.owed.as_ref().map_or(&b""[..], |(_, line)| line);
                (std::str::from_utf8(owed).unwrap_or_default(), "", "")
            }
            Verb::Greeting | Verb::Chunk | Verb::End => ("", "", ""),
        };
        line.clear();
        line.extend([name, value, end]);
        if verb == Verb::Mail {
            if let (Some(size), true) = (task.envelope.size(), self.offers.size) {
                line.extend([" SIZE=", &size.octets().to_string()]);
            }
            if task.envelope.body() == Body::Binary {
                line.push_str(" BODY=BINARYMIME");
            }
            if self.offers.eight_bit_mime && task.envelope.body() == Body::EightBit {
                line.push_str(" BODY=8BITMIME");
            }
            if task.needs.contains(Need::Smtputf8) {
                line.push_str(" SMTPUTF8");
            }
            if task.needs.contains(Need::RequireTls) {
                line.push_str(" REQUIRETLS");
            }
            line.push_str(&self.mail_parameters(task));
        }
        if verb == Verb::Rcpt {
            line.push_str(&self.rcpt_parameters(self.count(Verb::Rcpt), task));
        }
    }

    /// How many octets of commands are in flight with one more command of `len` octets; `None` if no other is.
    pub(super) fn under_way_with(&self, len: usize) -> Option<usize> {
        self.due()?;
        let unanswered = self.exchanges.iter().filter(|exchange| exchange.answer.is_none());
        Some(unanswered.map(Exchange::in_flight).sum::<usize>() + len)
    }

    /// Records a command that was shown.
    pub(super) fn say(&mut self, verb: Verb, len: usize, task: &Task) {
        if verb == Verb::Rset && self.repeat_is_due(task) {
            self.forget_transaction();
        }
        let (start, end) = (self.shown, self.shown + len);
        self.exchanges.push(Exchange { verb, in_group: false, start, end, answer: None });
        self.shown += len;
        if matches!(verb, Verb::Auth | Verb::Response) {
            self.given.owed = None;
        }
    }

    /// Records the end of the content, whose octets were shown.
    pub(super) fn say_end(&mut self, task: &Task) {
        for _ in 0..self.end_replies(task) {
            let (start, end) = (self.shown, self.shown);
            self.exchanges.push(Exchange { verb: Verb::End, in_group: false, start, end, answer: None });
        }
    }

    /// How many replies the end of the content gets.
    pub(super) fn end_replies(&self, task: &Task) -> usize {
        match task.config.protocol() {
            Protocol::Smtp => 1,
            Protocol::Lmtp => self.accepted().max(1),
        }
    }
}

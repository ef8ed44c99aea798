//! The parameters of MAIL and RCPT, in the simplest possible code: what an envelope asks for, what a server may be sent
//! of it, and what is left out when a server refuses it.

use smtp_proto::{
    DeliverBy, Envelope, Late, Need, Notify, OriginalRecipient, Parameter, RcptParameters, Return, Status,
};

use super::{
    connection::Connection,
    exchange::{Exchange, Verb},
    task::Task,
};

/// Any octet but these is sent as two hexadecimal digits (RFC 3461 section 4).
fn xtext(text: &str) -> String {
    let one = |octet: u8| match octet {
        33..=42 | 44..=60 | 62..=126 => char::from(octet).to_string(),
        _ => format!("+{octet:02X}"),
    };
    text.bytes().map(one).collect()
}

/// RFC 3461 section 4.1.
fn conditions(notify: Notify) -> String {
    let all = [(Notify::SUCCESS, "SUCCESS"), (Notify::FAILURE, "FAILURE"), (Notify::DELAY, "DELAY")];
    let named: Vec<_> = all.iter().filter(|(one, _)| notify.contains(*one)).map(|(_, name)| *name).collect();
    if named.is_empty() { "NEVER".to_owned() } else { named.join(",") }
}

/// RFC 3461 section 4.2, RFC 6533 section 3.
fn original(recipient: &OriginalRecipient, is_utf8: bool) -> String {
    let (kind, address) = (recipient.address_type(), recipient.address());
    if kind != "utf-8" {
        return format!("{kind};{}", xtext(address));
    }
    let one = |character: char| match character {
        '+' | '=' | '\\' | '\0'..=' ' | '\x7f' => format!("\\x{{{:02X}}}", u32::from(character)),
        '\u{80}'.. if !is_utf8 => format!("\\x{{{:02X}}}", u32::from(character)),
        _ => character.to_string(),
    };
    format!("{kind};{}", address.chars().map(one).collect::<String>())
}

fn others(parameters: &[Parameter]) -> String {
    let one = |parameter: &Parameter| match parameter.value() {
        Some(value) => format!(" {}={value}", parameter.keyword()),
        None => format!(" {}", parameter.keyword()),
    };
    parameters.iter().map(one).collect()
}

fn asks_for_dsn(envelope: &Envelope) -> bool {
    envelope.returned().is_some() || envelope.envelope_id().is_some()
}

fn wants_late_notice(envelope: &Envelope) -> bool {
    envelope.deliver_by().is_some_and(|limit| limit.late() == Late::Notify)
}

fn is_never(rcpt: &RcptParameters) -> bool {
    rcpt.notify() == Some(Notify::NEVER)
}

fn asks(rcpt: &RcptParameters) -> bool {
    rcpt.notify().is_some() || rcpt.original_recipient().is_some()
}

/// Whether a server whose reply says this about DELIVERBY may be sent a message with this limit.
pub(super) fn is_in_time(limit: Option<DeliverBy>, least: Option<u64>) -> bool {
    match (limit, least) {
        (Some(limit), Some(least)) if limit.late() == Late::Return => {
            u64::try_from(limit.seconds()).is_ok_and(|seconds| seconds >= least)
        }
        (_, least) => least.is_some(),
    }
}

impl Task {
    fn rcpts(&self) -> impl Iterator<Item = &RcptParameters> {
        (0..self.envelope.forward_paths().len()).map(|place| self.envelope.rcpt_parameters(place))
    }

    /// Whether the reply to EHLO must be searched for other extensions.
    pub(super) fn needs_keywords(&self) -> bool {
        !self.envelope.parameters().is_empty() || self.rcpts().any(|rcpt| !rcpt.parameters().is_empty())
    }

    /// Whether EHLO is worth a try: the message has parameters.
    pub(super) fn prefers_ehlo(&self) -> bool {
        let envelope = &self.envelope;
        asks_for_dsn(envelope)
            || envelope.deliver_by().is_some()
            || envelope.submitter().is_some()
            || self.needs_keywords()
            || self.rcpts().any(asks)
    }
}

impl Connection {
    /// What follows the path in MAIL, besides SIZE, BODY, SMTPUTF8 and REQUIRETLS.
    pub(super) fn mail_parameters(&self, task: &Task) -> String {
        let envelope = &task.envelope;
        if !task.has_parameters {
            return String::new();
        }
        let [dsn, by, auth] = [self.offers.dsn, self.offers.deliver_by.is_some(), self.offers.auth.is_some()]
            .map(|is_offered| is_offered && !self.is_plain);
        let trace = |limit: DeliverBy| if limit.is_traced() { "T" } else { "" };
        let parts = [
            envelope.returned().filter(|_| dsn).map(|returned| match returned {
                Return::Full => " RET=FULL".to_owned(),
                Return::Headers => " RET=HDRS".to_owned(),
            }),
            envelope.envelope_id().filter(|_| dsn).map(|id| format!(" ENVID={}", xtext(id.as_str()))),
            envelope.deliver_by().and_then(|limit| match limit.late() {
                Late::Return => Some(format!(" BY={};R{}", limit.seconds(), trace(limit))),
                Late::Notify => by.then(|| format!(" BY={};N{}", limit.seconds(), trace(limit))),
            }),
            envelope.submitter().filter(|_| auth).map(|submitter| match submitter.mailbox() {
                Some(mailbox) => format!(" AUTH={}", xtext(mailbox.as_str())),
                None => " AUTH=<>".to_owned(),
            }),
        ];
        parts.into_iter().flatten().collect::<String>() + &others(envelope.parameters())
    }

    /// What follows the path in the RCPT that has this number.
    pub(super) fn rcpt_parameters(&self, number: usize, task: &Task) -> String {
        if !task.has_parameters {
            return String::new();
        }
        let Some(place) = self.rcpt_indexes(task).get(number).copied() else { return String::new() };
        let rcpt = task.envelope.rcpt_parameters(place);
        let is_again = number >= self.first_indexes(task).len();
        let is_utf8 = task.needs.contains(Need::Smtputf8);
        let mut line = String::new();
        if self.offers.dsn && !is_again {
            line += &rcpt.notify().map(|notify| format!(" NOTIFY={}", conditions(notify))).unwrap_or_default();
            line += &rcpt
                .original_recipient()
                .map(|recipient| format!(" ORCPT={}", original(recipient, is_utf8)))
                .unwrap_or_default();
        }
        line + &others(rcpt.parameters())
    }

    /// The keyword of the extension that the message, or the recipient in this place, needs in vain.
    pub(super) fn missing(&self, place: usize, task: &Task) -> Option<String> {
        if !task.has_parameters {
            return None;
        }
        let rcpt = task.envelope.rcpt_parameters(place);
        let is_missing = |other: &&Parameter| !self.offers.keywords.contains(&other.extension().to_ascii_uppercase());
        let of_mail = task.envelope.parameters().iter().find(is_missing);
        if of_mail.is_none() && is_never(rcpt) && !self.offers.dsn {
            return Some("DSN".to_owned());
        }
        let missing = of_mail.or_else(|| rcpt.parameters().iter().find(is_missing));
        missing.map(|other| other.extension().to_owned())
    }

    /// The status of a recipient who needs an extension in vain: after a hang-up on EHLO, nobody knows what the server
    /// offers.
    pub(super) fn status_of_missing(&self) -> Status {
        let is_certain = self.ehlo_refusal().is_none_or(|refusal| refusal.code < 500);
        if self.last_hello() == Some(Verb::Helo) && is_certain { Status::Deferred } else { Status::Failed }
    }

    /// Whether the message is about to be sent, or was, or only extensions are missing.
    pub(super) fn is_ready(&self, task: &Task) -> bool {
        self.has_begun(task) && self.fits(task) && self.unmet(task).is_empty()
    }

    /// The recipients that the server is asked for first, in order.
    pub(super) fn first_indexes(&self, task: &Task) -> Vec<usize> {
        (0..self.places(task))
            .filter_map(|nth| self.place(task, nth))
            .map(|position| task.parts.left[position])
            .collect()
    }

    /// The recipient of each RCPT, in order: first all, then those whose parameters were refused.
    pub(super) fn rcpt_indexes(&self, task: &Task) -> Vec<usize> {
        let first = self.first_indexes(task);
        if !task.has_parameters {
            return first;
        }
        let asked: Vec<_> = first.iter().copied().zip(self.all(Verb::Rcpt)).collect();
        let again = asked.iter().filter(|(index, rcpt)| self.is_about_parameters(*index, rcpt, task));
        first.iter().copied().chain(again.map(|(index, _)| *index)).collect()
    }

    /// The recipient of the next RCPT.
    pub(super) fn next_index(&self, task: &Task) -> Option<usize> {
        let asked = self.count(Verb::Rcpt);
        if task.has_parameters {
            self.rcpt_indexes(task).get(asked).copied()
        } else {
            self.place(task, asked).map(|position| task.parts.left[position])
        }
    }

    /// Each RCPT whose refusal is not about its parameters, with its recipient.
    pub(super) fn final_rcpts(&self, task: &Task) -> Vec<(usize, &Exchange)> {
        let all = self.rcpt_indexes(task).into_iter().zip(self.all(Verb::Rcpt));
        if !task.has_parameters {
            return all.collect();
        }
        let first = self.first_indexes(task).len();
        let counts = |(number, (index, rcpt)): &(usize, (usize, &Exchange))| {
            *number >= first || !self.is_about_parameters(*index, rcpt, task)
        };
        all.enumerate().filter(counts).map(|(_, rcpt)| rcpt).collect()
    }

    /// Whether the refusal of the first RCPT for this recipient may be about its parameters.
    fn is_about_parameters(&self, place: usize, rcpt: &Exchange, task: &Task) -> bool {
        let parameters = task.envelope.rcpt_parameters(place);
        let is_sent = self.offers.dsn && asks(parameters) && !is_never(parameters);
        is_sent && matches!(rcpt.code(), Some(501 | 555)) && !self.find(Verb::Mail).is_none_or(Exchange::refused)
    }

    /// Whether RCPT was said for every recipient of the first round, and answered.
    pub(super) fn first_round_is_answered(&self, task: &Task) -> bool {
        let answered = self.all(Verb::Rcpt).filter(|rcpt| rcpt.answer.is_some());
        answered.count() >= self.first_indexes(task).len()
    }

    /// Whether content must wait for the replies to MAIL and RCPT. With DATA, a refusal of MAIL is early enough.
    pub(super) fn holds_content(&self, task: &Task) -> bool {
        if !task.has_parameters || self.first_round_is_answered(task) {
            return false;
        }
        let has_optional_rcpt = self.offers.dsn && task.rcpts().any(|rcpt| asks(rcpt) && !is_never(rcpt));
        has_optional_rcpt || (self.has_bdat(task) && !self.is_plain && self.has_optional_mail(task))
    }

    /// Whether the first MAIL has parameters that the message can do without.
    fn has_optional_mail(&self, task: &Task) -> bool {
        let envelope = &task.envelope;
        (self.offers.dsn && asks_for_dsn(envelope))
            || (self.offers.deliver_by.is_some() && wants_late_notice(envelope))
            || (self.offers.auth.is_some() && envelope.submitter().is_some())
    }

    /// Whether MAIL was refused, and is to be sent again without some parameters.
    pub(super) fn repeat_is_due(&self, task: &Task) -> bool {
        let code = self.find(Verb::Mail).and_then(Exchange::code);
        task.has_parameters && self.has_optional_mail(task) && !self.is_plain && matches!(code, Some(501 | 555))
    }

    /// RSET was shown because MAIL is to be sent again: the transaction so far counts for nothing.
    pub(super) fn forget_transaction(&mut self) {
        self.exchanges.retain(|said| !matches!(said.verb, Verb::Mail | Verb::Rcpt | Verb::Data | Verb::End));
        self.message = None;
        (self.is_plain, self.hoped) = (true, false);
    }

    /// What the report must say about the notifications for the recipient in this place.
    pub(super) fn dropped(&self, place: usize, task: &Task) -> Option<&'static str> {
        let (envelope, offers) = (&task.envelope, &self.offers);
        let rcpt_asks = asks(envelope.rcpt_parameters(place));
        let (by_mail, late) = (asks_for_dsn(envelope), wants_late_notice(envelope));
        let mut first = self.first_indexes(task).into_iter().zip(self.all(Verb::Rcpt));
        let rcpt_refused = first.any(|(asked, rcpt)| asked == place && self.is_about_parameters(asked, rcpt, task));
        let sent = (by_mail && offers.dsn) || (late && offers.deliver_by.is_some());
        if (self.is_plain && sent) || rcpt_refused {
            Some("refused")
        } else if (!offers.dsn && (by_mail || rcpt_asks)) || (offers.deliver_by.is_none() && late) {
            Some("not offered")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_the_rfcs_say() {
        assert_eq!(xtext("a+b=c d\u{e9}"), "a+2Bb+3Dc+20d+C3+A9");
        assert_eq!(conditions(Notify::NEVER), "NEVER");
        assert_eq!(conditions(Notify::DELAY.or(Notify::SUCCESS)), "SUCCESS,DELAY");
        let recipient = OriginalRecipient::new(&"j\u{fc}rgen+x@example.net".parse().unwrap()).unwrap();
        assert_eq!(original(&recipient, true), "utf-8;j\u{fc}rgen\\x{2B}x@example.net");
        assert_eq!(original(&recipient, false), "utf-8;j\\x{FC}rgen\\x{2B}x@example.net");
    }
}

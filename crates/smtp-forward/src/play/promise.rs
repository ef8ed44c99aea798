//! The rules that a client must follow, as far as they can be checked on the wire.

use super::conversation::{Conversation, Ended, Exchange, Sent};

/// The most connections that one message may take.
const MOST_CONNECTIONS: usize = 5;

/// Whether a promise was kept, if there was an occasion to break it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Finding {
    pub(super) name: &'static str,
    /// What it requires.
    pub(super) asks: &'static str,
    /// Where and how it was broken, if it was.
    pub(super) broken: Option<String>,
}

/// Checks one promise. `None` if there was no occasion to break it.
type Check = fn(&[Conversation]) -> Option<Result<(), String>>;

const PROMISES: [(&str, &str, Check); 10] = [
    ("helo-retry", "a hang-up on EHLO is followed by a new connection and HELO (RFC 1869 section 4.7)", helo_retry),
    (
        "helo-after-refusal",
        "a refused EHLO is followed by HELO on the same connection (RFC 5321 section 3.2)",
        helo_here,
    ),
    ("421-respected", "after 421, nothing but QUIT is sent (RFC 5321 section 3.8)", respects_421),
    ("greeting-awaited", "nothing is sent before the greeting (RFC 5321 section 4.3.1)", awaits_greeting),
    ("replies-awaited", "one command at a time without PIPELINING (RFC 2920)", awaits_replies),
    (
        "success-awaited",
        "the client continues only after the reply that allows it (RFC 5321 section 4.3.2)",
        awaits_success,
    ),
    ("replies-counted", "an extra reply is not counted as the reply to a command", counts_replies),
    (
        "only-what-is-offered",
        "no parameters or commands that the server did not offer (RFC 5321 section 4.1.1.11)",
        only_offered,
    ),
    ("line-endings", "no bare CR or LF in the message (RFC 5321 section 2.3.8)", line_endings),
    ("bounded", "few connections for one message", bounded),
];

const SENT_ONCE: &str = "the message is sent once (RFC 5321 section 4.5.4.1)";

/// Checks all promises. `messages`: how many a correct client sends.
pub(super) fn findings(conversations: &[Conversation], messages: usize) -> Vec<Finding> {
    let once = sent_once(conversations, messages);
    let once = once.map(|kept| Finding { name: "sent-once", asks: SENT_ONCE, broken: kept.err() });
    let finding = |(name, asks, check): (&'static str, &'static str, Check)| {
        check(conversations).map(|kept| Finding { name, asks, broken: kept.err() })
    };
    once.into_iter().chain(PROMISES.into_iter().filter_map(finding)).collect()
}

fn sent_once(conversations: &[Conversation], messages: usize) -> Option<Result<(), String>> {
    let times = conversations.iter().flat_map(Conversation::messages).filter(|reply| !is_refusal(*reply)).count();
    let told = || match messages {
        0 | 1 => format!("it was sent {times} times"),
        _ => format!("{messages} messages were sent {times} times in all"),
    };
    (times > 0).then(|| if times <= messages.max(1) { Ok(()) } else { Err(told()) })
}

/// HELO on a new connection, after a hang-up on EHLO.
fn helo_retry(conversations: &[Conversation]) -> Option<Result<(), String>> {
    let mut kept = None;
    for (index, conversation) in conversations.iter().enumerate() {
        if !hangs_up_on_ehlo(conversation) {
            continue;
        }
        // Before HELO inside TLS, EHLO in clear shows whether STARTTLS is offered.
        let in_clear = |(verb, _): &(String, _)| verb != "STARTTLS" && verb != "EHLO";
        let next = conversations.get(index + 1).and_then(|next| {
            let is_secured = next.verbs().any(|(verb, _)| verb == "STARTTLS");
            next.verbs().find(|said| !is_secured || in_clear(said))
        });
        match next {
            Some((verb, _)) if verb == "HELO" => kept = Some(Ok(())),
            Some((verb, _)) => return Some(Err(format!("connection {} starts with {verb}", index + 2))),
            None => return Some(Err(format!("connection {} is not followed by another", index + 1))),
        }
    }
    kept
}

/// Whether the server ended the connection between EHLO and the reply to MAIL, or after refusing EHLO permanently.
fn hangs_up_on_ehlo(conversation: &Conversation) -> bool {
    if !matches!(conversation.ended, Some(Ended::ClosedByServer | Ended::ResetByServer)) {
        return false;
    }
    let verbs: Vec<_> = conversation.verbs().collect();
    // What matters is the last EHLO: the one inside TLS if the connection was secured.
    let secured = verbs.iter().position(|(verb, _)| verb == "STARTTLS").map_or(0, |starttls| starttls + 1);
    match &verbs[secured..] {
        [(first, ehlo), rest @ ..] if first == "EHLO" => match ehlo.replies.first() {
            None => true,
            Some(200..=299) => rest.first().is_none_or(|(_, next)| next.replies.is_empty()),
            Some(500..=599) => rest.first().is_none_or(|(_, next)| next.replies.is_empty()),
            Some(_) => false,
        },
        _ => false,
    }
}

/// HELO on the same connection, after a refused EHLO, if the connection stays open.
fn helo_here(conversations: &[Conversation]) -> Option<Result<(), String>> {
    let mut kept = None;
    for (index, conversation) in conversations.iter().enumerate() {
        if matches!(conversation.ended, Some(Ended::ClosedByServer | Ended::ResetByServer)) {
            continue;
        }
        let verbs: Vec<_> = conversation.verbs().collect();
        for pair in verbs.windows(2) {
            if is_refused_ehlo(&pair[0]) {
                kept = Some(Ok(()));
                if pair[1].0 != "HELO" {
                    return Some(Err(format!("connection {}: {} follows", index + 1, pair[1].0)));
                }
            }
        }
        if verbs.last().is_some_and(is_refused_ehlo) {
            return Some(Err(format!("connection {}: nothing follows", index + 1)));
        }
    }
    kept
}

fn is_refused_ehlo((verb, exchange): &(String, &Exchange)) -> bool {
    verb == "EHLO" && matches!(exchange.replies.first(), Some(500..=599))
}

fn respects_421(conversations: &[Conversation]) -> Option<Result<(), String>> {
    let mut kept = None;
    for (index, conversation) in conversations.iter().enumerate() {
        let mut closing = false;
        for exchange in &conversation.exchanges {
            if closing && exchange.verb().as_deref() != Some("QUIT") {
                return Some(Err(format!("connection {}: {} follows 421", index + 1, exchange.shown())));
            }
            closing |= exchange.replies.contains(&421);
        }
        if closing {
            kept = Some(Ok(()));
        }
    }
    kept
}

fn awaits_greeting(conversations: &[Conversation]) -> Option<Result<(), String>> {
    each(
        conversations,
        |conversation| {
            if conversation.spoke_first { Err("something was sent before it".to_owned()) } else { Ok(()) }
        },
    )
}

fn awaits_replies(conversations: &[Conversation]) -> Option<Result<(), String>> {
    each(
        conversations,
        |conversation| {
            if conversation.did_not_wait { Err("several commands at once".to_owned()) } else { Ok(()) }
        },
    )
}

/// MAIL only after an accepted hello, RCPT only after an accepted MAIL, and content only after 354.
fn awaits_success(conversations: &[Conversation]) -> Option<Result<(), String>> {
    each(conversations, |conversation| {
        let (mut hello, mut mail, mut data) = (false, false, false);
        for exchange in &conversation.exchanges {
            let is_taken = exchange.replies.first().is_some_and(|code| *code == 250);
            // With pipelining, it is not visible which reply the client waited for.
            let pipelines = conversation.exchanges.iter().any(|it| it.offers.iter().any(|it| it == "PIPELINING"));
            match exchange.verb().as_deref() {
                Some("EHLO" | "HELO" | "LHLO") => hello = is_taken,
                Some("MAIL") if !hello => return Err("MAIL although no hello was accepted".to_owned()),
                Some("MAIL") => mail = is_taken || pipelines,
                Some("RCPT") if !mail => return Err("RCPT although MAIL was not accepted".to_owned()),
                Some("DATA") => data = exchange.replies.contains(&354),
                // A chunk is sent without waiting.
                Some("BDAT") => data = true,
                None if !data => return Err("content without 354".to_owned()),
                _ => {}
            }
        }
        Ok(())
    })
}

/// After a command with more than one reply, the client sends only QUIT.
fn counts_replies(conversations: &[Conversation]) -> Option<Result<(), String>> {
    let mut kept = None;
    for (index, conversation) in conversations.iter().enumerate() {
        // By LMTP, a message has a reply for each recipient.
        let is_lmtp = conversation.verbs().any(|(verb, _)| verb == "LHLO");
        let has_one = |exchange: &Exchange| !(is_lmtp && matches!(exchange.sent, Sent::Content { .. }));
        let doubled = conversation.exchanges.iter().position(|it| it.replies.len() > 1 && has_one(it));
        if let Some(at) = doubled {
            kept.get_or_insert(Ok(()));
            let next = &conversation.exchanges[at + 1..];
            // The next command may already be under way when the second reply arrives.
            if let Some(second) = next.get(1).filter(|it| it.verb().as_deref() != Some("QUIT")) {
                return Some(Err(format!("connection {}: the client continues with {}", index + 1, second.shown())));
            }
        }
    }
    kept
}

fn only_offered(conversations: &[Conversation]) -> Option<Result<(), String>> {
    each(conversations, |conversation| {
        let mut offers: &[String] = &[];
        for exchange in &conversation.exchanges {
            let Sent::Command(line) = &exchange.sent else { continue };
            let has = |keyword: &str| offers.iter().any(|offer| offer == keyword);
            let verb = exchange.verb().unwrap_or_default();
            match verb.as_str() {
                "EHLO" | "LHLO" => offers = &exchange.offers,
                "HELO" => offers = &[],
                "STARTTLS" | "AUTH" if !has(&verb) => return Err(format!("{verb} was not offered")),
                "BDAT" if !has("CHUNKING") => return Err("BDAT was not offered".to_owned()),
                "MAIL" => {
                    for parameter in parameters(line) {
                        let keyword = if parameter == "BODY" { "8BITMIME" } else { parameter.as_str() };
                        if !has(keyword) {
                            return Err(format!("{parameter} in MAIL was not offered"));
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    })
}

/// The names of the parameters after a path.
fn parameters(line: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(line);
    let behind = text.rsplit_once('>').map_or("", |(_, behind)| behind);
    behind.split_ascii_whitespace().map(|it| it.split('=').next().unwrap_or_default().to_ascii_uppercase()).collect()
}

fn line_endings(conversations: &[Conversation]) -> Option<Result<(), String>> {
    let has_content = |it: &Conversation| it.exchanges.iter().any(|it| matches!(it.sent, Sent::Content { .. }));
    conversations.iter().any(has_content).then_some(())?;
    each(conversations, |conversation| {
        let is_bare = |it: &Exchange| matches!(&it.sent, Sent::Content { octets, .. } if has_bare(octets));
        if conversation.exchanges.iter().any(is_bare) { Err("the message contains one".to_owned()) } else { Ok(()) }
    })
}

fn bounded(conversations: &[Conversation]) -> Option<Result<(), String>> {
    match conversations.len() {
        0 => None,
        1..=MOST_CONNECTIONS => Some(Ok(())),
        more => Some(Err(format!("{more} connections"))),
    }
}

/// Whether there is a bare CR or LF.
fn has_bare(content: &[u8]) -> bool {
    content.iter().enumerate().any(|(index, octet)| match octet {
        b'\r' => content.get(index + 1).is_some_and(|next| *next != b'\n'),
        b'\n' => index == 0 || content[index - 1] != b'\r',
        _ => false,
    })
}

fn is_refusal(reply: Option<u16>) -> bool {
    matches!(reply, Some(400..=599))
}

/// Checks each connection. `None` if there are no connections.
fn each(
    conversations: &[Conversation],
    check: impl Fn(&Conversation) -> Result<(), String>,
) -> Option<Result<(), String>> {
    if conversations.is_empty() {
        return None;
    }
    for (index, conversation) in conversations.iter().enumerate() {
        if let Err(how) = check(conversation) {
            return Some(Err(format!("connection {}: {how}", index + 1)));
        }
    }
    Some(Ok(()))
}

//! The permitted differences between our client and a peer, each with a reason and an example.

use std::{fmt, sync::Arc};

use smtp_proto::Escaped;

use super::{
    reading::{Reading, fits, read_by, stop, turns},
    run::{Outcome, Peer, Run, ours, theirs},
    script::{Answer, Form, Offers, Script, Turn},
};
use crate::peers::Failure;

use Peer::{AsyncSmtp, Lettre, MailSend};

/// A script that was played to our client and to a peer.
#[derive(Clone, Copy)]
pub struct Compared<'a> {
    /// What the server does.
    pub script: &'a Script,
    /// The peer.
    pub peer: Peer,
    /// What our client did.
    pub ours: &'a Run,
    /// What the peer did.
    pub theirs: &'a Run,
}

/// Readable, for messages of failed tests.
impl fmt::Debug for Compared<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { script, peer, ours, theirs } = self;
        writeln!(f, "{script:?}")?;
        for (who, run) in [("ours".to_owned(), ours), (format!("{peer:?}"), theirs)] {
            writeln!(f, "{who}: {:?}\n{:?}", run.outcomes, run.connections)?;
            run.messages.iter().try_for_each(|message| writeln!(f, "{}", Escaped(message)))?;
        }
        Ok(())
    }
}

/// One permitted difference.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    /// The peers that differ.
    pub peers: &'static [Peer],
    /// What each client does, and why ours does it.
    pub what: &'static str,
    /// Whether this entry explains the difference.
    pub covers: fn(&Compared<'_>) -> bool,
    /// A script that shows the difference.
    pub example: fn() -> Script,
}

const HUNG_UP: Answer = Answer { code: 250, form: Form::Plain, cut: Some(0) };

/// All permitted differences. The first entry that covers a difference counts.
pub const PERMITTED: &[Difference] = &[
    Difference {
        peers: &[Lettre, MailSend, AsyncSmtp],
        what: "The server hangs up on EHLO. Ours sends HELO on a second connection (RFC 1869 section 4.7); a peer \
               gives up.",
        covers: |compared| hung_up(compared, Turn::Ehlo),
        example: || Script::obliging().with(Turn::Ehlo, HUNG_UP),
    },
    Difference {
        peers: &[Lettre, MailSend, AsyncSmtp],
        what: "The server hangs up on the first command after EHLO. Ours treats that like a hang-up on EHLO.",
        covers: |compared| hung_up(compared, Turn::Mail),
        example: || Script { heals: true, ..Script::obliging().with(Turn::Mail, HUNG_UP) },
    },
    Difference {
        peers: &[Lettre, MailSend, AsyncSmtp],
        what: "The message is 8-bit, and the server refuses EHLO or hangs up on it. Ours reports that HELO cannot \
               carry the message; a peer reports what the server did.",
        covers: |compared| {
            let cut_at_mail = stopped_at(compared, Turn::Mail) && compared.script.answer(Turn::Mail).cut.is_some();
            not_sent_by_ours(compared) && (stopped_at(compared, Turn::Ehlo) || cut_at_mail)
        },
        example: || eight_bit().with(Turn::Ehlo, Answer::plain(502)),
    },
    Difference {
        peers: &[MailSend, AsyncSmtp],
        what: "The message is 8-bit, and the server does not offer 8BITMIME. Ours does not send it (RFC 6152 section \
               3); a peer leaves that to its caller.",
        covers: |compared| not_sent_by_ours(compared) && says(compared.theirs, "MAIL"),
        example: eight_bit,
    },
    Difference {
        peers: &[Lettre],
        what: "Ours compares keywords without regard to case (RFC 5321 section 2.4).",
        covers: |compared| {
            let Offers { eight_bit_mime, lower_case, .. } = compared.script.offers;
            all(compared.theirs, Failure::NotSent) && eight_bit_mime && lower_case && says(compared.ours, "MAIL")
        },
        example: || Script {
            offers: Offers { eight_bit_mime: true, lower_case: true, ..Offers::default() },
            ..eight_bit()
        },
    },
    Difference {
        peers: &[Lettre, AsyncSmtp],
        what: "Ours accepts a reply that has a code and no text (RFC 5321 section 4.2).",
        covers: |compared| unread(compared, |answer| answer.form == Form::CodeAlone),
        example: || formed(Turn::Mail, Form::CodeAlone),
    },
    Difference {
        peers: &[MailSend],
        what: "Ours accepts a reply that has a code and no text, also in response to EHLO.",
        covers: |compared| {
            stopped_at(compared, Turn::Ehlo) && unread(compared, |answer| answer.form == Form::CodeAlone)
        },
        example: || formed(Turn::Ehlo, Form::CodeAlone),
    },
    Difference {
        peers: &[Lettre, AsyncSmtp],
        what: "Ours accepts a bare LF as the end of a reply line, because some servers send it. A peer reads on, \
               into the next reply if there is one.",
        covers: |compared| {
            let Compared { script, peer, theirs, .. } = *compared;
            let at = stop(peer, script).map(|(turn, _)| script.answer(turn));
            // If a reply of two lines follows in the same group, the number of replies is right again.
            let may_go_on = peer == AsyncSmtp && script.offers.pipelining;
            at.is_some_and(|answer| answer.form == Form::BareLf && answer.cut.is_none())
                && (may_go_on || !theirs.delivered())
        },
        example: || formed(Turn::Mail, Form::BareLf),
    },
    Difference {
        peers: &[Lettre, AsyncSmtp],
        what: "Ours accepts any octets in the text of a reply, because nothing depends on them.",
        covers: |compared| unread(compared, |answer| answer.form == Form::Latin1),
        example: || formed(Turn::Mail, Form::Latin1),
    },
    Difference {
        peers: &[Lettre, AsyncSmtp],
        what: "Ours accepts any second digit, because only the first one decides (RFC 5321 section 4.3.2).",
        covers: |compared| unread(compared, |answer| answer.code / 10 % 10 > 5),
        example: || Script::obliging().with(Turn::Mail, Answer::plain(299)),
    },
    Difference {
        peers: &[Lettre, MailSend, AsyncSmtp],
        what: "220 is only valid as a greeting, and 221 only in response to QUIT (RFC 5321 section 4.3.2). Otherwise \
               ours assumes that the replies are out of step, or that the server is closing. A peer takes them for \
               success.",
        covers: |compared| {
            let Compared { script, peer, .. } = *compared;
            let end = stop(peer, script).map_or(Turn::ContentEnd, |(turn, _)| turn);
            turns(script).take_while(|turn| *turn <= end).any(|turn| {
                let answer = script.answer(turn);
                matches!(answer.code, 220 | 221)
                    && !fits(turn, answer.code)
                    && read_by(peer, turn, answer) == Reading::Yes
            })
        },
        example: || Script::obliging().with(Turn::Mail, Answer::plain(221)),
    },
    Difference {
        peers: &[Lettre, AsyncSmtp],
        what: "Ours does not accept 3yz where it is not expected, nor 2yz to DATA: it hangs up and defers. A peer \
               takes it for success.",
        covers: |compared| {
            let Compared { script, peer, .. } = *compared;
            let end = stop(peer, script).map_or(Turn::ContentEnd, |(turn, _)| turn);
            turns(script).take_while(|turn| *turn <= end).any(|turn| {
                let answer = script.answer(turn);
                !fits(turn, answer.code) && read_by(peer, turn, answer) == Reading::Yes
            })
        },
        example: || Script::obliging().with(Turn::Mail, Answer::plain(354)),
    },
    Difference {
        peers: &[MailSend],
        what: "Ours does not accept 3yz where it is not expected, nor 2yz to DATA: it hangs up and defers. A peer \
               reports it as a refusal.",
        covers: |compared| {
            stop(compared.peer, compared.script).is_some_and(|(turn, failure)| {
                let code = compared.script.answer(turn).code;
                failure == Failure::Refused(code) && !fits(turn, code) && all(compared.theirs, failure)
            })
        },
        example: || Script::obliging().with(Turn::Mail, Answer::plain(354)),
    },
    Difference {
        peers: &[MailSend],
        what: "Ours takes any 2yz to EHLO for success (RFC 5321 section 4.3.2); a peer takes only 250.",
        covers: |compared| {
            let answer = compared.script.answer(Turn::Ehlo);
            stopped_at(compared, Turn::Ehlo)
                && answer.code / 100 == 2
                && all(compared.theirs, Failure::Refused(answer.code))
        },
        example: || Script::obliging().with(Turn::Ehlo, Answer::plain(251)),
    },
    Difference {
        peers: &[Lettre, MailSend, AsyncSmtp],
        what: "EHLO is refused. Ours sends HELO on the same connection (RFC 5321 section 4.1.1.1); a peer gives up.",
        covers: |compared| {
            let answer = compared.script.answer(Turn::Ehlo);
            stopped_at(compared, Turn::Ehlo)
                && all(compared.theirs, Failure::Refused(answer.code))
                && compared.ours.connections[0].get(1).is_some_and(|command| command.starts_with("HELO "))
        },
        example: || Script::obliging().with(Turn::Ehlo, Answer::plain(502)),
    },
    Difference {
        peers: &[Lettre, MailSend, AsyncSmtp],
        what: "One of two recipients is refused. Ours delivers to the other one; a peer delivers to neither.",
        covers: |compared| {
            let Compared { script, peer, ours, theirs } = *compared;
            let Some((turn @ (Turn::FirstRcpt | Turn::SecondRcpt), failure @ Failure::Refused(code))) =
                stop(peer, script)
            else {
                return false;
            };
            let refused = ours.outcomes[usize::from(turn == Turn::SecondRcpt)];
            script.recipients == 2 && code != 421 && all(theirs, failure) && refused == Outcome::Not(failure)
        },
        example: || Script { recipients: 2, ..Script::obliging().with(Turn::FirstRcpt, Answer::plain(550)) },
    },
    Difference {
        peers: &[Lettre, MailSend, AsyncSmtp],
        what: "The second recipient is refused because of the number of recipients (RFC 5321 section 4.5.3.1.10). Ours \
               delivers to the first, and then to the second in a further transaction; a peer delivers to neither.",
        covers: |compared| {
            let Compared { script, peer, ours, theirs } = *compared;
            let Some((Turn::SecondRcpt, failure @ Failure::Refused(452 | 552))) = stop(peer, script) else {
                return false;
            };
            let transactions = ours.connections.iter().flatten().filter(|command| command.starts_with("MAIL "));
            script.recipients == 2 && all(theirs, failure) && ours.delivered_to_all() && transactions.count() == 2
        },
        example: || Script { recipients: 2, ..Script::obliging().with(Turn::SecondRcpt, Answer::plain(452)) },
    },
    Difference {
        peers: &[Lettre, MailSend, AsyncSmtp],
        what: "The server offers PIPELINING and refuses a command. Ours has already sent the commands after it, and \
               ends the message without content if DATA was among them (RFC 2920 section 3.1). A peer sends nothing \
               after a refusal, or leaves 354 unanswered.",
        covers: |compared| {
            let Compared { script, ours, theirs, .. } = *compared;
            let ([our_commands], [their_commands]) = (ours.connections.as_slice(), theirs.connections.as_slice())
            else {
                return false;
            };
            script.offers.pipelining
                && ours.outcomes == theirs.outcomes
                && our_commands.starts_with(their_commands)
                && theirs.messages.is_empty()
                && (ours.messages.is_empty() || ours.messages == [b""])
        },
        example: || Script {
            offers: Offers { pipelining: true, ..Offers::default() },
            ..Script::obliging().with(Turn::Mail, Answer::plain(550))
        },
    },
    Difference {
        peers: &[Lettre, MailSend, AsyncSmtp],
        what: "Ours does not add a second line end to a message that already ends in one (RFC 5321 section 4.1.1.4).",
        covers: |compared| {
            let Compared { script, ours, theirs, .. } = *compared;
            (&ours.outcomes, &ours.connections) == (&theirs.outcomes, &theirs.connections)
                && script.content.ends_with(b"\r\n")
                && theirs.messages == [[&script.content[..], b"\r\n"].concat()]
        },
        example: || Script { content: b"Subject: test\r\n".to_vec(), ..Script::obliging() },
    },
];

/// Plays the script to our client and to all peers, and asserts that every difference is permitted.
pub fn check(script: &Arc<Script>) {
    let ours = ours(script);
    for peer in Peer::ALL {
        let theirs = theirs(peer, script);
        let compared = Compared { script, peer, ours: &ours, theirs: &theirs };
        assert_eq!(arrived_in_part(&compared), None, "{compared:?}");
        assert!(!has_to_be_delivered(script) || ours.delivered_to_all(), "{compared:?}");
        assert!(ours == theirs || covering(&compared).is_some(), "a difference that is not on the list: {compared:?}");
    }
}

/// The entry that covers the difference, if there is one.
pub fn covering(compared: &Compared<'_>) -> Option<&'static Difference> {
    PERMITTED.iter().find(|entry| entry.peers.contains(&compared.peer) && (entry.covers)(compared))
}

/// Whether ours must deliver the message, whatever the peers do: the server accepts everything, after
/// EHLO or HELO, on the first or on a second connection.
fn has_to_be_delivered(script: &Script) -> bool {
    let taken = |turn, again: bool| {
        let Answer { code, cut, .. } = script.answer(turn);
        (cut.is_none() || (again && script.heals)) && code < 400 && fits(turn, code)
    };
    let rest = |again| turns(script).filter(|turn| *turn != Turn::Ehlo).all(|turn| taken(turn, again));
    let (ehlo, by_ehlo) = (script.answer(Turn::Ehlo), taken(Turn::Ehlo, false));
    let done = if ehlo.cut.is_some() || (by_ehlo && script.answer(Turn::Mail).cut.is_some()) {
        taken(Turn::Greeting, false) && taken(Turn::Helo, true) && rest(true)
    } else if by_ehlo {
        rest(false)
    } else {
        ehlo.code >= 300 && ehlo.code != 421 && taken(Turn::Helo, false) && rest(false)
    };
    done && !script.is_eight_bit()
}

/// Returns a message that the server accepted but that is not complete. No difference permits that.
fn arrived_in_part<'a>(compared: &Compared<'a>) -> Option<&'a [u8]> {
    let Compared { script, ours, theirs, .. } = *compared;
    let whole = |message: &&[u8]| {
        let end = message.strip_prefix(&script.content[..]);
        !matches!(end, Some(b"" | b"\r\n")) || !message.ends_with(b"\r\n")
    };
    let by_ours = ours.messages.iter().filter(|message| !message.is_empty() || ours.delivered());
    by_ours.chain(&theirs.messages).map(Vec::as_slice).find(whole)
}

/// The server hung up on this command, the peer gave up, and ours sent HELO on a second connection. Others can follow
/// only for a further transaction.
fn hung_up(compared: &Compared<'_>, on: Turn) -> bool {
    let Compared { script, peer, ours, theirs } = *compared;
    stop(peer, script) == Some((on, Failure::Broken))
        && script.answer(on).cut.is_some()
        && all(theirs, Failure::Broken)
        && theirs.connections.len() == 1
        && matches!(ours.connections.as_slice(), [_, second, others @ ..]
            if second[0].starts_with("HELO ") && (others.is_empty() || may_need_two_transactions(script)))
}

/// Whether the second recipient is refused because of the number of recipients.
fn may_need_two_transactions(script: &Script) -> bool {
    script.recipients == 2 && matches!(script.answer(Turn::SecondRcpt).code, 452 | 552)
}

/// The peer could not read a reply of this kind, and ours could.
fn unread(compared: &Compared<'_>, kind: fn(Answer) -> bool) -> bool {
    stop(compared.peer, compared.script).is_some_and(|(turn, failure)| {
        let answer = compared.script.answer(turn);
        failure == Failure::Broken && kind(answer) && answer.cut.is_none() && all(compared.theirs, Failure::Broken)
    })
}

fn not_sent_by_ours(compared: &Compared<'_>) -> bool {
    compared.script.is_eight_bit() && all(compared.ours, Failure::NotSent)
}

fn stopped_at(compared: &Compared<'_>, turn: Turn) -> bool {
    stop(compared.peer, compared.script).is_some_and(|(at, _)| at == turn)
}

fn all(run: &Run, failure: Failure) -> bool {
    run.outcomes.iter().all(|outcome| *outcome == Outcome::Not(failure))
}

fn says(run: &Run, verb: &str) -> bool {
    run.connections.iter().flatten().any(|command| command.starts_with(verb))
}

fn formed(turn: Turn, form: Form) -> Script {
    Script::obliging().with(turn, Answer { code: turn.wanted(), form, cut: None })
}

fn eight_bit() -> Script {
    Script { content: b"Subject: test\r\n\r\ncaf\xe9".to_vec(), ..Script::obliging() }
}

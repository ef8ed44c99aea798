//! What the messages so far say about the host, and what follows for the next one.

use std::time::{Duration, Instant};

use smtp_proto::{AttemptEnd, Cancel, Cause, RecipientReport, Report, Status};

use crate::{
    exit_status::{NO_MORE_LOGINS, is_refused_login},
    leave::Experience,
};

/// After this many refusals in a row, the host gets no more messages of this batch (RFC 5321 section 4.5.4.1).
const REFUSALS: u32 = 3;
/// After this many messages that it held until a timeout, neither.
const HELD: u32 = 3;
/// The first pause after a refusal. Each further one is twice as long as the one before, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// What the messages so far say about the host.
#[derive(Debug)]
pub(crate) struct Host {
    /// Refusals without a message in between that was not refused.
    refusals: u32,
    /// When the last of them was noticed.
    refused_at: Option<Instant>,
    /// The pause that follows the next refusal.
    pause: Duration,
    /// Until when no message is sent.
    until: Option<Instant>,
    /// Messages held until a timeout.
    held: u32,
    /// When the batch has taken as long as allowed.
    deadline: Option<Instant>,
    login: Login,
}

/// Whether the host accepts the credentials. Until that is known, only one connection logs in, so that wrong ones do
/// not lock the account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Login {
    NotNeeded,
    Untried,
    Trying,
    Accepted,
    /// The text says so.
    Refused(&'static str),
}

/// How a message went, as far as the host is concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Went {
    /// The host accepted no connection or no hello, or ended the session before it accepted the message.
    Refused,
    /// The host let a timeout pass.
    Held,
    /// Neither.
    Otherwise,
}

/// What follows for the next message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Next {
    Send,
    Pause,
    /// It is not tried, for this reason.
    GiveUp(Cancel),
}

impl Went {
    pub(crate) fn of(report: Report<'_>, experience: Experience) -> Self {
        let cancelled = |recipient: RecipientReport<'_>| {
            matches!(recipient.cause, Cause::Cancelled(Cancel::Deadline | Cancel::TooSlow))
        };
        let ended = report.attempts().last().and_then(|last| last.end());
        let is_settled = |recipient: RecipientReport<'_>| match recipient.status {
            Status::Delivered | Status::Failed => true,
            Status::Deferred | Status::Unconfirmed => false,
        };
        if report.recipients().any(cancelled) || ended == Some(AttemptEnd::TimedOut) {
            Self::Held
        } else if experience.was_refused() || is_dropped(ended) && !report.recipients().any(is_settled) {
            Self::Refused
        } else {
            Self::Otherwise
        }
    }
}

/// Whether the server, or the network, ended the session.
const fn is_dropped(ended: Option<AttemptEnd>) -> bool {
    matches!(
        ended,
        Some(
            AttemptEnd::Lost(_)
                | AttemptEnd::ServiceClosing
                | AttemptEnd::InvalidReply(_)
                | AttemptEnd::Unsolicited
                | AttemptEnd::Unexpected
        )
    )
}

impl Host {
    /// A host of which nothing is known, for a batch that may take this long.
    pub(crate) fn new(batch_timeout: Option<Duration>, login: Login, now: Instant) -> Self {
        Self {
            refusals: 0,
            refused_at: None,
            pause: FIRST_PAUSE,
            until: None,
            held: 0,
            deadline: batch_timeout.and_then(|timeout| now.checked_add(timeout)),
            login,
        }
    }

    /// Notes how a message went that was begun at `begun` and is done `now`.
    pub(crate) fn note(&mut self, went: Went, begun: Instant, now: Instant) {
        match went {
            Went::Refused => {
                // Connections that were refused at the same time are one refusal.
                if self.refused_at.is_none_or(|before| begun >= before) {
                    self.refusals = self.refusals.saturating_add(1);
                    self.until = now.checked_add(self.pause);
                    self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                    self.refused_at = Some(now);
                }
            }
            Went::Held => self.held = self.held.saturating_add(1),
            Went::Otherwise => (self.refusals, self.until) = (0, None),
        }
    }

    /// Notes what the report on a message says about the credentials. Returns whether that is news.
    pub(crate) fn note_login(&mut self, report: Report<'_>) -> bool {
        if self.login == Login::NotNeeded {
            return false;
        }
        let refused = report.recipients().find(|recipient| is_refused_login(recipient.cause));
        let accepted = report.attempts().last().and_then(|attempt| attempt.mechanism());
        let login = match (self.login, refused, accepted) {
            (Login::NotNeeded | Login::Refused(_), _, _) => self.login,
            // This happens once in a run.
            (_, Some(refused), _) => Login::Refused(format!("{NO_MORE_LOGINS}{}", refused.reason()).leak()),
            (_, None, Some(_)) => Login::Accepted,
            (Login::Trying, None, _) if report.is_complete() => Login::Untried,
            (Login::Untried | Login::Trying | Login::Accepted, None, _) => self.login,
        };
        std::mem::replace(&mut self.login, login) != login
    }

    /// What follows for the next message.
    pub(crate) fn next(&mut self, now: Instant) -> Next {
        if let Some(why) = self.batch_is_over(now) {
            Next::GiveUp(why)
        } else if self.refusals >= REFUSALS {
            Next::GiveUp(Cancel::Other("not tried: the server refused or ended three connections in a row"))
        } else if self.held >= HELD {
            Next::GiveUp(Cancel::Other("not tried: the server held three messages until their timeout"))
        } else if self.until.is_some_and(|until| now < until) {
            Next::Pause
        } else {
            match self.login {
                Login::Refused(why) => Next::GiveUp(Cancel::Other(why)),
                Login::Trying => Next::Pause,
                Login::Untried => {
                    self.login = Login::Trying;
                    Next::Send
                }
                Login::NotNeeded | Login::Accepted => Next::Send,
            }
        }
    }

    /// Why messages are cancelled even if they are under way.
    pub(crate) fn batch_is_over(&self, now: Instant) -> Option<Cancel> {
        let is_over = self.deadline.is_some_and(|deadline| now >= deadline);
        is_over.then_some(Cancel::Other("the batch took longer than allowed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Went::{Held, Otherwise, Refused};

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// What follows each message, where the next one is begun as soon as the host allows it, and the time that the
    /// pauses took.
    fn follow(messages: &[Went]) -> (Vec<Next>, Duration) {
        let begun = Instant::now();
        let (mut host, mut now) = (Host::new(None, Login::NotNeeded, begun), begun);
        let mut next = Vec::new();
        for went in messages {
            while host.next(now) == Next::Pause {
                now += seconds(1);
            }
            host.note(*went, now, now);
            next.push(host.next(now));
        }
        (next, now - begun)
    }

    #[test]
    fn a_host_that_accepts_nobody_is_given_up_after_three_refusals_in_a_row_with_pauses_between() {
        const REFUSED: Cancel = Cancel::Other("not tried: the server refused or ended three connections in a row");
        const HELD: Cancel = Cancel::Other("not tried: the server held three messages until their timeout");
        use Next::{GiveUp, Pause, Send};
        for (messages, next, pauses) in [
            (&[Refused, Refused, Refused][..], &[Pause, Pause, GiveUp(REFUSED)][..], 3),
            (&[Refused, Refused, Otherwise, Refused], &[Pause, Pause, Send, Pause], 3),
            (
                &[Refused, Refused, Otherwise, Refused, Refused, Refused],
                &[Pause, Pause, Send, Pause, Pause, GiveUp(REFUSED)],
                11,
            ),
            (&[Otherwise, Otherwise], &[Send, Send], 0),
            (&[Held, Otherwise, Held, Held], &[Send, Send, Send, GiveUp(HELD)], 0),
            (&[Refused, Held, Refused, Refused], &[Pause, Send, Pause, GiveUp(REFUSED)], 3),
        ] {
            assert_eq!(follow(messages), (next.to_vec(), seconds(pauses)), "{messages:?}");
        }
    }

    #[test]
    fn connections_that_are_refused_together_are_one_refusal() {
        let begun = Instant::now();
        let mut host = Host::new(None, Login::NotNeeded, begun);
        for milliseconds in 1..10 {
            host.note(Refused, begun, begun + Duration::from_millis(milliseconds));
        }
        assert_eq!(host.next(begun + Duration::from_millis(10)), Next::Pause);
        assert_eq!(host.next(begun + Duration::from_millis(1001)), Next::Send);
    }

    #[test]
    fn a_batch_has_a_deadline_if_it_was_given_one() {
        let begun = Instant::now();
        assert_eq!(Host::new(None, Login::NotNeeded, begun).batch_is_over(begun + seconds(1_000_000)), None);
        let mut host = Host::new(Some(seconds(2)), Login::NotNeeded, begun);
        assert_eq!(host.next(begun + seconds(1)), Next::Send);
        let Next::GiveUp(why) = host.next(begun + seconds(2)) else { panic!("it is over") };
        assert_eq!(why.to_string(), "the batch took longer than allowed");
    }
}

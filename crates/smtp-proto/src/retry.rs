//! What follows when a connection ends: one decision, one table, from RFC 1869 section 4.7.
//!
//! Nothing else in the crate decides whether a delivery goes on.

use crate::{
    config::HeloRetry,
    envelope::Needs,
    outcome::Hello,
    reply::{Code, Severity},
};

/// How far a connection had come when it ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Point {
    /// There was no connection, or the first octet of hello had not been handed over.
    BeforeHello,
    /// The first octet of EHLO had been handed over; its reply had not ended.
    Ehlo,
    /// EHLO was refused, not with 421, and HELO was not taken yet on the same connection.
    EhloRefused(Severity),
    /// EHLO was answered; TLS or authentication was under way.
    Negotiation,
    /// EHLO was answered; MAIL was not, nor what was pipelined behind it.
    Mail,
    /// The connection had served an earlier message; MAIL was not answered, or refused in a way that
    /// calls for a new connection.
    MailAgain,
    /// During or after HELO, on a connection where EHLO was not refused; MAIL was not answered.
    Helo,
    /// During or after LHLO; MAIL was not answered.
    Lhlo,
    /// MAIL was answered, the end of the content had not been handed over.
    Transaction,
    /// The connection had served an earlier message; MAIL was answered, and DATA was not answered with
    /// 354.
    TransactionAgain,
    /// The end of the content had been handed over and was not answered.
    ContentEnd,
    /// The message needs a new connection, and QUIT had been said on this one.
    Leaving,
}

/// How it ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Interruption {
    /// The peer closed or reset it, or writing failed, or there never was a connection.
    HangUp,
    /// Nothing came until the deadline.
    Silence,
    /// The peer said 421, at whatever point.
    ServiceClosing,
    /// The peer said 221, and QUIT had not been said.
    ChannelClosing,
    /// What the peer said is not SMTP, or not an answer.
    ProtocolError,
    /// The caller gave the delivery up.
    Cancelled,
}

/// What is asked of [`after`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Situation {
    point: Point,
    interruption: Interruption,
    needs: Needs,
    policy: HeloRetry,
}

impl Situation {
    /// A connection that ended here and in this way, for a delivery that needs nothing, under the default
    /// policy.
    pub const fn new(point: Point, interruption: Interruption) -> Self {
        Self { point, interruption, needs: Needs::NONE, policy: HeloRetry::Disconnect }
    }

    settings! {
        /// What the delivery needs that HELO cannot carry.
        needs, with_needs: Needs;
        /// When policy lets HELO be tried on a new connection.
        policy, with_policy: HeloRetry;
    }
}

/// What follows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Next {
    /// A new connection to the same address and port, and HELO.
    Helo,
    /// A new connection, and everything from the start: the old one had only grown old.
    Afresh,
    /// Recipients without a final status are deferred.
    Defer,
    /// HELO would follow, but cannot carry what the delivery needs: deferred, each need named.
    Forbidden(Needs),
    /// Recipients without a final status are unconfirmed. Nothing is sent again.
    Unconfirmed,
}

/// What follows when a connection ended before all recipients had a final status.
#[allow(clippy::match_same_arms, reason = "a row of the table each")]
pub const fn after(situation: Situation) -> Next {
    use Interruption::{Cancelled, ChannelClosing, HangUp, ProtocolError, ServiceClosing, Silence};
    let Situation { point, interruption, policy, .. } = situation;
    match (point, interruption) {
        // The peer said what became of the message: it did not take it. 221 says nothing of it.
        (Point::ContentEnd, ServiceClosing) => Next::Defer,
        (Point::ContentEnd, HangUp | Silence | ChannelClosing | ProtocolError | Cancelled) => Next::Unconfirmed,
        // Nothing of the message was refused: whatever ended an old connection, a new one is due.
        (Point::MailAgain | Point::Leaving, HangUp | Silence | ServiceClosing | ChannelClosing | ProtocolError) => {
            Next::Afresh
        }
        // The session is over, for whatever message. A hang-up may be about this one.
        (Point::TransactionAgain, ServiceClosing | ChannelClosing) => Next::Afresh,
        (Point::Ehlo | Point::Mail | Point::EhloRefused(Severity::Permanent), HangUp) => match policy {
            HeloRetry::Disconnect | HeloRetry::Timeout => helo(situation),
            HeloRetry::Never => Next::Defer,
        },
        (Point::Ehlo | Point::Mail | Point::EhloRefused(Severity::Permanent), Silence) => match policy {
            HeloRetry::Timeout => helo(situation),
            HeloRetry::Disconnect | HeloRetry::Never => Next::Defer,
        },
        (
            Point::Ehlo | Point::Mail | Point::EhloRefused(Severity::Permanent),
            ServiceClosing | ChannelClosing | ProtocolError | Cancelled,
        )
        | (Point::MailAgain | Point::Leaving, Cancelled)
        | (Point::TransactionAgain, HangUp | Silence | ProtocolError | Cancelled)
        | (
            Point::BeforeHello
            | Point::EhloRefused(Severity::Transient)
            | Point::Negotiation
            | Point::Helo
            | Point::Lhlo
            | Point::Transaction,
            HangUp | Silence | ServiceClosing | ChannelClosing | ProtocolError | Cancelled,
        ) => Next::Defer,
    }
}

/// Only for what HELO can carry. It is one connection a delivery: from no point of a connection that
/// began with HELO does another one follow.
const fn helo(situation: Situation) -> Next {
    if situation.needs.is_empty() { Next::Helo } else { Next::Forbidden(situation.needs) }
}

/// A command whose refusal can be a limit of the session: so many messages, and no more.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum RefusedCommand {
    /// MAIL.
    Mail,
    /// RCPT, each time with the same code.
    Rcpt,
    /// DATA.
    Data,
    /// The end of the content.
    Content,
}

/// How a command was refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// 4yz.
    Temporary,
    /// 503, for a command that was in sequence: what some servers say at a limit.
    OutOfSequence,
    /// Any other 5yz.
    Permanent,
}

impl Refusal {
    /// What this code refuses; `None` if it is no refusal.
    pub const fn of(code: Code) -> Option<Self> {
        match code.severity() {
            None => None,
            Some(Severity::Transient) => Some(Self::Temporary),
            Some(Severity::Permanent) if code.get() == Code::BAD_SEQUENCE.get() => Some(Self::OutOfSequence),
            Some(Severity::Permanent) => Some(Self::Permanent),
        }
    }
}

/// Which message of its connection was refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Served {
    /// The first one.
    None,
    /// A later one, and no new connection had given the same command this answer.
    Some,
    /// A later one, and a new connection had given the same command this answer before: it is known to
    /// be about messages.
    SomeAndKnown,
}

/// What follows a refusal of MAIL, RCPT or DATA.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum AfterRefusal {
    /// The message is refused.
    Settle,
    /// The message is refused, and the connection is ended: should it have reached a limit all the same,
    /// that costs no second message.
    SettleAndQuit,
    /// QUIT, then a new connection and everything from the start: the session may have reached a limit.
    Afresh,
}

/// What follows when MAIL, RCPT or DATA is refused, for the message and for its connection.
pub const fn after_refusal(refusal: Refusal, served: Served) -> AfterRefusal {
    match (refusal, served) {
        (Refusal::Temporary | Refusal::OutOfSequence | Refusal::Permanent, Served::None)
        | (Refusal::Permanent, Served::Some | Served::SomeAndKnown) => AfterRefusal::Settle,
        (Refusal::Temporary | Refusal::OutOfSequence, Served::Some) => AfterRefusal::Afresh,
        (Refusal::Temporary | Refusal::OutOfSequence, Served::SomeAndKnown) => AfterRefusal::SettleAndQuit,
    }
}

/// Whether a kept connection where this hello was said last can serve a message with these needs. HELO's
/// reply says nothing about what the server offers.
pub const fn can_serve(hello: Hello, needs: Needs) -> bool {
    match hello {
        Hello::Ehlo | Hello::Lhlo => true,
        Hello::Helo => needs.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::Need;
    use HeloRetry::{Disconnect, Never, Timeout};
    use Interruption::{Cancelled, ChannelClosing, HangUp, ProtocolError, ServiceClosing, Silence};
    use Severity::{Permanent, Transient};

    const INTERRUPTIONS: [Interruption; 6] =
        [HangUp, Silence, ServiceClosing, ChannelClosing, ProtocolError, Cancelled];
    const POLICIES: [HeloRetry; 3] = [Disconnect, Timeout, Never];
    const POINTS: [Point; 13] = [
        Point::BeforeHello,
        Point::Ehlo,
        Point::EhloRefused(Transient),
        Point::EhloRefused(Permanent),
        Point::Negotiation,
        Point::Mail,
        Point::MailAgain,
        Point::Helo,
        Point::Lhlo,
        Point::Transaction,
        Point::TransactionAgain,
        Point::ContentEnd,
        Point::Leaving,
    ];

    /// What a cell of the table says, for a delivery that needs nothing.
    #[derive(Clone, Copy)]
    enum Cell {
        Helo,
        /// HELO where policy includes silence.
        HeloIfSilenceCounts,
        Afresh,
        Defer,
        Unconfirmed,
    }

    /// The whole table: a cell for each interruption, in the order of `INTERRUPTIONS`.
    const TABLE: [(Point, [Cell; 6]); 13] = {
        use Cell::{Afresh as A, Defer as D, Helo as H, HeloIfSilenceCounts as S, Unconfirmed as U};
        [
            (Point::BeforeHello, [D, D, D, D, D, D]),
            (Point::Ehlo, [H, S, D, D, D, D]),
            (Point::EhloRefused(Transient), [D, D, D, D, D, D]),
            (Point::EhloRefused(Permanent), [H, S, D, D, D, D]),
            (Point::Negotiation, [D, D, D, D, D, D]),
            (Point::Mail, [H, S, D, D, D, D]),
            (Point::MailAgain, [A, A, A, A, A, D]),
            (Point::Helo, [D, D, D, D, D, D]),
            (Point::Lhlo, [D, D, D, D, D, D]),
            (Point::Transaction, [D, D, D, D, D, D]),
            (Point::TransactionAgain, [D, D, A, A, D, D]),
            (Point::ContentEnd, [U, U, D, U, U, U]),
            (Point::Leaving, [A, A, A, A, A, D]),
        ]
    };

    fn situations() -> impl Iterator<Item = (Situation, Cell)> {
        TABLE.into_iter().flat_map(|(point, row)| {
            INTERRUPTIONS.into_iter().zip(row).flat_map(move |(interruption, cell)| {
                POLICIES
                    .into_iter()
                    .map(move |policy| (Situation { policy, ..Situation::new(point, interruption) }, cell))
            })
        })
    }

    #[test]
    fn the_table_is_complete() {
        assert!(POINTS.iter().all(|point| TABLE.iter().filter(|(row, _)| row == point).count() == 1));
        assert_eq!(situations().count(), POINTS.len() * INTERRUPTIONS.len() * POLICIES.len());
    }

    #[test]
    fn every_cell_of_the_table_holds() {
        for (situation, cell) in situations() {
            let expected = match (cell, situation.policy) {
                (Cell::Helo, Disconnect | Timeout) | (Cell::HeloIfSilenceCounts, Timeout) => Next::Helo,
                (Cell::Helo, Never) | (Cell::HeloIfSilenceCounts, Never | Disconnect) | (Cell::Defer, _) => Next::Defer,
                (Cell::Afresh, _) => Next::Afresh,
                (Cell::Unconfirmed, _) => Next::Unconfirmed,
            };
            assert_eq!(after(situation), expected, "{situation:?}");
        }
    }

    #[test]
    fn a_need_forbids_helo_and_is_named_and_changes_nothing_else() {
        let needs = Needs::NONE.with(Need::Tls).with(Need::EightBitMime);
        for (situation, _) in situations() {
            let expected = match after(situation) {
                Next::Helo => Next::Forbidden(needs),
                other => other,
            };
            assert_eq!(after(Situation { needs, ..situation }), expected, "{situation:?}");
        }
    }

    #[test]
    fn a_refusal_of_mail_or_data_is_a_limit_only_on_a_connection_that_served_a_message_and_only_once() {
        use AfterRefusal::{Afresh, Settle, SettleAndQuit};
        for (code, expected) in [
            (400, [Settle, Afresh, SettleAndQuit]),
            (452, [Settle, Afresh, SettleAndQuit]),
            (503, [Settle, Afresh, SettleAndQuit]),
            (500, [Settle; 3]),
            (550, [Settle; 3]),
        ] {
            let refusal = Refusal::of(Code::new(code).unwrap()).unwrap();
            let found = [Served::None, Served::Some, Served::SomeAndKnown].map(|served| after_refusal(refusal, served));
            assert_eq!(found, expected, "{code}");
        }
        assert!([250, 354].iter().all(|code| Refusal::of(Code::new(*code).unwrap()).is_none()));
    }

    #[test]
    fn a_kept_connection_on_helo_serves_what_needs_no_extension() {
        let needs = Needs::NONE.with(Need::EightBitMime);
        for (hello, with_needs) in [(Hello::Ehlo, true), (Hello::Lhlo, true), (Hello::Helo, false)] {
            assert!(can_serve(hello, Needs::NONE));
            assert_eq!(can_serve(hello, needs), with_needs);
        }
    }
}

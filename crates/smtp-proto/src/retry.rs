//! What follows when a connection ends: one decision, one table, from RFC 1869 section 4.7.
//!
//! Nothing else in the crate decides whether a delivery goes on.

use crate::{config::HeloRetry, envelope::Needs, reply::Severity};

/// How far a connection had come when it ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
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
    /// The connection had served an earlier message; MAIL was not answered.
    MailAgain,
    /// During or after HELO, on a connection where EHLO was not refused; MAIL was not answered.
    Helo,
    /// During or after LHLO; MAIL was not answered.
    Lhlo,
    /// MAIL was answered, the end of the content had not been handed over.
    Transaction,
    /// The end of the content had been handed over and was not answered.
    ContentEnd,
}

/// How it ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Ending {
    /// The peer closed or reset it, or writing failed, or there never was a connection.
    HangUp,
    /// Nothing came until the deadline.
    Silence,
    /// The peer said 421, at whatever point.
    ServiceClosing,
    /// What the peer said is not SMTP, or not an answer.
    Nonsense,
    /// The caller gave the delivery up.
    Cancelled,
}

/// What is asked of [`after`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Situation {
    /// How far the connection had come.
    pub point: Point,
    /// How it ended.
    pub ending: Ending,
    /// What the delivery needs that HELO cannot carry.
    pub needs: Needs,
    /// When policy lets HELO be tried on a new connection.
    pub policy: HeloRetry,
}

/// What follows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
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
    let Situation { point, ending, policy, .. } = situation;
    match (point, ending) {
        // The peer said what became of the message: it did not take it.
        (Point::ContentEnd, Ending::ServiceClosing) => Next::Defer,
        (Point::ContentEnd, Ending::HangUp | Ending::Silence | Ending::Nonsense | Ending::Cancelled) => {
            Next::Unconfirmed
        }
        (Point::MailAgain, Ending::HangUp | Ending::Silence | Ending::ServiceClosing) => Next::Afresh,
        (Point::Ehlo | Point::Mail | Point::EhloRefused(Severity::Permanent), Ending::HangUp) => match policy {
            HeloRetry::Disconnect | HeloRetry::Timeout => helo(situation),
            HeloRetry::Never => Next::Defer,
        },
        (Point::Ehlo | Point::Mail | Point::EhloRefused(Severity::Permanent), Ending::Silence) => match policy {
            HeloRetry::Timeout => helo(situation),
            HeloRetry::Disconnect | HeloRetry::Never => Next::Defer,
        },
        (
            Point::Ehlo | Point::Mail | Point::EhloRefused(Severity::Permanent),
            Ending::ServiceClosing | Ending::Nonsense | Ending::Cancelled,
        )
        | (Point::MailAgain, Ending::Nonsense | Ending::Cancelled)
        | (
            Point::BeforeHello
            | Point::EhloRefused(Severity::Transient)
            | Point::Negotiation
            | Point::Helo
            | Point::Lhlo
            | Point::Transaction,
            Ending::HangUp | Ending::Silence | Ending::ServiceClosing | Ending::Nonsense | Ending::Cancelled,
        ) => Next::Defer,
    }
}

/// Only for what HELO can carry. It is one connection a delivery: from no point of a connection that
/// began with HELO does another one follow.
const fn helo(situation: Situation) -> Next {
    if situation.needs.is_empty() { Next::Helo } else { Next::Forbidden(situation.needs) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::Need;
    use Ending::{Cancelled, HangUp, Nonsense, ServiceClosing, Silence};
    use HeloRetry::{Disconnect, Never, Timeout};
    use Severity::{Permanent, Transient};

    const ENDINGS: [Ending; 5] = [HangUp, Silence, ServiceClosing, Nonsense, Cancelled];
    const POLICIES: [HeloRetry; 3] = [Disconnect, Timeout, Never];
    const POINTS: [Point; 11] = [
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
        Point::ContentEnd,
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

    /// The whole table: a cell for each ending, in the order of `ENDINGS`.
    const TABLE: [(Point, [Cell; 5]); 11] = {
        use Cell::{Afresh as A, Defer as D, Helo as H, HeloIfSilenceCounts as S, Unconfirmed as U};
        [
            (Point::BeforeHello, [D, D, D, D, D]),
            (Point::Ehlo, [H, S, D, D, D]),
            (Point::EhloRefused(Transient), [D, D, D, D, D]),
            (Point::EhloRefused(Permanent), [H, S, D, D, D]),
            (Point::Negotiation, [D, D, D, D, D]),
            (Point::Mail, [H, S, D, D, D]),
            (Point::MailAgain, [A, A, A, D, D]),
            (Point::Helo, [D, D, D, D, D]),
            (Point::Lhlo, [D, D, D, D, D]),
            (Point::Transaction, [D, D, D, D, D]),
            (Point::ContentEnd, [U, U, D, U, U]),
        ]
    };

    fn situations() -> impl Iterator<Item = (Situation, Cell)> {
        TABLE.into_iter().flat_map(|(point, row)| {
            ENDINGS.into_iter().zip(row).flat_map(move |(ending, cell)| {
                POLICIES.into_iter().map(move |policy| (Situation { point, ending, needs: Needs::NONE, policy }, cell))
            })
        })
    }

    #[test]
    fn the_table_is_complete() {
        assert!(POINTS.iter().all(|point| TABLE.iter().filter(|(row, _)| row == point).count() == 1));
        assert_eq!(situations().count(), POINTS.len() * ENDINGS.len() * POLICIES.len());
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
}

//! The retry table: what follows when a connection ends (RFC 1869 section 4.7).
//!
//! Only these functions decide whether a delivery continues on a new connection.

mod further;
mod lockstep;
mod parameters;
mod refusal;

use crate::{
    config::HeloRetry,
    needs::{Need, Needs},
    outcome::Hello,
    reply::Severity,
};
pub use further::{Achieved, Carrier, Further, after_transaction, is_for_number};
pub use lockstep::shows_lost_step;
pub use parameters::{AfterParameters, Carried, after_parameters, status_without_extension};
pub use refusal::{AfterRefusal, Refusal, RefusedCommand, Served, after_refusal};

/// How far a connection had come when it ended. A command counts as sent once its first octet was handed to the
/// transport, and as answered once its whole reply has arrived.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Point {
    /// There was no connection, or no octet of EHLO was sent.
    BeforeHello,
    /// EHLO was sent but not answered.
    Ehlo,
    /// EHLO was refused, but not with 421, and HELO was not accepted yet on the same connection.
    EhloRefused(Severity),
    /// STARTTLS was sent but not answered.
    StartTls,
    /// The TLS handshake was in progress, or it has failed.
    Handshake,
    /// Authentication was in progress.
    Auth,
    /// EHLO was accepted; neither MAIL nor any command pipelined after it was answered.
    Mail,
    /// The connection had carried an earlier message, and MAIL was not answered, or its refusal may be a
    /// [session limit](after_refusal).
    MailAgain,
    /// HELO was sent on a connection where EHLO was not refused; MAIL was not answered.
    Helo,
    /// The client uses LMTP; MAIL was not answered.
    Lhlo,
    /// MAIL was answered; the end of the content was not sent completely.
    Transaction,
    /// Recipients were accepted, all later ones were refused for [their number](is_for_number), and neither DATA nor a
    /// chunk was answered.
    TooMany,
    /// The same, but the end of the content was sent completely.
    TooManyAtEnd,
    /// The connection had carried an earlier message; MAIL was accepted, and neither DATA was answered with 354 nor a
    /// chunk with 2yz.
    TransactionAgain,
    /// The end of the content was sent completely but not answered, even if earlier commands were not answered either.
    ContentEnd,
    /// The connection had carried an earlier message, and the whole transaction was sent in one flight: the end of the
    /// content was sent completely, and MAIL or RCPT was not answered.
    FlightAgain,
    /// The server offered CHUNKING and answered the first BDAT of the transaction with 500 or 502, so it reads the chunk
    /// as commands. The client therefore closes the connection.
    Unchunked,
    /// The message needs a new connection, and QUIT was sent on this one.
    Leaving,
}

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Interruption {
    /// The peer closed or reset the connection, reading or writing failed, the TLS handshake failed, or no connection
    /// could be opened.
    HangUp,
    /// A timeout expired.
    Silence,
    /// The peer sent 421.
    ServiceClosing,
    /// The peer sent 221 that does not answer QUIT.
    ChannelClosing,
    /// The peer sent something that is not an SMTP reply, or a reply that cannot answer the command.
    ProtocolError,
    /// The caller cancelled the delivery.
    Cancelled,
}

/// The input of [`after`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Situation {
    point: Point,
    interruption: Interruption,
    needs: Needs,
    policy: HeloRetry,
    divided: bool,
}

impl Situation {
    /// A connection that ended at `point` because of `interruption`, for a delivery without needs, under the default
    /// policy.
    pub const fn new(point: Point, interruption: Interruption) -> Self {
        Self { point, interruption, needs: Needs::NONE, policy: HeloRetry::Disconnect, divided: false }
    }

    settings! {
        /// The needs of the delivery that a new connection with HELO would not meet. TLS is not among them if that
        /// connection would be secured like the one before.
        needs, with_needs: Needs;
        /// When the policy allows a retry with HELO on a new connection.
        policy, with_policy: HeloRetry;
        /// Whether the message was already divided into several transactions. Further connections are then opened only
        /// for those.
        divided, with_divided: bool;
    }
}

/// What follows when a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Next {
    /// A new connection to the same address and port, with HELO. It is secured if the one before was.
    Helo,
    /// A new connection to the same address and port, without TLS.
    Clear,
    /// A new connection, and the delivery starts over: the kept connection had expired or reached a limit.
    Afresh,
    /// A new connection to the same address and port, for as many recipients at a time as the server accepted.
    Fewer,
    /// A new connection to the same address and port, secured like the one before, and the content is sent with DATA.
    Data,
    /// No retry: recipients without a final status are deferred.
    Defer,
    /// No retry: HELO or DATA would follow but cannot carry these needs. Recipients without a final status are deferred, and
    /// the report names the needs.
    Forbidden(Needs),
    /// No retry: recipients without a final status are unconfirmed, because the server may have accepted the message.
    Unconfirmed,
}

/// The retry table: what follows when a connection ended before all recipients had a final status.
#[allow(clippy::match_same_arms, reason = "each arm is a row of the table")]
pub const fn after(situation: Situation) -> Next {
    use Interruption::{Cancelled, ChannelClosing, HangUp, ProtocolError, ServiceClosing, Silence};
    let Situation { point, interruption, policy, .. } = situation;
    match (point, interruption) {
        // 421 means that the server did not accept the message. 221 does not say whether it did.
        (Point::ContentEnd, ServiceClosing) => Next::Defer,
        (Point::ContentEnd, HangUp | Silence | ChannelClosing | ProtocolError | Cancelled) => Next::Unconfirmed,
        (Point::FlightAgain, HangUp | Silence | ChannelClosing | ProtocolError | Cancelled) => Next::Unconfirmed,
        (Point::TooManyAtEnd, HangUp | Silence | ChannelClosing | ProtocolError | Cancelled) => Next::Unconfirmed,
        // The server has not judged this message yet, so it starts over however the kept connection ended.
        (Point::MailAgain | Point::Leaving, HangUp | Silence | ServiceClosing | ChannelClosing | ProtocolError) => {
            Next::Afresh
        }
        // These end the session whatever the message. A hang-up may be because of this message.
        (Point::TransactionAgain, ServiceClosing | ChannelClosing) | (Point::FlightAgain, ServiceClosing) => Next::Afresh,
        (Point::Ehlo | Point::Mail | Point::EhloRefused(Severity::Permanent), HangUp) => match policy {
            HeloRetry::Disconnect | HeloRetry::Timeout => helo(situation),
            HeloRetry::Never => Next::Defer,
        },
        (Point::Ehlo | Point::Mail | Point::EhloRefused(Severity::Permanent), Silence) => match policy {
            HeloRetry::Timeout => helo(situation),
            HeloRetry::Disconnect | HeloRetry::Never => Next::Defer,
        },
        (Point::StartTls | Point::Handshake, HangUp) => in_clear(situation),
        (Point::TooMany | Point::TooManyAtEnd, ServiceClosing) => fewer(situation),
        (Point::Unchunked, HangUp) => with_data(situation),
        (
            Point::Ehlo | Point::Mail | Point::EhloRefused(Severity::Permanent),
            ServiceClosing | ChannelClosing | ProtocolError | Cancelled,
        )
        | (Point::MailAgain | Point::Leaving, Cancelled)
        | (Point::TransactionAgain, HangUp | Silence | ProtocolError | Cancelled)
        | (Point::TooMany, HangUp | Silence | ChannelClosing | ProtocolError | Cancelled)
        // Only a hang-up or a failed handshake leads to a connection in clear or with DATA: whoever answers can wait.
        | (
            Point::StartTls | Point::Handshake | Point::Unchunked,
            Silence | ServiceClosing | ChannelClosing | ProtocolError | Cancelled,
        )
        | (
            Point::BeforeHello
            | Point::EhloRefused(Severity::Transient)
            | Point::Auth
            | Point::Helo
            | Point::Lhlo
            | Point::Transaction,
            HangUp | Silence | ServiceClosing | ChannelClosing | ProtocolError | Cancelled,
        ) => Next::Defer,
    }
}

/// A retry with HELO, if HELO can carry the needs. There is at most one for each delivery: no point of a connection
/// that started with HELO leads to another retry.
const fn helo(situation: Situation) -> Next {
    if situation.divided {
        return Next::Defer;
    }
    if situation.needs.is_empty() { Next::Helo } else { Next::Forbidden(situation.needs) }
}

/// A new connection without TLS after TLS failed, if nothing needs TLS. Credentials always do: even a caller who allows
/// them in clear expects the server's TLS to work once it is offered. There is at most one such connection for each
/// delivery, because STARTTLS is not sent on it.
const fn in_clear(situation: Situation) -> Next {
    let needs = situation.needs;
    if situation.divided || needs.forbid_clear() || needs.contains(Need::Auth) { Next::Defer } else { Next::Clear }
}

/// Servers may close the connection after a number of refusals. There is at most one such connection for each delivery:
/// if the server refuses the number that it accepted before, it will not accept the rest either.
const fn fewer(situation: Situation) -> Next {
    if situation.divided { Next::Defer } else { Next::Fewer }
}

/// A retry with DATA, if DATA can carry the message. There is at most one for each delivery, which then uses BDAT no
/// more.
const fn with_data(situation: Situation) -> Next {
    if situation.needs.contains(Need::BinaryMime) {
        Next::Forbidden(Needs::NONE.with(Need::BinaryMime))
    } else {
        Next::Data
    }
}

/// Whether a kept connection can carry a message with these needs. `hello` is the one that was sent last on it. The
/// reply to HELO does not say what the server offers, so the message may need EHLO on a new connection. So it does if
/// it has additional parameters and the keywords of the reply to EHLO were not kept: then `are_offers_known` is false.
pub const fn can_serve(hello: Hello, needs: Needs, are_offers_known: bool) -> bool {
    match hello {
        Hello::Ehlo | Hello::Lhlo => are_offers_known,
        Hello::Helo => needs.is_empty() && are_offers_known,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use HeloRetry::{Disconnect, Never, Timeout};
    use Interruption::{Cancelled, ChannelClosing, HangUp, ProtocolError, ServiceClosing, Silence};
    use Severity::{Permanent, Transient};

    const INTERRUPTIONS: [Interruption; 6] =
        [HangUp, Silence, ServiceClosing, ChannelClosing, ProtocolError, Cancelled];
    const POLICIES: [HeloRetry; 3] = [Disconnect, Timeout, Never];
    const POINTS: [Point; 19] = [
        Point::BeforeHello,
        Point::Ehlo,
        Point::EhloRefused(Transient),
        Point::EhloRefused(Permanent),
        Point::StartTls,
        Point::Handshake,
        Point::Auth,
        Point::Mail,
        Point::MailAgain,
        Point::Helo,
        Point::Lhlo,
        Point::Transaction,
        Point::TooMany,
        Point::TooManyAtEnd,
        Point::TransactionAgain,
        Point::ContentEnd,
        Point::FlightAgain,
        Point::Unchunked,
        Point::Leaving,
    ];

    /// A cell of the table, for a delivery without needs.
    #[derive(Clone, Copy)]
    enum Cell {
        Helo,
        /// HELO if the policy allows it after a timeout.
        HeloIfSilenceCounts,
        Clear,
        Afresh,
        Fewer,
        Data,
        Defer,
        Unconfirmed,
    }

    /// The whole table: a cell for each interruption, in the order of `INTERRUPTIONS`.
    const TABLE: [(Point, [Cell; 6]); 19] = {
        use Cell::{
            Afresh as A, Clear as C, Data as B, Defer as D, Fewer as F, Helo as H, HeloIfSilenceCounts as S,
            Unconfirmed as U,
        };
        [
            (Point::BeforeHello, [D, D, D, D, D, D]),
            (Point::Ehlo, [H, S, D, D, D, D]),
            (Point::EhloRefused(Transient), [D, D, D, D, D, D]),
            (Point::EhloRefused(Permanent), [H, S, D, D, D, D]),
            (Point::StartTls, [C, D, D, D, D, D]),
            (Point::Handshake, [C, D, D, D, D, D]),
            (Point::Auth, [D, D, D, D, D, D]),
            (Point::Mail, [H, S, D, D, D, D]),
            (Point::MailAgain, [A, A, A, A, A, D]),
            (Point::Helo, [D, D, D, D, D, D]),
            (Point::Lhlo, [D, D, D, D, D, D]),
            (Point::Transaction, [D, D, D, D, D, D]),
            (Point::TooMany, [D, D, F, D, D, D]),
            (Point::TooManyAtEnd, [U, U, F, U, U, U]),
            (Point::TransactionAgain, [D, D, A, A, D, D]),
            (Point::ContentEnd, [U, U, D, U, U, U]),
            (Point::FlightAgain, [U, U, A, U, U, U]),
            (Point::Unchunked, [B, D, D, D, D, D]),
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
                (Cell::Clear, _) => Next::Clear,
                (Cell::Afresh, _) => Next::Afresh,
                (Cell::Fewer, _) => Next::Fewer,
                (Cell::Data, _) => Next::Data,
                (Cell::Unconfirmed, _) => Next::Unconfirmed,
            };
            assert_eq!(after(situation), expected, "{situation:?}");
        }
    }

    #[test]
    fn a_message_that_is_divided_opens_no_other_connection() {
        for (situation, _) in situations() {
            let expected = match after(situation) {
                Next::Helo | Next::Clear | Next::Fewer => Next::Defer,
                other => other,
            };
            assert_eq!(after(Situation { divided: true, ..situation }), expected, "{situation:?}");
        }
    }

    #[test]
    fn a_need_forbids_helo_and_some_also_forbid_a_connection_in_clear() {
        for need in Need::ALL.iter().copied() {
            let needs = Needs::NONE.with(need);
            let needs_tls = matches!(need, Need::Tls | Need::VerifiedTls | Need::RequireTls | Need::Auth);
            for (situation, _) in situations() {
                let expected = match after(situation) {
                    Next::Helo => Next::Forbidden(needs),
                    Next::Clear if needs_tls => Next::Defer,
                    Next::Data if need == Need::BinaryMime => Next::Forbidden(needs),
                    other => other,
                };
                assert_eq!(after(Situation { needs, ..situation }), expected, "{situation:?}");
            }
        }
    }

    #[test]
    fn a_kept_connection_after_helo_carries_only_messages_without_needs() {
        let needs = Needs::NONE.with(Need::EightBitMime);
        for (hello, with_needs) in [(Hello::Ehlo, true), (Hello::Lhlo, true), (Hello::Helo, false)] {
            assert!(can_serve(hello, Needs::NONE, true));
            assert_eq!(can_serve(hello, needs, true), with_needs);
            assert!(!can_serve(hello, Needs::NONE, false));
        }
    }
}

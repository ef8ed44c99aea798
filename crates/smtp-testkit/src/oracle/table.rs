//! The retry table, derived from what was sent on the wire (RFC 1869 section 4.7).

use smtp_proto::{Cancel, ContentError, Disconnect, HeloRetry, Need, Needs, ReplyErrorKind};

use super::{
    connection::Connection,
    exchange::{Answer, Exchange, Verb},
    plan::forbids_giving_up_tls,
    task::Task,
};

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// It was never opened.
    ConnectFailed,
    Lost(Disconnect),
    /// The TLS handshake failed.
    SecureFailed,
    Silence,
    /// 421, or 221 that does not answer QUIT.
    Closing(Answer),
    InvalidReply(ReplyErrorKind),
    /// A reply without a command.
    Unsolicited(Answer),
    /// A reply that does not fit its command.
    Unexpected(Answer),
    /// The content was refused before its end was sent.
    ContentRefused(Answer),
    /// The first BDAT was answered as an unknown command.
    Unchunked(Answer),
    ContentError(ContentError),
    Cancelled(Cancel),
    /// QUIT was answered.
    Quit,
}

/// What follows the end of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Next {
    /// A new connection to the same place, and HELO.
    Helo,
    /// A new connection to the same place, in clear, and the first hello of the protocol.
    Clear,
    /// A new connection to any place, and the first hello of the protocol.
    Afresh,
    /// A new connection to the same place, for as many recipients at a time as were accepted.
    Fewer,
    /// A new connection to the same place, and DATA.
    Data,
    /// No retry: HELO or DATA cannot meet these needs.
    Forbidden(Needs),
    /// No retry: recipients without a final status are deferred.
    Defer,
    /// No retry: recipients without a final status may have the message.
    Unconfirmed,
}

/// What follows when a connection ends before every recipient has a final status.
pub(super) fn after(connection: &Connection, task: &Task, end: End, helo_spent: bool) -> Next {
    if let End::Unchunked(_) = end {
        let needs = Needs::NONE.with(Need::BinaryMime);
        return if task.needs.contains(Need::BinaryMime) { Next::Forbidden(needs) } else { Next::Data };
    }
    if connection.unfit.is_some() {
        return if matches!(end, End::Cancelled(_)) { Next::Defer } else { Next::Afresh };
    }
    if connection.further_is_due(task).is_some() {
        return if matches!(end, End::Cancelled(_)) { Next::Defer } else { Next::Afresh };
    }
    let is_421 = matches!(end, End::Closing(answer) if answer.code == 421);
    let mail_taken = connection.find(Verb::Mail).and_then(Exchange::code).is_some_and(|code| code < 300);
    let data_answered = connection.find(Verb::Data).is_some_and(|data| data.answer.is_some());
    let is_judging = data_answered || connection.knows_bdat();
    let is_full = mail_taken && !is_judging && connection.is_full(task) && !task.parts.divided;
    if connection.end_is_out() {
        // 421 says that the message was not accepted. Nothing else settles it.
        let before_content =
            connection.due().is_some_and(|due| matches!(due.verb, Verb::Rset | Verb::Mail | Verb::Rcpt));
        return match end {
            _ if is_421 && connection.reused && before_content => Next::Afresh,
            _ if is_421 && is_full => Next::Fewer,
            _ if is_421 => Next::Defer,
            _ => Next::Unconfirmed,
        };
    }
    let mail_answered = connection.is_plain || connection.find(Verb::Mail).is_some_and(|mail| mail.answer.is_some());
    let grown_old = match end {
        End::Cancelled(_) | End::ContentError(_) => false,
        // MAIL was not answered, so the connection had just been idle for too long.
        _ if !mail_answered => true,
        End::Closing(_) => connection.message.is_none() && !connection.knows_bdat(),
        _ => false,
    };
    if connection.reused && grown_old {
        return Next::Afresh;
    }
    if is_421 && is_full {
        return Next::Fewer;
    }
    if connection.is_securing() {
        return match end {
            End::Lost(_) | End::SecureFailed if !task.parts.divided && !forbids_giving_up_tls(task.needs) => {
                Next::Clear
            }
            _ => Next::Defer,
        };
    }
    if connection.is_authenticating(task) {
        return Next::Defer;
    }
    let counts = match end {
        End::Lost(_) => task.config.helo_retry() != HeloRetry::Never,
        End::Silence => task.config.helo_retry() == HeloRetry::Timeout,
        _ => false,
    };
    let needs = connection.needs_beyond_helo(task);
    match (needs.is_empty(), helo_spent) {
        _ if task.parts.divided || !counts || !helo_may_help(connection) || mail_answered => Next::Defer,
        (false, _) => Next::Forbidden(needs),
        (true, false) => Next::Helo,
        (true, true) => Next::Defer,
    }
}

/// Whether the connection ended at a point where an old server hangs up because of EHLO.
fn helo_may_help(connection: &Connection) -> bool {
    let Some(ehlo) = connection.find(Verb::Ehlo) else { return false };
    match ehlo.answer {
        None => connection.handed > ehlo.start,
        Some(answer) if answer.code < 300 => true,
        Some(answer) => answer.code >= 500 && !connection.greeted(),
    }
}

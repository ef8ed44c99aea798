//! Whether a server cannot handle commands that are sent together, although it offers PIPELINING.

use crate::outcome::AttemptEnd;

/// Whether the end of a connection suggests that the server lost step with commands that were sent together. The next
/// delivery then sends them one by one.
///
/// `had_group`: commands were sent together on this connection. `is_due`: the reply to one of them is due. A server
/// that drops what it has read beyond a command leaves the client waiting; one that answers a command twice, or not
/// at all, is noticed when a reply does not fit, which may be later.
pub const fn shows_lost_step(ended: AttemptEnd, had_group: bool, is_due: bool) -> bool {
    match ended {
        AttemptEnd::Unsolicited | AttemptEnd::Unexpected | AttemptEnd::InvalidReply(_) => had_group,
        AttemptEnd::TimedOut => is_due,
        // A connection is lost, or closed by the server, for other reasons more often than for this one.
        AttemptEnd::Lost(_)
        | AttemptEnd::ServiceClosing
        | AttemptEnd::Quit
        | AttemptEnd::Kept
        | AttemptEnd::ConnectFailed
        | AttemptEnd::TlsFailed
        | AttemptEnd::ContentRefused
        | AttemptEnd::SessionLimit
        | AttemptEnd::Abandoned => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{outcome::Disconnect, reply::ReplyErrorKind};

    #[test]
    fn only_commands_that_were_sent_together_can_lose_step() {
        for (ended, never, earlier, due) in [
            (AttemptEnd::Unsolicited, false, true, true),
            (AttemptEnd::Unexpected, false, true, true),
            (AttemptEnd::InvalidReply(ReplyErrorKind::Malformed), false, true, true),
            (AttemptEnd::TimedOut, false, false, true),
            (AttemptEnd::Lost(Disconnect::Closed), false, false, false),
            (AttemptEnd::ServiceClosing, false, false, false),
            (AttemptEnd::ContentRefused, false, false, false),
        ] {
            let found =
                [(false, false), (true, false), (true, true)].map(|(had, has)| shows_lost_step(ended, had, has));
            assert_eq!(found, [never, earlier, due], "{ended:?}");
        }
    }
}

//! Servers that offer PIPELINING and do not keep step with commands that are sent together.

use super::{connection::Connection, table::End, task::Task};

impl Connection {
    /// How many octets of commands may be in flight together.
    pub(super) fn most_in_flight(&self, task: &Task) -> usize {
        if self.in_lockstep { 0 } else { task.config.limits().pipeline() }
    }

    /// Whether this end shows that the server did not keep step with commands that were sent together.
    pub(super) fn has_lost_step(&self, end: End) -> bool {
        match end {
            End::Unsolicited(_) | End::Unexpected(_) | End::InvalidReply(_) => self.had_group,
            End::Silence => self.exchanges.iter().any(|exchange| exchange.in_group && exchange.answer.is_none()),
            _ => false,
        }
    }
}

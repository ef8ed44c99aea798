//! Servers that offer PIPELINING and do not keep step with commands that are sent together.

use super::{connection::Connection, table::End, task::Task};

impl Connection {
    /// How many octets of commands may be in flight together.
    pub(super) fn most_in_flight(&self, task: &Task) -> usize {
        if self.in_lockstep { 0 } else { task.config.limits().pipeline() }
    }

    /// The driver has handed over this many octets.
    pub(super) fn hand_over(&mut self, octets: usize) {
        self.handed += octets;
        let Some(end_of_due) = self.due().map(|due| due.end) else { return };
        self.had_group |= end_of_due < self.handed;
        let behind = self.exchanges.iter_mut().filter(|exchange| exchange.start >= end_of_due);
        behind.filter(|exchange| exchange.start < self.handed).for_each(|exchange| exchange.in_group = true);
    }

    /// Whether this end shows that the server did not keep step with commands that were sent together.
    pub(super) fn has_lost_step(&self, end: End) -> bool {
        match end {
            End::Unsolicited(_) | End::Unexpected(_) | End::InvalidReply(_) => self.had_group,
            End::Silence => {
                let is_due = self.due().is_some_and(|due| due.end <= self.handed);
                let had_group = self.had_group && is_due;
                had_group && self.exchanges.iter().any(|exchange| exchange.in_group && exchange.answer.is_none())
            }
            _ => false,
        }
    }
}

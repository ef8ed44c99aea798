//! Stopping a delivery early.

use super::{
    Delivery,
    state::{LastConnection, State},
};
use crate::{
    outcome::{AttemptEnd, Cancel, Status},
    recipients::SettledBy,
    retry::{Interruption, Next},
    transaction::Verdicts,
};

impl Delivery {
    /// Stops the delivery. It is then done, and the driver must drop the connection, even a kept one.
    ///
    /// | Called | Recipients |
    /// |---|---|
    /// | before the end of the content was sent | deferred, except those that have a final status: they keep it |
    /// | after that, before its reply arrived | unconfirmed, except those that have a final status: they keep it |
    /// | when all have a final status, during RSET or QUIT | keep it; only the rest of the session is cut short |
    /// | during the QUIT that must confirm a permanent refusal of MAIL on a kept connection | deferred, not failed |
    /// | when the delivery is done | keep their status; a kept connection must not be reused |
    ///
    /// The end of the content counts as sent when its last octet was reported with [`sent`](Self::sent). `why` becomes
    /// the [cause](crate::Cause::Cancelled) of the statuses that this sets.
    pub fn cancel(&mut self, why: Cancel) {
        match self.state {
            State::Done(LastConnection::Closed) => {}
            State::Done(LastConnection::Kept(_)) => self.drop_connection(),
            State::Rset(_) | State::Quitting(Verdicts::Final | Verdicts::Provisional | Verdicts::OfContent) => {
                self.ledger.settle(Status::Deferred, SettledBy::Cancelled(why));
                self.done(AttemptEnd::Abandoned);
            }
            State::Quitting(Verdicts::Unproven) => {
                self.doubt_refusals(None);
                self.done(AttemptEnd::Abandoned);
            }
            State::Connecting(..) => {
                self.ledger.settle(Status::Deferred, SettledBy::Cancelled(why));
                self.state = State::Done(LastConnection::Closed);
            }
            State::SecuringFirst(_)
            | State::Greeting(_)
            | State::Ehlo(_)
            | State::Lhlo(_)
            | State::StartTls(_)
            | State::Securing(_)
            | State::Authenticating(_)
            | State::Helo(_)
            | State::RsetBeforeHelo(_)
            | State::Transaction(_)
            | State::Rewinding(..)
            | State::Leaving(_) => {
                let point = self.point(self.session.stage(), self.session.begun());
                let status = match self.after(point, Interruption::Cancelled) {
                    Next::Unconfirmed => Status::Unconfirmed,
                    Next::Helo
                    | Next::Clear
                    | Next::Afresh
                    | Next::Data
                    | Next::Fewer
                    | Next::Defer
                    | Next::Forbidden(_) => Status::Deferred,
                };
                if matches!(&self.state, State::Transaction(transaction) if transaction.starts_over()) {
                    // What they lack may be offered on the connection that would have followed.
                    self.ledger.reopen_unfit();
                }
                self.ledger.settle(status, SettledBy::Cancelled(why));
                self.done(AttemptEnd::Abandoned);
            }
        }
    }
}

//! A delivery with the oracle beside it.

use smtp_proto::{Cancel, Config, Delivery, Disconnect, Envelope, Misuse, Step};

use crate::{
    conversation::Conversation,
    oracle::{Input, Oracle, Promise, Violation},
};

/// A [`Delivery`] whose every input and output the oracle sees. It has the inputs of the delivery,
/// and panics where the delivery breaks a promise.
#[derive(Clone, Debug)]
pub struct Watched {
    delivery: Delivery,
    oracle: Oracle,
    conversation: Conversation,
    /// Whether the oracle has seen what the last input led to.
    seen: bool,
}

impl Watched {
    /// A message that is to be delivered.
    pub fn new(config: Config, envelope: Envelope) -> Self {
        Self {
            oracle: Oracle::new(&config, &envelope),
            conversation: Conversation::new(&config, &envelope),
            delivery: Delivery::new(config, envelope),
            seen: false,
        }
    }

    /// What is to be done next.
    #[track_caller]
    pub fn poll(&mut self) -> Step<'_> {
        self.see();
        self.delivery.poll()
    }

    /// A new connection is open.
    #[track_caller]
    pub fn connected(&mut self) -> Result<(), Misuse> {
        self.give(Input::Connected, Delivery::connected)
    }

    /// No connection could be opened; `why` is for the report.
    #[track_caller]
    pub fn connect_failed(&mut self, why: &str) -> Result<(), Misuse> {
        self.give(Input::ConnectFailed, |delivery| delivery.connect_failed(why))
    }

    /// The first `octets` of what was to be transmitted were handed over. What was never shown
    /// cannot have been.
    #[track_caller]
    pub fn sent(&mut self, octets: usize) -> Result<(), Misuse> {
        self.see();
        if matches!(self.delivery.poll(), Step::Content(_)) && octets > self.oracle.shown().len() {
            return Err(Misuse::NothingToSend);
        }
        self.give(Input::Sent(octets), |delivery| delivery.sent(octets))
    }

    /// These octets arrived.
    #[track_caller]
    pub fn received(&mut self, octets: &[u8]) -> Result<(), Misuse> {
        self.give(Input::Received(octets), |delivery| delivery.received(octets))
    }

    /// The connection is lost.
    #[track_caller]
    pub fn disconnected(&mut self, how: Disconnect) -> Result<(), Misuse> {
        self.give(Input::Lost(how), |delivery| delivery.disconnected(how))
    }

    /// Nothing came for as long as was said.
    #[track_caller]
    pub fn timed_out(&mut self) -> Result<(), Misuse> {
        self.give(Input::TimedOut, Delivery::timed_out)
    }

    /// The next octets of the message.
    #[track_caller]
    pub fn content(&mut self, octets: &[u8]) -> Result<(), Misuse> {
        self.give(Input::Content(octets), |delivery| delivery.content(octets))
    }

    /// The message has no more octets.
    #[track_caller]
    pub fn end_content(&mut self) -> Result<(), Misuse> {
        self.give(Input::EndContent, Delivery::end_content)
    }

    /// Gives the delivery up.
    #[track_caller]
    pub fn cancel(&mut self, why: Cancel) {
        let given = self.give(Input::Cancel(why), |delivery| {
            delivery.cancel(why);
            Ok(())
        });
        debug_assert_eq!(given, Ok(()), "nothing refuses this");
    }

    /// Starts the next message.
    #[track_caller]
    pub fn deliver_next(&mut self, envelope: Envelope) -> Result<(), Misuse> {
        let copy = envelope.clone();
        self.give(Input::DeliverNext(&copy), |delivery| delivery.deliver_next(envelope))
    }

    /// Ends a connection that was kept, in order.
    #[track_caller]
    pub fn quit(&mut self) -> Result<(), Misuse> {
        self.give(Input::Quit, Delivery::quit)
    }

    /// Whether the delivery is done and its connection can serve another message.
    pub const fn is_kept(&self) -> bool {
        self.delivery.is_kept()
    }

    /// The delivery itself.
    pub const fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    /// The run so far, as a transcript that can be saved in `testdata/regressions` and played. It tells
    /// nothing of the pieces in which octets went.
    pub fn conversation(&self) -> String {
        self.conversation.transcript(self.is_kept()).to_string()
    }

    /// Shows the oracle what the last input led to.
    #[track_caller]
    fn see(&mut self) {
        if !self.seen {
            self.seen = true;
            let seen = self.oracle.output(&self.delivery.poll(), self.delivery.is_kept());
            self.check(seen);
        }
    }

    #[track_caller]
    fn give(&mut self, input: Input<'_>, call: impl FnOnce(&mut Delivery) -> Result<(), Misuse>) -> Result<(), Misuse> {
        self.see();
        let misuse = self.oracle.misuse(&input);
        if misuse.is_none() {
            let step = self.delivery.poll();
            self.conversation.note(&input, &step, self.oracle.shown(), self.delivery.is_kept());
        }
        // Comparing is dear, and only what must be refused has to change nothing.
        let before = misuse.map(|_| self.delivery.clone());
        let result = call(&mut self.delivery);
        if result.err() != misuse || before.is_some_and(|before| before != self.delivery) {
            let what = format!("{input:?} has to give {misuse:?} and change nothing if refused; it gave {result:?}");
            self.check(Err(Violation::new(Promise::NoHarm, what)));
        }
        if misuse.is_none() {
            self.seen = false;
            let taken = self.oracle.input(input);
            self.check(taken);
        }
        result
    }

    #[track_caller]
    fn check(&self, checked: Result<(), Violation>) {
        if let Err(violation) = checked {
            panic!("{violation}\n\n{}", self.conversation());
        }
    }
}

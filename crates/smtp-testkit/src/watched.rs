//! A delivery under the oracle.

use std::sync::Arc;

use smtp_proto::{Cancel, Config, Delivery, Disconnect, Envelope, KnownHost, MisuseError, Secured, Security, Step};

use crate::{
    conversation::{Conversation, Wanted},
    oracle::{Input, Oracle, Promise, Violation},
};

/// A [`Delivery`] with the oracle checking every input and output. It has the methods of the delivery, and
/// panics if the delivery breaks a promise.
#[derive(Clone, Debug)]
pub struct Watched {
    delivery: Delivery,
    oracle: Oracle,
    conversation: Conversation,
    /// The current output, once the oracle has seen it.
    wanted: Option<Wanted>,
    /// Whether the last input was something other than octets that were sent or given.
    has_heard: bool,
    /// A copy of the delivery, if misuse was tried since the last valid input.
    copy: Option<Delivery>,
}

type Call<'c> = dyn FnMut(&mut Delivery) -> Result<(), MisuseError> + 'c;

impl Watched {
    /// Starts the delivery of a message.
    pub fn new(config: impl Into<Arc<Config>>, envelope: Envelope) -> Self {
        let (config, watched) = (config.into(), Arc::new(envelope.clone()));
        Self {
            conversation: Conversation::new(&config, &watched),
            oracle: Oracle::new(config.clone(), watched),
            delivery: Delivery::new(config, envelope),
            wanted: None,
            has_heard: true,
            copy: None,
        }
    }

    /// The next thing to do.
    #[track_caller]
    pub fn poll(&mut self) -> Step<'_> {
        self.see();
        self.delivery.poll()
    }

    /// A new connection is open.
    #[track_caller]
    pub fn connected(&mut self) -> Result<(), MisuseError> {
        self.give(Input::Connected, &mut Delivery::connected)
    }

    /// No connection could be opened. `why` is for the report.
    #[track_caller]
    pub fn connect_failed(&mut self, why: &str) -> Result<(), MisuseError> {
        self.give(Input::ConnectFailed, &mut |delivery| delivery.connect_failed(why))
    }

    /// The first `octets` of the octets to be transmitted were handed over. Rejects octets that were never
    /// shown.
    #[track_caller]
    pub fn sent(&mut self, octets: usize) -> Result<(), MisuseError> {
        if self.see() == Wanted::Content && octets > self.oracle.shown().len() {
            return Err(MisuseError::NothingToSend);
        }
        self.give(Input::Sent(octets), &mut |delivery| delivery.sent(octets))
    }

    /// These octets arrived.
    #[track_caller]
    pub fn received(&mut self, octets: &[u8]) -> Result<(), MisuseError> {
        self.give(Input::Received(octets), &mut |delivery| delivery.received(octets))
    }

    /// The connection is lost.
    #[track_caller]
    pub fn disconnected(&mut self, how: Disconnect) -> Result<(), MisuseError> {
        self.give(Input::Lost(how), &mut |delivery| delivery.disconnected(how))
    }

    /// The timeout has passed.
    #[track_caller]
    pub fn timed_out(&mut self) -> Result<(), MisuseError> {
        self.give(Input::TimedOut, &mut Delivery::timed_out)
    }

    /// The next octets of the message.
    #[track_caller]
    pub fn content(&mut self, octets: &[u8]) -> Result<(), MisuseError> {
        self.give(Input::Content(octets), &mut |delivery| delivery.content(octets))
    }

    /// The message has no more octets.
    #[track_caller]
    pub fn end_content(&mut self) -> Result<(), MisuseError> {
        self.give(Input::EndContent, &mut Delivery::end_content)
    }

    /// The content is at its start again.
    #[track_caller]
    pub fn rewound(&mut self) -> Result<(), MisuseError> {
        self.give(Input::Rewound, &mut Delivery::rewound)
    }

    /// The content cannot be read again.
    #[track_caller]
    pub fn cannot_rewind(&mut self) -> Result<(), MisuseError> {
        self.give(Input::CannotRewind, &mut Delivery::cannot_rewind)
    }

    /// Cancels the delivery.
    #[track_caller]
    pub fn cancel(&mut self, why: Cancel) {
        let given = self.give(Input::Cancel(why), &mut |delivery| {
            delivery.cancel(why);
            Ok(())
        });
        debug_assert_eq!(given, Ok(()), "cancelling never fails");
    }

    /// Starts the next message.
    #[track_caller]
    pub fn deliver_next(&mut self, envelope: Envelope) -> Result<(), MisuseError> {
        let envelope = Arc::new(envelope);
        self.give(Input::DeliverNext(&envelope), &mut |delivery| delivery.deliver_next(Envelope::clone(&envelope)))
    }

    /// Ends a kept connection with QUIT.
    #[track_caller]
    pub fn quit(&mut self) -> Result<(), MisuseError> {
        self.give(Input::Quit, &mut Delivery::quit)
    }

    /// This is known about the server that the delivery will connect to.
    #[track_caller]
    pub fn know(&mut self, host: KnownHost) -> Result<(), MisuseError> {
        self.give(Input::Know(host), &mut |delivery| delivery.know(host))
    }

    /// The TLS handshake has completed.
    #[track_caller]
    pub fn secured(&mut self, facts: Secured<'_>) -> Result<(), MisuseError> {
        let is_verified = facts.security() == Security::Verified;
        let input = Input::Secured { version: facts.version(), is_verified, can_bind: facts.can_bind() };
        self.give(input, &mut |delivery| delivery.secured(facts))
    }

    /// The TLS handshake failed. `why` is for the report.
    #[track_caller]
    pub fn secure_failed(&mut self, why: &str) -> Result<(), MisuseError> {
        self.give(Input::SecureFailed, &mut |delivery| delivery.secure_failed(why))
    }

    /// Starts an authentication.
    #[track_caller]
    pub fn auth_start(&mut self, initial: Option<&[u8]>) -> Result<(), MisuseError> {
        self.give(Input::AuthStart(initial), &mut |delivery| delivery.auth_start(initial))
    }

    /// Answers a challenge.
    #[track_caller]
    pub fn auth_response(&mut self, response: &[u8]) -> Result<(), MisuseError> {
        self.give(Input::AuthResponse(response), &mut |delivery| delivery.auth_response(response))
    }

    /// The authentication is complete.
    #[track_caller]
    pub fn auth_complete(&mut self) -> Result<(), MisuseError> {
        self.give(Input::AuthComplete, &mut Delivery::auth_complete)
    }

    /// Gives up the authentication. `why` is for the report.
    #[track_caller]
    pub fn auth_abandon(&mut self, why: &str) -> Result<(), MisuseError> {
        self.give(Input::AuthAbandon, &mut |delivery| delivery.auth_abandon(why))
    }

    /// Hides a secret. From now on, the oracle searches everything that the delivery shows for it.
    pub fn hide(&mut self, secret: &[u8]) {
        self.oracle.hide(secret);
        self.delivery.hide(secret);
    }

    /// Whether the delivery is done and its connection can serve another message.
    pub const fn is_kept(&self) -> bool {
        self.delivery.is_kept()
    }

    /// Whether connections may be secured, or the client authenticates.
    pub(crate) fn is_secure(&self) -> bool {
        self.oracle.is_secure()
    }

    /// Whether the envelope has parameters.
    pub(crate) fn has_parameters(&self) -> bool {
        let envelope = self.delivery.envelope();
        let rcpts = (0..envelope.forward_paths().len()).map(|place| envelope.rcpt_parameters(place));
        envelope.returned().is_some() || rcpts.into_iter().any(|rcpt| !rcpt.is_empty())
    }

    /// The delivery itself.
    pub const fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    /// The run so far, as a transcript that can be saved in `testdata/regressions` and played. It does not
    /// record in which pieces octets were sent and received.
    pub fn conversation(&self) -> String {
        self.conversation.transcript(self.is_kept()).to_string()
    }

    /// Shows the current output to the oracle.
    #[track_caller]
    fn see(&mut self) -> Wanted {
        if let Some(wanted) = self.wanted {
            return wanted;
        }
        let step = self.delivery.poll();
        let wanted = Wanted::of(&step);
        let seen = self.oracle.output(&step, self.delivery.is_kept());
        let seen = seen.and_then(|()| self.oracle.check_known(&self.delivery));
        let seen = seen.and_then(|()| if self.oracle.has_secrets() { self.check_shown() } else { Ok(()) });
        self.wanted = Some(wanted);
        self.check(seen);
        wanted
    }

    /// Searches what the delivery shows for secrets. Sending changes nothing of it.
    fn check_shown(&self) -> Result<(), Violation> {
        let step = self.delivery.poll();
        if let Step::Transmit(transmit) = &step {
            if !self.has_heard && !transmit.is_sensitive() {
                return Ok(());
            }
        }
        self.oracle.check_shown("the Debug output of the delivery", format!("{:?}", self.delivery).as_bytes())?;
        self.oracle.check_shown("the Debug output of the step", format!("{step:?}").as_bytes())?;
        if !matches!(step, Step::Done(_) | Step::Connect(_)) {
            return Ok(());
        }
        let report = self.delivery.report();
        self.oracle.check_shown("the Debug output of the report", format!("{report:?}").as_bytes())?;
        self.oracle.check_shown("the report", report.to_string().as_bytes())?;
        let json = serde_json::to_vec(&report).unwrap_or_default();
        self.oracle.check_shown("the report as JSON", &json)?;
        for attempt in report.attempts() {
            let replies = [
                attempt.greeting(),
                attempt.hello_reply(),
                attempt.clear_hello_reply(),
                attempt.ehlo_refusal(),
                attempt.reply(),
            ];
            for reply in replies.into_iter().flatten() {
                self.oracle.check_shown("a reply in the report", reply.octets())?;
            }
            self.oracle.check_shown("the detail of an attempt", attempt.detail())?;
        }
        for reply in report.recipients().filter_map(|recipient| recipient.reply()) {
            self.oracle.check_shown("the reply for a recipient", reply.octets())?;
        }
        Ok(())
    }

    /// Calls the delivery, which must accept or reject the input as the oracle says.
    #[track_caller]
    fn give(&mut self, input: Input<'_>, call: &mut Call<'_>) -> Result<(), MisuseError> {
        let wanted = self.see();
        if let Some(misuse) = self.oracle.misuse(&input) {
            return self.give_misused(&input, misuse, call);
        }
        self.conversation.note(&input, wanted, self.oracle.shown(), self.delivery.is_kept());
        self.copy = None;
        let result = call(&mut self.delivery);
        if result.is_err() {
            self.fail(&input, None, result);
        }
        self.wanted = None;
        self.has_heard = !matches!(input, Input::Sent(_) | Input::Content(_) | Input::EndContent);
        let taken = self.oracle.input(input);
        self.check(taken);
        result
    }

    /// Checks that misuse is rejected and changes nothing. Cloning is expensive, so one copy serves for
    /// consecutive misuses.
    #[track_caller]
    fn give_misused(&mut self, input: &Input<'_>, misuse: MisuseError, call: &mut Call<'_>) -> Result<(), MisuseError> {
        let before = self.copy.take().unwrap_or_else(|| self.delivery.clone());
        let result = call(&mut self.delivery);
        if result != Err(misuse) || before != self.delivery {
            self.fail(input, Some(misuse), result);
        }
        self.copy = Some(before);
        result
    }

    #[track_caller]
    fn fail(&self, input: &Input<'_>, misuse: Option<MisuseError>, result: Result<(), MisuseError>) {
        let what =
            format!("{input:?} must return {misuse:?}, and change nothing if that is an error; it returned {result:?}");
        self.check(Err(Violation::new(Promise::NoHarm, what)));
    }

    #[track_caller]
    fn check(&self, checked: Result<(), Violation>) {
        if let Err(violation) = checked {
            panic!("{violation}\n\n{}", self.conversation());
        }
    }
}

//! Sends one connection's share of the messages.

use std::{
    io,
    num::NonZeroU32,
    sync::Arc,
    time::{Duration, Instant},
};

use smtp_client::{
    Bounds, ContentChanged,
    tokio::{Client, Content},
};
use smtp_proto::{Cancel, Delivery, Envelope, MisuseError, Need, Report, Size, Status};
use tokio::time::Interval;

use crate::{
    batch::{Batch, Taken},
    books::Books,
    diagnostics,
    exit_status::ExitStatus,
    host::Went,
    leave::{Experience, Reason},
    message::Message,
    password::PasswordSource,
    record::Recorder,
    shared::Shared,
    supervision::{interrupted, supervised, ticks},
    watch::Watch,
};

/// One connection at a time, and the messages sent over it.
pub(crate) struct Connection {
    shared: Arc<Shared>,
    client: Client,
    watch: Watch,
    delivery: Delivery,
    /// Messages sent over the current connection.
    served: u32,
    /// Whether any recipient was delivered to, over this connection or an earlier one.
    has_delivered: bool,
    current: Current,
    ticks: Interval,
}

/// The current message.
struct Current {
    taken: Taken,
    /// When it was begun.
    begun: Instant,
    /// Failures outside its delivery.
    status: ExitStatus,
    told: Told,
}

/// Whether the report on the current message was printed.
#[derive(Clone, Copy)]
enum Told {
    NotYet,
    /// Every recipient has its status since then. Only the end of the connection is missing from the report.
    CompleteSince(Instant),
    Yes,
}

/// How long a complete report waits for the end of the connection.
const PATIENCE: Duration = Duration::from_secs(1);

/// What follows the current message.
enum Next {
    Message(Taken),
    NoMore,
    /// Other connections send the rest.
    Leave(Reason),
}

impl Connection {
    /// Prepares a connection, which is not open yet, and its first message.
    pub(crate) fn new(shared: Arc<Shared>, first: Taken) -> Self {
        let batch = &shared.batch;
        let delivery = Delivery::new(batch.config.clone(), envelope(batch, &first));
        let mut watch = Watch::new(batch.arguments.trace, shared.books().progress.clone());
        let recording = &batch.arguments.recording;
        watch.recorder = recording.record.clone().map(|path| {
            let server = batch.next_hop.to_string();
            Recorder::new(path, recording.record_content, &server, &batch.config, delivery.envelope().clone())
        });
        watch.message = Some(first.clone());
        let (client, current) = (client(batch), Current::new(first));
        Self { shared, client, watch, delivery, served: 0, has_delivered: false, current, ticks: ticks() }
    }

    /// Sends messages until none is left, or the others send the rest.
    ///
    /// It is boxed, because a future has room for each value that it may move.
    pub(crate) async fn send(mut self: Box<Self>) {
        loop {
            let delivered = self.deliver().await;
            if let Some(recorder) = &mut self.watch.recorder {
                recorder.settled(self.client.report(&self.delivery), self.delivery.is_kept());
            }
            self.count();
            let next = self.next();
            // The report says how the connection ended, so it ends first.
            let ended = if delivered.is_ok() && self.is_at_its_end(&next) { self.quit().await } else { delivered };
            if let Err(misuse) = ended {
                self.start_over(misuse);
            }
            self.current.tell(self.client.report(&self.delivery), &mut self.shared.books());
            match next {
                Next::Message(taken) => self.take(taken),
                Next::NoMore => break,
                Next::Leave(reason) => {
                    let note = format_args!(
                        "continuing with one connection fewer: {} (`--connections` opens fewer)",
                        reason.text()
                    );
                    self.watch.progress.suspend(|| diagnostics::note(note));
                    break;
                }
            }
        }
        if let Some(recorder) = self.watch.recorder.take() {
            recorder.finish();
        }
    }

    /// Delivers the current message, or gives it up.
    async fn deliver(&mut self) -> Result<(), MisuseError> {
        let message = Arc::clone(&self.current.taken.message);
        let mut content = match self.shared.turn().await {
            Ok(()) => self.open(&message),
            Err(why) => {
                self.delivery.cancel(why);
                nothing()
            }
        };
        self.current.begun = Instant::now();
        let Self { shared, client, watch, delivery, current, ticks, .. } = self;
        let delivering = client.deliver(delivery, &mut *content, watch);
        supervised(delivering, ticks, |report| current.look(report, shared)).await
    }

    async fn quit(&mut self) -> Result<(), MisuseError> {
        if let Some(recorder) = &mut self.watch.recorder {
            recorder.quit();
        }
        let Self { shared, client, watch, delivery, current, ticks, .. } = self;
        supervised(client.quit(delivery, watch), ticks, |report| current.look(report, shared)).await
    }

    /// Opens the content of the current message. If that fails, cancels its delivery.
    fn open<'m>(&mut self, message: &'m Message) -> Box<dyn Content + 'm> {
        match message.open() {
            Ok(content) => Box::new(content),
            Err(error) => {
                self.watch
                    .progress
                    .suspend(|| diagnostics::error(format_args!("{}: {error}", self.current.taken.which())));
                let (why, status) = if ContentChanged::is_wrapped_in(&error) {
                    (Cancel::ContentChanged, ExitStatus::TempFail)
                } else {
                    (Cancel::ContentUnreadable, ExitStatus::NoInput)
                };
                self.delivery.cancel(why);
                self.current.status = self.current.status.max(status);
                nothing()
            }
        }
    }

    fn next(&self) -> Next {
        let report = self.delivery.report();
        self.shared.note_login(report);
        let experience = Experience::new(report, self.has_delivered);
        // A message that was not tried says nothing about the host.
        if report.attempts().next().is_some() {
            let went = Went::of(report, experience);
            self.shared.host().note(went, self.current.begun, Instant::now());
        }
        let (batch, mut queue) = (&self.shared.batch, self.shared.queue());
        match experience.reason_to_leave().filter(|_| interrupted().is_none() && queue.leave(batch)) {
            Some(reason) => Next::Leave(reason),
            None => queue.take(batch).map_or(Next::NoMore, Next::Message),
        }
    }

    /// Counts the current message for the connection it was last sent on.
    fn count(&mut self) {
        let report = self.delivery.report();
        if !report.attempts().last().is_some_and(|attempt| attempt.reused()) {
            self.served = 0;
        }
        self.served = self.served.saturating_add(1);
        self.has_delivered |= report.recipients().any(|recipient| recipient.status == Status::Delivered);
    }

    /// Whether the current message, already counted, is the last on this connection: there is no other, or it has
    /// carried as many as it may, or is too old.
    fn is_at_its_end(&self, next: &Next) -> bool {
        let limit = self.shared.batch.arguments.per_connection.map_or(u32::MAX, NonZeroU32::get);
        self.served >= limit || self.client.is_stale() || !matches!(next, Next::Message(_))
    }

    fn take(&mut self, taken: Taken) {
        self.watch.message = Some(taken.clone());
        self.current = Current::new(taken);
        if let Err(misuse) = self.delivery.deliver_next(envelope(&self.shared.batch, &self.current.taken)) {
            self.start_over(misuse);
            let batch = &self.shared.batch;
            self.delivery = Delivery::new(batch.config.clone(), envelope(batch, &self.current.taken));
        }
        if let Some(recorder) = &mut self.watch.recorder {
            recorder.next_message(self.delivery.envelope().clone());
        }
    }

    /// Handles an internal error: cancels the delivery, so that every recipient has a status, and starts a new client.
    fn start_over(&mut self, misuse: MisuseError) {
        self.watch.progress.suspend(|| diagnostics::error(format_args!("internal error: {misuse}")));
        self.current.status = ExitStatus::Software;
        self.delivery.cancel(Cancel::Interrupted);
        self.client = client(&self.shared.batch);
    }
}

impl Current {
    fn new(taken: Taken) -> Self {
        Self { taken, begun: Instant::now(), status: ExitStatus::Ok, told: Told::NotYet }
    }

    /// Looks at the report while the delivery waits. Returns why to cancel it.
    fn look(&mut self, report: Report<'_>, shared: &Shared) -> Option<Cancel> {
        shared.note_login(report);
        // If only the end of the connection is missing, and takes long, the report is printed without it.
        match self.told {
            Told::NotYet if report.is_complete() => self.told = Told::CompleteSince(Instant::now()),
            Told::CompleteSince(since) if since.elapsed() >= PATIENCE => {
                self.tell(report, &mut shared.books());
            }
            Told::NotYet | Told::CompleteSince(_) | Told::Yes => {}
        }
        shared.reason_to_cancel()
    }

    /// Prints the report, unless that was done.
    fn tell(&mut self, report: Report<'_>, books: &mut Books) {
        match self.told {
            Told::Yes => {}
            Told::NotYet | Told::CompleteSince(_) => {
                books.enter(&self.taken, report, self.status);
                self.told = Told::Yes;
            }
        }
    }
}

/// Content for a delivery that is cancelled already.
fn nothing<'m>() -> Box<dyn Content + 'm> {
    Box::new(io::Cursor::new([0; 0]))
}

fn envelope(batch: &Batch, taken: &Taken) -> Envelope {
    let facts = taken.message.facts();
    let envelope = Envelope::clone(&taken.envelope).with_body(facts.body).with_size(Size::Exact(facts.size));
    let is_utf8 = facts.has_utf8_header && batch.arguments.envelope.scans_header();
    if is_utf8 { envelope.requiring(Need::Smtputf8) } else { envelope }
}

fn client(batch: &Batch) -> Client {
    let bounds = Bounds::default().with_delivery(Some(batch.arguments.message_timeout));
    let client = Client::new(batch.next_hop.clone())
        .with_bounds(bounds)
        .with_route(batch.arguments.server.route())
        .with_tls(batch.tls.clone())
        .with_known_hosts(batch.hosts.clone());
    match &batch.credentials {
        Some(source) => client.with_credentials(Arc::<PasswordSource>::clone(source)),
        None => client,
    }
}

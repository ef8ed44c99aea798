//! Sends one connection's share of the messages.

use std::{
    io,
    num::NonZeroU32,
    sync::{Arc, atomic::Ordering},
    task::Poll,
    time::{Duration, Instant},
};

use smtp_client::{Bounds, Client, Content, ContentChanged};
use smtp_proto::{Cancel, Delivery, Envelope, MisuseError, Need, Size, Status};

use crate::{
    batch::{Batch, Queue, Taken},
    books::Books,
    diagnostics,
    exit_status::ExitStatus,
    host::{self, Host, Went},
    leave::{Experience, Reason},
    password::PasswordSource,
    progress::Progress,
    record::Recorder,
    watch::Watch,
};

/// One connection at a time, and the messages sent over it.
pub(crate) struct Connection<'a> {
    batch: &'a Batch<'a>,
    client: Client,
    watch: Watch,
    delivery: Delivery,
    /// Messages sent over the current connection.
    served: u32,
    /// Whether any recipient was delivered to, over this connection or an earlier one.
    has_delivered: bool,
    /// The current message.
    taken: Taken<'a>,
    /// When it was begun.
    begun: Instant,
    /// Failures outside its delivery.
    status: ExitStatus,
    stage: Stage<'a>,
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

/// What is under way.
enum Stage<'a> {
    /// Waits until the host may get the current message.
    Pause,
    Delivery(Box<dyn Content + 'a>),
    /// Ends the connection before the last message is reported, because the report says how the connection ended.
    Quit(Next<'a>),
}

/// What follows the current message.
#[derive(Clone, Copy)]
enum Next<'a> {
    Message(Taken<'a>),
    NoMore,
    /// Other connections send the rest.
    Leave(Reason),
}

impl<'a> Connection<'a> {
    /// Prepares a connection, which is not open yet, and its first message.
    pub(crate) fn new(batch: &'a Batch<'a>, progress: Progress, first: Taken<'a>) -> Self {
        let delivery = Delivery::new(batch.config.clone(), envelope(batch, first));
        let mut watch = Watch::new(batch.arguments.trace, progress);
        let recording = &batch.arguments.recording;
        watch.recorder = recording.record.clone().map(|path| {
            let server = batch.next_hop.to_string();
            Recorder::new(path, recording.record_content, &server, &batch.config, delivery.envelope().clone())
        });
        watch.message = first.which().to_string();
        Self {
            batch,
            client: client(batch),
            watch,
            delivery,
            served: 0,
            has_delivered: false,
            taken: first,
            begun: Instant::now(),
            status: ExitStatus::Ok,
            stage: Stage::Pause,
            told: Told::NotYet,
        }
    }

    pub(crate) fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// Goes as far as it can without waiting, but not beyond the current message. Returns [`Poll::Ready`] when this
    /// connection has no more messages to send.
    pub(crate) fn advance(&mut self, queue: &mut Queue<'a>, host: &mut Host, books: &mut Books) -> Poll<()> {
        if let Stage::Pause = self.stage {
            self.try_to_begin(host);
        }
        if let Stage::Pause = self.stage {
            return Poll::Pending;
        }
        if let Some(why) = host.batch_is_over(Instant::now()) {
            self.delivery.cancel(why);
        }
        let (ended, next) = loop {
            let mut no_content = io::empty();
            let content: &mut dyn Content = match &mut self.stage {
                Stage::Delivery(content) => content,
                Stage::Quit(_) | Stage::Pause => &mut no_content,
            };
            let ended = match self.client.advance(&mut self.delivery, content, &mut self.watch) {
                Ok(Poll::Pending) => {
                    host.note_login(self.delivery.report());
                    self.tell_early(books);
                    return Poll::Pending;
                }
                Ok(Poll::Ready(())) => Ok(()),
                Err(misuse) => Err(misuse),
            };
            let next = match self.stage {
                Stage::Quit(next) => break (ended, next),
                Stage::Delivery(_) | Stage::Pause => {
                    if let Some(recorder) = &mut self.watch.recorder {
                        recorder.settled(self.client.report(&self.delivery), self.delivery.is_kept());
                    }
                    self.count();
                    self.next(queue, host)
                }
            };
            if ended.is_err() || !self.is_at_its_end(next) {
                break (ended, next);
            }
            if let Err(misuse) = self.client.start_quit(&mut self.delivery) {
                break (Err(misuse), next);
            }
            if let Some(recorder) = &mut self.watch.recorder {
                recorder.quit();
            }
            self.stage = Stage::Quit(next);
        };
        if let Err(misuse) = ended {
            self.start_over(misuse);
        }
        self.tell(books);
        match next {
            Next::Message(taken) => {
                self.take(taken, host);
                Poll::Pending
            }
            Next::NoMore => Poll::Ready(()),
            Next::Leave(reason) => {
                let note = format_args!(
                    "continuing with one connection fewer: {} (`--connections` opens fewer)",
                    reason.text()
                );
                self.watch.progress.suspend(|| diagnostics::note(note));
                Poll::Ready(())
            }
        }
    }

    /// This connection is not used any more.
    pub(crate) fn end(&mut self) {
        if let Some(recorder) = self.watch.recorder.take() {
            recorder.finish();
        }
    }

    /// Reports on the current message, unless that was done.
    fn tell(&mut self, books: &mut Books) {
        match self.told {
            Told::Yes => {}
            Told::NotYet | Told::CompleteSince(_) => {
                books.enter(self.taken, self.client.report(&self.delivery), self.status);
                self.told = Told::Yes;
            }
        }
    }

    /// Reports on the current message if only the end of its connection is missing, and takes long.
    fn tell_early(&mut self, books: &mut Books) {
        match self.told {
            Told::NotYet if self.delivery.report().is_complete() => self.told = Told::CompleteSince(Instant::now()),
            Told::CompleteSince(since) if since.elapsed() >= PATIENCE => self.tell(books),
            Told::NotYet | Told::CompleteSince(_) | Told::Yes => {}
        }
    }

    fn next(&self, queue: &mut Queue<'a>, host: &mut Host) -> Next<'a> {
        let report = self.delivery.report();
        host.note_login(report);
        let experience = Experience::new(report, self.has_delivered);
        // A message that was not tried says nothing about the host.
        if report.attempts().next().is_some() {
            host.note(Went::of(report, experience), self.begun, Instant::now());
        }
        match experience.reason_to_leave().filter(|_| !self.is_interrupted() && queue.leave()) {
            Some(reason) => Next::Leave(reason),
            None => queue.take().map_or(Next::NoMore, Next::Message),
        }
    }

    fn is_interrupted(&self) -> bool {
        self.batch.interrupt.load(Ordering::Relaxed)
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
    fn is_at_its_end(&self, next: Next<'a>) -> bool {
        let limit = self.batch.arguments.per_connection.map_or(u32::MAX, NonZeroU32::get);
        self.served >= limit || self.client.is_stale() || !matches!(next, Next::Message(_))
    }

    fn take(&mut self, taken: Taken<'a>, host: &mut Host) {
        self.status = ExitStatus::Ok;
        if let Err(misuse) = self.delivery.deliver_next(envelope(self.batch, taken)) {
            self.start_over(misuse);
            self.delivery = Delivery::new(self.batch.config.clone(), envelope(self.batch, taken));
        }
        if let Some(recorder) = &mut self.watch.recorder {
            recorder.next_message(self.delivery.envelope().clone());
        }
        (self.taken, self.stage, self.told) = (taken, Stage::Pause, Told::NotYet);
        self.watch.message = taken.which().to_string();
        self.try_to_begin(host);
    }

    /// Begins the current message, or gives it up, unless it has to wait.
    fn try_to_begin(&mut self, host: &mut Host) {
        let next =
            if self.is_interrupted() { host::Next::GiveUp(Cancel::Interrupted) } else { host.next(Instant::now()) };
        let (stage, status) = match next {
            host::Next::Pause => return,
            host::Next::Send => open(self.taken, &mut self.delivery, &self.watch.progress),
            host::Next::GiveUp(why) => {
                self.delivery.cancel(why);
                (Stage::Delivery(Box::new(io::empty())), ExitStatus::Ok)
            }
        };
        (self.stage, self.status) = (stage, self.status.max(status));
        self.begun = Instant::now();
        self.client.start();
    }

    /// Handles an internal error: cancels the delivery, so that every recipient has a status, and starts a new client.
    fn start_over(&mut self, misuse: MisuseError) {
        self.watch.progress.suspend(|| diagnostics::error(format_args!("internal error: {misuse}")));
        self.status = ExitStatus::Software;
        self.delivery.cancel(Cancel::Interrupted);
        self.client = client(self.batch);
    }
}

/// Opens the content of the message that `delivery` sends. If that fails, cancels `delivery`.
fn open<'a>(taken: Taken<'a>, delivery: &mut Delivery, progress: &Progress) -> (Stage<'a>, ExitStatus) {
    match taken.message.open() {
        Ok(content) => (Stage::Delivery(Box::new(content)), ExitStatus::Ok),
        Err(error) => {
            progress.suspend(|| diagnostics::error(format_args!("{}: {error}", taken.which())));
            let (why, status) = if ContentChanged::is_wrapped_in(&error) {
                (Cancel::ContentChanged, ExitStatus::TempFail)
            } else {
                (Cancel::ContentUnreadable, ExitStatus::NoInput)
            };
            delivery.cancel(why);
            (Stage::Delivery(Box::new(io::empty())), status)
        }
    }
}

fn envelope(batch: &Batch<'_>, taken: Taken<'_>) -> Envelope {
    let facts = taken.message.facts();
    let envelope = taken.envelope.clone().with_body(facts.body).with_size(Size::Exact(facts.size));
    let is_utf8 = facts.has_utf8_header && batch.arguments.envelope.scans_header();
    if is_utf8 { envelope.requiring(Need::Smtputf8) } else { envelope }
}

fn client(batch: &Batch<'_>) -> Client {
    let bounds = Bounds::default().with_delivery(Some(batch.arguments.message_timeout));
    let client = Client::new(batch.next_hop.clone())
        .with_bounds(bounds)
        .with_interrupt(Arc::clone(&batch.interrupt))
        .with_route(batch.arguments.server.route())
        .with_tls(batch.tls.clone())
        .with_known_hosts(batch.hosts.clone());
    match &batch.credentials {
        Some(source) => client.with_credentials(Arc::<PasswordSource>::clone(source)),
        None => client,
    }
}

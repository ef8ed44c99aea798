//! One connection's share of the messages.

use std::{
    io,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
};

use smtp_client::Client;
use smtp_proto::{AttemptReport, Cancel, Cause, Delivery, Misuse};

use crate::{
    batch::{Batch, Queue, Taken},
    books::Books,
    diagnostics,
    exit_status::ExitStatus,
    message::Message,
    report::Account,
    watch::Watch,
};

/// One connection at a time, and the messages that go over it.
pub(crate) struct Connection<'a> {
    batch: &'a Batch<'a>,
    books: &'a Mutex<Books>,
    client: Client,
    watch: Watch,
    delivery: Option<Delivery>,
    /// Messages that the connection has served.
    served: u32,
}

impl<'a> Connection<'a> {
    pub(crate) fn new(batch: &'a Batch<'a>, books: &'a Mutex<Books>) -> Self {
        let progress = books.lock().unwrap_or_else(PoisonError::into_inner).progress.clone();
        let watch = Watch::new(batch.arguments.trace, progress);
        Self { batch, books, client: client(batch), watch, delivery: None, served: 0 }
    }

    /// Until there are no more messages. A server may take fewer connections than asked for: whoever
    /// is sent away leaves the rest to the others, or it would have all of them deferred.
    pub(crate) fn serve(mut self, queue: &Queue<'_>) {
        let mut next = queue.take();
        while let Some(Taken { number, message }) = next {
            let mut status = ExitStatus::Ok;
            let delivered = self.deliver(number, message, &mut status);
            let leaves = self.was_sent_away() && queue.leave();
            next = if leaves { None } else { queue.take() };
            let ended = delivered.and_then(|()| self.end_connection(next.is_none()));
            self.report(number, message, ended, status);
            if leaves {
                let note = || diagnostics::note("one connection fewer: the server takes no more");
                self.watch.progress.suspend(note);
            }
        }
    }

    /// Whether the server took no hello on the last connection.
    fn was_sent_away(&self) -> bool {
        if self.batch.interrupt.load(Ordering::Relaxed) {
            return false;
        }
        let Some(report) = self.delivery.as_ref().map(Delivery::report) else { return false };
        // What this message needs, the next one may not.
        let for_its_needs = report.recipients().any(|recipient| matches!(recipient.cause, Cause::Needs(_)));
        let no_hello = |attempt: AttemptReport<'_>| !attempt.reused() && attempt.hello_reply().is_none();
        !for_its_needs && report.attempts().last().is_some_and(no_hello)
    }

    fn deliver(&mut self, number: usize, message: &Message, status: &mut ExitStatus) -> Result<(), Misuse> {
        let facts = message.facts();
        let envelope = self.batch.envelope.clone().with_body(facts.body).with_size(facts.size);
        let delivery = match &mut self.delivery {
            Some(delivery) => {
                delivery.deliver_next(envelope)?;
                delivery
            }
            none => none.insert(Delivery::new(self.batch.config.clone(), envelope)),
        };
        match message.open() {
            Ok(mut content) => self.client.deliver(delivery, &mut content, &mut self.watch),
            Err(error) => {
                let why = format_args!("message {number}, {}: {error}", message.name());
                self.watch.progress.suspend(|| diagnostics::error(why));
                *status = ExitStatus::NoInput;
                delivery.cancel(Cancel::ContentUnreadable);
                self.client.deliver(delivery, &mut io::empty(), &mut self.watch)
            }
        }
    }

    /// Ends the connection if it was the last message for it, before the report on that: it then tells
    /// how the connection ended.
    fn end_connection(&mut self, last: bool) -> Result<(), Misuse> {
        let Some(delivery) = &mut self.delivery else { return Ok(()) };
        let reused = delivery.report().attempts().last().is_some_and(|attempt| attempt.reused());
        self.served = if reused { self.served.saturating_add(1) } else { 1 };
        let limit = self.batch.arguments.per_connection.map_or(u32::MAX, NonZeroU32::get);
        if last || self.served >= limit { self.client.quit(delivery, &mut self.watch) } else { Ok(()) }
    }

    fn report(&mut self, number: usize, message: &Message, ended: Result<(), Misuse>, mut status: ExitStatus) {
        let Some(delivery) = &mut self.delivery else { return };
        if let Err(misuse) = ended {
            self.watch.progress.suspend(|| diagnostics::error(format_args!("a fault of this program: {misuse}")));
            status = ExitStatus::Software;
            // Nobody is without a status; the next message starts over.
            delivery.cancel(Cancel::Interrupted);
        }
        let account = Account { report: delivery.report(), servers: self.client.servers() };
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        books.enter(number, message, account, status);
        drop(books);
        if ended.is_err() {
            self.delivery = None;
            self.client = client(self.batch);
        }
    }
}

fn client(batch: &Batch<'_>) -> Client {
    Client::new(batch.next_hop.clone())
        .with_bounds(batch.arguments.server.bounds())
        .with_interrupt(Arc::clone(&batch.interrupt))
}

//! A delivery under way.

use std::{
    fmt,
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use smtp_proto::{Cancel, Delivery, MisuseError, Report};
use tokio::time::{self, Sleep};

use super::{
    content::Source,
    task::Task,
    trace::{self, Span, Traced},
};
use crate::{
    awaited::{Awaited, TICK, Wait},
    content::Content,
    drive::Drive,
    link::Link,
    observer::Observer,
    room::Room,
    stream::Stream,
};

/// A delivery under way, or the end of a kept connection: what [`Client::deliver`](super::Client::deliver) and
/// [`Client::quit`](super::Client::quit) return. It is ready once the delivery is done.
///
/// Between polls, its [report](Self::report) can be read, and it can be [cancelled](Self::cancel) for a reason.
///
/// If it is dropped after its first poll and before it is ready, the delivery is [cancelled](Cancel::Interrupted), and
/// its connection is closed: nothing is delivered of which the end was not sent, and after that, the recipients are
/// unconfirmed.
///
/// A [`MisuseError`] is a bug in this crate.
///
/// # Panics
///
/// If it is polled outside of a tokio runtime, or in one without I/O or time. Nothing has been sent then.
#[derive(Debug)]
#[must_use = "nothing is sent until it is polled"]
pub struct Delivering<'a> {
    pub(super) driven: Driven<'a>,
    pub(super) span: Span,
}

impl Delivering<'_> {
    /// What is known so far, with the server of each attempt. Some recipients may not have their final status yet.
    pub fn report(&self) -> Report<'_> {
        self.driven.delivery.report().with_servers(&self.driven.link.servers)
    }

    /// [Cancels](Delivery::cancel) the delivery. At its next poll, it closes its connection and is ready. To give
    /// precedence to a reply that has arrived, poll before cancelling.
    pub fn cancel(&mut self, why: Cancel) {
        self.driven.delivery.cancel(why);
    }
}

impl Future for Delivering<'_> {
    type Output = Result<(), MisuseError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { driven, span } = self.get_mut();
        span.in_scope(|| Pin::new(driven).poll(cx))
    }
}

impl Drop for Delivering<'_> {
    fn drop(&mut self) {
        let Self { driven, span } = self;
        span.in_scope(|| driven.give_up());
    }
}

/// The same, in the current span.
pub(super) struct Driven<'a> {
    link: &'a mut Link,
    task: &'a Task,
    delivery: &'a mut Delivery,
    purpose: Purpose<'a>,
    observer: Traced<'a>,
    stage: Stage,
}

/// What the connection is used for.
pub(super) enum Purpose<'a> {
    /// To deliver this content.
    Deliver(Source<'a>),
    /// To end it.
    Quit,
}

/// How far it is.
enum Stage {
    NotBegun,
    /// The alarm fires no later than the wait ends.
    UnderWay(Pin<Box<Sleep>>),
    Over,
}

impl<'a> Driven<'a> {
    pub(super) fn new(
        link: &'a mut Link,
        task: &'a Task,
        delivery: &'a mut Delivery,
        purpose: Purpose<'a>,
        observer: &'a mut (dyn Observer + Send),
    ) -> Self {
        Self { link, task, delivery, purpose, observer: Traced(observer), stage: Stage::NotBegun }
    }

    fn begin(&mut self) -> Result<(), MisuseError> {
        // Panics without a clock, before anything is sent.
        let alarm = Box::pin(time::sleep(Duration::MAX));
        match self.purpose {
            Purpose::Deliver(_) => self.link.start(),
            Purpose::Quit => {
                self.delivery.quit()?;
                self.link.restart_clock();
            }
        }
        self.stage = Stage::UnderWay(alarm);
        Ok(())
    }

    /// Goes as far as it can without waiting. Returns what to wait for, or `None` once it is done.
    fn advance(&mut self, now: Instant) -> Result<Option<Wait>, MisuseError> {
        let mut nothing = io::empty();
        let content: &mut dyn Content = match &mut self.purpose {
            Purpose::Deliver(source) => source,
            Purpose::Quit => &mut nothing,
        };
        let (link, delivery, observer) = (&mut *self.link, &mut *self.delivery, &mut self.observer);
        Drive { link, delivery, content, observer, room: Room::take(), now }.advance()
    }

    /// Whether the wait is over already. If not, the task is woken once it may be.
    fn is_over(&mut self, wait: Wait, now: Instant, cx: &mut Context<'_>) -> bool {
        let until = self.until(wait, now).map(time::Instant::from_std);
        if let (Some(until), Stage::UnderWay(alarm)) = (until, &mut self.stage) {
            // An alarm that fires too early is set again then: most waits end before it does.
            if until < alarm.deadline() || alarm.is_elapsed() {
                alarm.as_mut().reset(until);
            }
            if alarm.as_mut().poll(cx).is_ready() {
                return true;
            }
        }
        match wait.awaited {
            Awaited::Turn => {
                cx.waker().wake_by_ref();
                false
            }
            // Whoever looks up the name wakes the task, and so does the reactor where a stream would block.
            Awaited::Addresses(_) | Awaited::Opening => false,
            Awaited::Content | Awaited::Room | Awaited::Arrival => self.link.streams().any(Stream::may_have_arrived),
        }
    }

    /// When to advance, even if nothing has happened; `None` if that is too far away to be represented.
    fn until(&self, wait: Wait, now: Instant) -> Option<Instant> {
        let Link { bounds, since, pace, .. } = &*self.link;
        let whole = bounds.delivery.map(|limit| limit.saturating_sub(now.duration_since(*since)));
        // The rate of the peer is measured in ticks.
        let tick = (pace.is_running() && wait.awaited == Awaited::Room).then_some(TICK);
        let most = [whole, tick].into_iter().flatten().fold(wait.most, Duration::min);
        now.checked_add(most)
    }

    /// The delivery is done.
    fn end(&mut self) {
        self.stage = Stage::Over;
        self.task.set(Waker::noop());
        if let Purpose::Deliver(_) = self.purpose {
            trace::done(&self.delivery.report());
        }
    }

    /// Cancels the delivery and closes the connection, if it is under way.
    fn give_up(&mut self) {
        if let Stage::UnderWay(_) = std::mem::replace(&mut self.stage, Stage::Over) {
            self.delivery.cancel(Cancel::Interrupted);
            self.link.hang_up(&mut self.observer);
            self.task.set(Waker::noop());
        }
    }
}

impl Future for Driven<'_> {
    type Output = Result<(), MisuseError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        match this.stage {
            Stage::NotBegun => this.begin()?,
            Stage::UnderWay(_) => {}
            Stage::Over => return Poll::Ready(Ok(())),
        }
        this.task.set(cx.waker());
        loop {
            let now = this.link.now();
            match this.advance(now) {
                Ok(Some(wait)) if this.is_over(wait, now, cx) => {}
                Ok(Some(_)) => return Poll::Pending,
                Ok(None) => {
                    this.end();
                    return Poll::Ready(Ok(()));
                }
                // The connection and the delivery do not agree: neither is used again.
                Err(misuse) => {
                    this.give_up();
                    return Poll::Ready(Err(misuse));
                }
            }
        }
    }
}

impl Drop for Driven<'_> {
    fn drop(&mut self) {
        self.give_up();
    }
}

impl fmt::Debug for Driven<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driven").field("link", &self.link).field("delivery", &self.delivery).finish_non_exhaustive()
    }
}

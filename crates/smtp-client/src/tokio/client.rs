//! The client: a next hop, and the connection to it, which is kept between messages.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use smtp_proto::{Cancel, Delivery, MisuseError, Step};
use tokio::time::{self, Sleep};

use super::{
    content::{Content, Source},
    task::Task,
    trace::{self, Span, Traced},
};
use crate::{
    awaited::{Awaited, TICK, Wait},
    drive::Drive,
    link::Link,
    link_methods::link_methods,
    next_hop::NextHop,
    observer::Observer,
    room::Room,
    runtime::{Runtime, Work},
    stream::Stream,
};

/// Drives deliveries to one next hop, and owns the connection that is kept between them.
///
/// Use each client with one [`Delivery`]. For the next message call [`Delivery::deliver_next`], then
/// [`deliver`](Self::deliver) again. At the end call [`quit`](Self::quit).
#[derive(Debug)]
pub struct Client {
    link: Link,
    task: Arc<Task>,
}

impl Client {
    /// Creates a client without a connection, with the default [`Bounds`](crate::Bounds).
    pub fn new(next_hop: NextHop) -> Self {
        let task = Arc::new(Task::default());
        Self { link: Link::new(next_hop, on_tokio(Waker::from(Arc::clone(&task)))), task }
    }

    link_methods!();

    /// Drives `delivery` until it is done. See its report for the result. `content` is read from
    /// where it is when the server asks for it, and again from its start for each further transaction.
    ///
    /// If reading `content` fails, the end of the content is not sent and the message is deferred: as changed if the
    /// error wraps [`ContentChanged`](crate::ContentChanged), as unreadable otherwise.
    ///
    /// If the future is dropped before it is ready, the delivery is [cancelled](Cancel::Interrupted), and its
    /// connection is closed: nothing is delivered of which the end was not sent, and after that, the recipients are
    /// unconfirmed.
    ///
    /// A [`MisuseError`] is a bug in this crate.
    ///
    /// # Panics
    ///
    /// If it is polled outside of a tokio runtime, or in one without I/O or time. Nothing has been sent then.
    pub async fn deliver(
        &mut self,
        delivery: &mut Delivery,
        content: &mut dyn Content,
        observer: &mut (dyn Observer + Send),
    ) -> Result<(), MisuseError> {
        let recipients = delivery.envelope().forward_paths().len();
        let span = Span::of_delivery(&self.link.next_hop, delivery.config().protocol(), recipients);
        span.instrument(self.drive(delivery, content, observer)).await
    }

    /// The same, in the current span.
    pub(super) async fn drive(
        &mut self,
        delivery: &mut Delivery,
        content: &mut dyn Content,
        observer: &mut (dyn Observer + Send),
    ) -> Result<(), MisuseError> {
        self.link.start();
        self.advance(delivery, content, observer).await?;
        trace::done(&delivery.report());
        Ok(())
    }

    /// Ends the kept connection, if there is one, with QUIT.
    pub async fn quit(
        &mut self,
        delivery: &mut Delivery,
        observer: &mut (dyn Observer + Send),
    ) -> Result<(), MisuseError> {
        delivery.quit()?;
        self.link.restart_clock();
        self.advance(delivery, &mut std::io::Cursor::new([0; 0]), observer).await
    }

    /// From now on, a delivery, or ending the connection, may take this long.
    pub(super) const fn bound_delivery(&mut self, limit: Duration) {
        self.link.bounds.delivery = Some(limit);
    }

    /// Advances until the delivery is done.
    async fn advance(
        &mut self,
        delivery: &mut Delivery,
        content: &mut dyn Content,
        observer: &mut (dyn Observer + Send),
    ) -> Result<(), MisuseError> {
        // Panics without a clock, before anything is sent.
        let alarm = pin!(time::sleep(Duration::MAX));
        let Self { link, task } = self;
        let source = Source::new(content, Waker::from(Arc::clone(task)));
        let mut driven = Driven { link, task, delivery, source, observer: &mut Traced(observer), alarm };
        poll_fn(|cx| driven.poll(cx)).await
    }
}

/// The clock and the reactor of the runtime that this is used in, and the resolver of the system.
fn on_tokio(waker: Waker) -> Runtime {
    Runtime {
        now: || time::Instant::now().into_std(),
        look_up: NextHop::addresses,
        watch: Stream::watched,
        run: |work| {
            let work = Work::clone(work);
            drop(tokio::task::spawn_blocking(move || work()));
        },
        waker,
    }
}

/// A delivery under way. If it is dropped before the delivery is done, it cancels it and closes the connection.
struct Driven<'a> {
    link: &'a mut Link,
    task: &'a Task,
    delivery: &'a mut Delivery,
    source: Source<'a>,
    observer: &'a mut (dyn Observer + Send),
    /// Fires no later than the wait ends.
    alarm: Pin<&'a mut Sleep>,
}

impl Driven<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), MisuseError>> {
        self.task.set(cx.waker());
        loop {
            let Self { link, delivery, source, observer, .. } = &mut *self;
            let now = link.now();
            let drive = Drive { link, delivery, content: source, observer: *observer, room: Room::take(), now };
            match drive.advance() {
                Err(error) => return Poll::Ready(Err(error)),
                Ok(None) => return Poll::Ready(Ok(())),
                Ok(Some(wait)) if self.is_over(wait, now, cx) => {}
                Ok(Some(_)) => return Poll::Pending,
            }
        }
    }

    /// Whether the wait is over already. If not, the task is woken once it may be.
    fn is_over(&mut self, wait: Wait, now: Instant, cx: &mut Context<'_>) -> bool {
        if let Some(until) = self.until(wait, now) {
            let until = time::Instant::from_std(until);
            // An alarm that fires too early is set again then: most waits end before it does.
            if until < self.alarm.deadline() || self.alarm.is_elapsed() {
                self.alarm.as_mut().reset(until);
            }
            if self.alarm.as_mut().poll(cx).is_ready() {
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
}

impl Drop for Driven<'_> {
    fn drop(&mut self) {
        if !matches!(self.delivery.poll(), Step::Done(_)) {
            self.delivery.cancel(Cancel::Interrupted);
            self.link.hang_up(self.observer);
        }
        self.task.set(Waker::noop());
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Cursor, net::SocketAddr};

    use smtp_proto::{Config, Envelope, HelloName, Outcome};
    use smtp_testkit::server::loose::{HELLO, MESSAGE, QUIT, Server};

    use super::*;

    #[tokio::test]
    async fn one_address_of_forty_is_enough() {
        let server = Server::start(&format!("{HELLO}{MESSAGE}{QUIT}"));
        let mut client = Client::new(format!("many.example:{}", server.address.port()).parse().unwrap());
        client.link.runtime.look_up = |host| {
            let address = |last| SocketAddr::from(([127, 0, 0, last], host.port().unwrap_or_default()));
            Ok((2..41).rev().chain([1]).map(address).collect())
        };
        let envelope = Envelope::new("a@example.com".parse().unwrap(), vec!["b@example.net".parse().unwrap()]);
        let config = Config::new(HelloName::new("client.example").unwrap());
        let mut delivery = Delivery::new(config, envelope.unwrap());
        let mut failed = Failed(0);
        client.deliver(&mut delivery, &mut Cursor::new("Subject: x\r\n\r\n"), &mut failed).await.unwrap();
        assert_eq!((delivery.report().outcome(), failed.0), (Some(Outcome::Delivered), 39));
        let servers: Vec<_> = client.report(&delivery).attempts().filter_map(|attempt| attempt.server()).collect();
        assert_eq!(servers, [server.address.to_string()]);
        server.heard();
    }

    /// Counts the addresses that could not be connected to.
    struct Failed(usize);

    impl Observer for Failed {
        fn connect_failed(&mut self, _: Option<&crate::Endpoint>, _: &std::io::Error) {
            self.0 += 1;
        }
    }
}

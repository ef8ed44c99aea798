//! The client: a next hop, and the connection to it, which is kept between messages.

use std::{sync::Arc, task::Waker, thread, time::Duration};

use smtp_proto::Delivery;
use tokio::time;

use super::{
    content::{Content, Source},
    delivering::{Delivering, Driven, Purpose},
    task::Task,
    trace::Span,
};
use crate::{
    link::Link,
    link_methods::link_methods,
    next_hop::NextHop,
    observer::Observer,
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
    /// The future can be dropped: see [`Delivering`].
    pub fn deliver<'a>(
        &'a mut self,
        delivery: &'a mut Delivery,
        content: &'a mut dyn Content,
        observer: &'a mut (dyn Observer + Send),
    ) -> Delivering<'a> {
        let recipients = delivery.envelope().forward_paths().len();
        let span = Span::of_delivery(&self.link.next_hop, delivery.config().protocol(), recipients);
        Delivering { driven: self.drive(delivery, content, observer), span }
    }

    /// The same, in the current span.
    pub(super) fn drive<'a>(
        &'a mut self,
        delivery: &'a mut Delivery,
        content: &'a mut dyn Content,
        observer: &'a mut (dyn Observer + Send),
    ) -> Driven<'a> {
        let purpose = Purpose::Deliver(Source::new(content, self.link.runtime.waker.clone()));
        Driven::new(&mut self.link, &self.task, delivery, purpose, observer)
    }

    /// Ends the kept connection, if there is one, with QUIT.
    pub fn quit<'a>(
        &'a mut self,
        delivery: &'a mut Delivery,
        observer: &'a mut (dyn Observer + Send),
    ) -> Delivering<'a> {
        let driven = Driven::new(&mut self.link, &self.task, delivery, Purpose::Quit, observer);
        Delivering { driven, span: Span::none() }
    }

    /// From now on, a delivery, or ending the connection, may take this long.
    pub(super) const fn bound_delivery(&mut self, limit: Duration) {
        self.link.bounds.delivery = Some(limit);
    }
}

/// The clock and the reactor of the runtime that this is used in, and the resolver of the system.
fn on_tokio(waker: Waker) -> Runtime {
    Runtime {
        now: || time::Instant::now().into_std(),
        look_up: NextHop::addresses,
        watch: Stream::watched,
        run: on_a_blocking_thread,
        waker,
    }
}

fn on_a_blocking_thread(work: &Work) {
    // tokio panics if it cannot start its first thread, so see first whether one can be started.
    if thread::Builder::new().spawn(|| ()).is_err() {
        return work();
    }
    let work = Work::clone(work);
    drop(tokio::task::spawn_blocking(move || work()));
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

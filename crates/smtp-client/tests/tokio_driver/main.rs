//! The driver for tokio: every transcript that a server can play, clocks that are paused, and futures that are dropped.

mod examples;
mod pool;
mod server;

use std::{
    future::{Future, poll_fn},
    io::{self, Cursor, SeekFrom},
    net::{Ipv4Addr, TcpListener},
    pin::{Pin, pin},
    sync::OnceLock,
    task::{Context, Poll},
    time::Duration,
};

use server::Server;
use smtp_client::{
    Bounds,
    tls::TlsConfig,
    tokio::{Client, Once},
};
use smtp_proto::{Afterwards, AttemptEnd, Cancel, Cause, Config, Delivery, Envelope, HelloName, Status};
use smtp_testkit::conformance::{self, Content, Driver, Job, Summary};
use tokio::{
    io::{AsyncRead, AsyncSeek, ReadBuf},
    runtime::{Builder, Runtime},
    time::Instant,
};

const CONTENT: &[u8] = b"Subject: x\r\n\r\nhello\r\n";

fn config() -> Config {
    Config::new(HelloName::new("client.example").unwrap())
}

fn envelope() -> Envelope {
    Envelope::new("a@example.com".parse().unwrap(), vec!["b@example.net".parse().unwrap()]).unwrap()
}

fn status(delivery: &Delivery) -> Status {
    delivery.report().recipients().next().unwrap().status
}

/// The driver and its delivery, with the connection kept between messages.
struct UnderTest(Runtime, Option<(Client, Delivery)>);

impl UnderTest {
    fn new() -> Self {
        Self(Builder::new_current_thread().enable_all().build().unwrap(), None)
    }

    fn drive(&mut self, content: &mut dyn Content) -> Summary {
        let Self(runtime, Some((client, delivery))) = self else { unreachable!("a delivery was started") };
        let mut octets = Vec::new();
        content.read_to_end(&mut octets).unwrap();
        runtime.block_on(client.deliver(delivery, &mut Cursor::new(octets), &mut ())).unwrap();
        Summary::from(&*delivery)
    }
}

impl Driver for UnderTest {
    fn deliver(&mut self, job: Job<'_>) -> Summary {
        let client = Client::new(job.servers[0].into()).with_tls(tls());
        self.1 = Some((client, Delivery::new(job.config, job.envelope)));
        self.drive(job.content)
    }

    fn keeps_connections(&self) -> bool {
        true
    }

    fn secures_connections(&self) -> bool {
        true
    }

    fn deliver_next(&mut self, envelope: Envelope, content: &mut dyn Content) -> Summary {
        if let Some((_, delivery)) = &mut self.1 {
            delivery.deliver_next(envelope).unwrap();
        }
        self.drive(content)
    }

    fn quit(&mut self) -> Summary {
        let Self(runtime, Some((client, delivery))) = self else { unreachable!("a delivery was started") };
        runtime.block_on(client.quit(delivery, &mut ())).unwrap();
        Summary::from(&*delivery)
    }
}

/// Trusts the kit's servers.
fn tls() -> TlsConfig {
    static TLS: OnceLock<TlsConfig> = OnceLock::new();
    let build = || TlsConfig::builder().with_ca_pem(conformance::authority_pem().as_bytes())?.build();
    TLS.get_or_init(|| build().unwrap()).clone()
}

#[test]
fn the_driver_conforms() {
    let passed = conformance::check(UnderTest::new).unwrap_or_else(|failures| panic!("{failures}"));
    println!("{passed}");
    // Notices if transcripts are no longer played over sockets.
    assert!(passed.over_sockets > 200 && passed.plays > 2_000, "{passed}");
}

#[test]
fn a_delivery_can_move_between_threads() {
    fn assert_send<T: Send>(_: T) {}
    let mut client = Client::new("192.0.2.1:25".parse().unwrap());
    let mut delivery = Delivery::new(config(), envelope());
    assert_send(client.deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ()));
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_given_up_when_its_time_has_passed() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut client = Client::new(listener.local_addr().unwrap().into());
    let mut delivery = Delivery::new(config(), envelope());
    let since = Instant::now();
    client.deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ()).await.unwrap();
    assert_eq!(since.elapsed().as_secs(), config().timeouts().greeting().as_secs());
    let attempts: Vec<_> = delivery.report().attempts().filter_map(|attempt| attempt.end()).collect();
    assert_eq!((status(&delivery), attempts), (Status::Deferred, vec![AttemptEnd::TimedOut]));
}

/// Pending for ever.
struct Stalled;

impl AsyncRead for Stalled {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_stalls_ends_with_the_bound_on_the_delivery() {
    let (server, address) = Server::start().await;
    let bounds = Bounds::default().with_delivery(Some(Duration::from_secs(600)));
    let mut client = Client::new(address.into()).with_bounds(bounds);
    let mut delivery = Delivery::new(config(), envelope());
    let since = Instant::now();
    client.deliver(&mut delivery, &mut Once(Stalled), &mut ()).await.unwrap();
    assert_eq!(since.elapsed().as_secs(), 600);
    let cause = delivery.report().recipients().next().unwrap().cause;
    assert_eq!((cause, server.taken()), (Cause::Cancelled(Cancel::Deadline), 0));
}

/// One octet at a time, and each only when asked twice. Fails after `left` octets if there are more.
struct Drip {
    octets: Cursor<&'static [u8]>,
    is_ready: bool,
    left: usize,
}

impl Drip {
    const fn of(octets: &'static [u8], left: usize) -> Self {
        Self { octets: Cursor::new(octets), is_ready: false, left }
    }
}

impl AsyncRead for Drip {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.is_ready = !self.is_ready;
        if self.is_ready {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.left == 0 {
            return Poll::Ready(Err(io::Error::other("worn out")));
        }
        self.left -= 1;
        let mut octet = [0];
        let mut one = ReadBuf::new(&mut octet);
        let read = Pin::new(&mut self.octets).poll_read(cx, &mut one);
        room.put_slice(one.filled());
        read
    }
}

impl AsyncSeek for Drip {
    fn start_seek(mut self: Pin<&mut Self>, place: SeekFrom) -> io::Result<()> {
        Pin::new(&mut self.octets).start_seek(place)
    }

    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Pin::new(&mut self.octets).poll_complete(cx)
    }
}

#[tokio::test]
async fn a_source_may_be_slow_and_may_fail() {
    let (server, address) = Server::start().await;
    for (left, expected, taken) in [(usize::MAX, Status::Delivered, 1), (5, Status::Deferred, 1)] {
        let mut client = Client::new(address.into());
        let mut delivery = Delivery::new(config(), envelope());
        client.deliver(&mut delivery, &mut Drip::of(CONTENT, left), &mut ()).await.unwrap();
        assert_eq!((status(&delivery), server.taken()), (expected, taken));
    }
}

/// Polls a future at most this many times. Returns whether it is ready; drops it in any case.
async fn polled(future: impl Future, times: usize) -> bool {
    let (mut future, mut left) = (pin!(future), times);
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        future.as_mut().poll(cx).map(|_| true)
    })
    .await
}

#[tokio::test]
async fn a_future_can_be_dropped_at_every_await() {
    let mut dropped_at = [0; 3];
    for polls in 1.. {
        let (server, address) = Server::start().await;
        let mut client = Client::new(address.into());
        let mut delivery = Delivery::new(config().with_afterwards(Afterwards::Keep), envelope());
        let mut content = Drip::of(CONTENT, usize::MAX);
        let is_ready = polled(client.deliver(&mut delivery, &mut content, &mut ()), polls).await;
        // Lets the server read everything.
        tokio::time::sleep(Duration::from_millis(5)).await;
        if is_ready {
            assert_eq!((status(&delivery), server.taken()), (Status::Delivered, 1));
            break;
        }
        let was_open = server.opened();
        match (status(&delivery), server.taken()) {
            (Status::Deferred, 0) => dropped_at[0] += 1,
            (Status::Unconfirmed, 0 | 1) => dropped_at[1] += 1,
            (Status::Delivered, 1) => dropped_at[2] += 1,
            other => panic!("after {polls} polls: {other:?}"),
        }
        // The client can be used again, and opens another connection.
        delivery.deliver_next(envelope()).unwrap();
        client.deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ()).await.unwrap();
        assert_eq!((status(&delivery), server.opened()), (Status::Delivered, was_open + 1), "after {polls} polls");
    }
    assert!(dropped_at[0] > 5 && dropped_at[1] > 0, "{dropped_at:?}");
}

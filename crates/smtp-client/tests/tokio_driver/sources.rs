//! Sources of content that are slow, or fail.

use std::{
    io::{self, Cursor, SeekFrom},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use smtp_client::{
    Bounds,
    tokio::{Client, Content, Destination, Once, Pool, PoolLimits},
};
use smtp_proto::{Cancel, Cause, Delivery, Report, Status};
use tokio::{
    io::{AsyncRead, AsyncSeek, ReadBuf},
    time::Instant,
};

use crate::{
    CONTENT,
    one_message::{config, envelope, status},
    server::Server,
};

/// Pending for ever.
pub(crate) struct Stalled;

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
pub(crate) struct Drip {
    octets: Cursor<&'static [u8]>,
    is_ready: bool,
    left: usize,
}

impl Drip {
    pub(crate) const fn of(octets: &'static [u8], left: usize) -> Self {
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
    let (pool, to) = (Pool::new(PoolLimits::default().with_per_host(1)), Destination::new(address.into(), config()));
    for (left, expected) in [(usize::MAX, Status::Delivered), (0, Status::Deferred), (5, Status::Deferred)] {
        let taken = server.taken() + usize::from(expected == Status::Delivered);
        let mut client = Client::new(address.into());
        let mut delivery = Delivery::new(config(), envelope());
        client.deliver(&mut delivery, &mut Drip::of(CONTENT, left), &mut ()).await.unwrap();
        assert_eq!((status(&delivery), server.taken()), (expected, taken));

        let taken = server.taken() + usize::from(expected == Status::Delivered);
        assert_eq!(pool_deliver(&pool, &to, &mut Drip::of(CONTENT, left)).await, expected);
        assert_eq!((server.taken(), pool.idle()), (taken, usize::from(expected == Status::Delivered)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_stalls_holds_up_its_own_place_of_the_pool_only() {
    let (server, address) = Server::start().await;
    let pool = Pool::new(PoolLimits::default().with_per_host(2));
    let to = Destination::new(address.into(), config());
    let stalled = tokio::spawn({
        let (pool, to) = (pool.clone(), to.clone());
        async move { pool_deliver(&pool, &to, &mut Once(Stalled)).await }
    });
    while server.opened() == 0 {
        tokio::task::yield_now().await;
    }
    for _ in 0..5 {
        assert_eq!(pool_deliver(&pool, &to, &mut Cursor::new(CONTENT)).await, Status::Delivered);
    }
    assert_eq!((server.taken(), server.opened()), (5, 2));
    // The bound on a delivery ends it.
    assert_eq!(stalled.await.unwrap(), Status::Deferred);
    assert_eq!(pool.idle(), 0);
}

async fn pool_deliver(pool: &Pool, to: &Destination, content: &mut dyn Content) -> Status {
    let read = |report: &Report<'_>| report.recipients().next().unwrap().status;
    pool.deliver(to, envelope(), content, &mut (), read).await.unwrap()
}

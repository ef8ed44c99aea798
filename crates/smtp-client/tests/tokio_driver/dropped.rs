//! Futures that are dropped before they are ready.

use std::{
    future::{Future, poll_fn},
    io::Cursor,
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use smtp_client::{
    Observer, Sent,
    tokio::{Client, Destination, Once, Pool, PoolLimits},
};
use smtp_proto::{Afterwards, Delivery, Status};

use crate::{
    CONTENT,
    one_message::{config, envelope, status},
    pool::deliver,
    server::Server,
    sources::{Drip, Stalled},
};

/// Polls a future at most this many times. Returns whether it is ready; drops it in any case.
async fn polled<F: Future>(mut future: Pin<Box<F>>, times: usize) -> bool {
    let mut left = times;
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
        let is_ready = polled(Box::pin(client.deliver(&mut delivery, &mut content, &mut ())), polls).await;
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

/// Notes whether the end of the content was sent.
#[derive(Default)]
struct End {
    content: Vec<u8>,
}

impl Observer for End {
    fn sent(&mut self, octets: &[u8], what: Sent) {
        if what == Sent::Content {
            self.content.extend(octets);
        }
    }
}

impl End {
    fn was_sent(&self) -> bool {
        self.content.ends_with(b"\r\n.\r\n")
    }
}

#[tokio::test]
async fn a_future_of_the_pool_can_be_dropped_at_every_await() {
    for is_kept in [false, true] {
        let mut dropped = [0; 2];
        for polls in 1.. {
            let (server, address) = Server::start().await;
            let pool = Pool::new(PoolLimits::default().with_per_host(1).with_overall(1));
            let to = Destination::new(address.into(), config());
            if is_kept {
                deliver(&pool, &to).await.unwrap();
            }
            let (opened, taken) = (server.opened(), server.taken());
            let (mut content, mut end) = (Drip::of(CONTENT, usize::MAX), End::default());
            let is_ready = polled(Box::pin(pool.deliver(&to, envelope(), &mut content, &mut end, |_| ())), polls).await;
            // Lets the server read everything.
            tokio::time::sleep(Duration::from_millis(5)).await;
            let is_taken = server.taken() > taken;
            if is_ready {
                assert!(is_taken && pool.idle() == 1);
                break;
            }
            assert!(end.was_sent() || !is_taken, "after {polls} polls");
            dropped[usize::from(end.was_sent())] += 1;
            // Its place is free, and its connection is not used again.
            let (before, was_open) = (server.opened(), server.taken());
            assert_eq!((pool.idle(), before - opened), (0, usize::from(!is_kept)), "after {polls} polls");
            assert_eq!(deliver(&pool, &to).await.unwrap().0, Status::Delivered);
            assert_eq!((server.opened(), server.taken()), (before + 1, was_open + 1), "after {polls} polls");
        }
        assert!(dropped[0] > 5 && dropped[1] > 0, "{dropped:?}");
    }
}

#[tokio::test]
async fn who_gives_up_waiting_for_a_turn_takes_nobody_elses() {
    let (server, address) = Server::start().await;
    for limits in [PoolLimits::default().with_per_host(1), PoolLimits::default().with_overall(1)] {
        let (pool, to) = (Pool::new(limits), Destination::new(address.into(), config()));
        let (mut content, mut observer) = (Once(Stalled), ());
        {
            let mut first = pin!(pool.deliver(&to, envelope(), &mut content, &mut observer, |_| ()));
            assert!(poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx).is_pending())).await);
            for _ in 0..3 {
                let mut waits = pin!(deliver(&pool, &to));
                assert!(poll_fn(|cx| Poll::Ready(waits.as_mut().poll(cx).is_pending())).await);
            }
        }
        assert_eq!(deliver(&pool, &to).await.unwrap().0, Status::Delivered);
        assert_eq!(pool.idle(), 1);
    }
    assert_eq!(server.taken(), 2);
}

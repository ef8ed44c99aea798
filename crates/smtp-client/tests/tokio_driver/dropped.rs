//! Futures that are dropped before they are ready.

use std::{
    future::{Future, poll_fn},
    io::Cursor,
    pin::pin,
    task::Poll,
    time::Duration,
};

use smtp_client::tokio::Client;
use smtp_proto::{Afterwards, Delivery, Status};

use crate::{
    CONTENT,
    one_message::{config, envelope, status},
    server::Server,
    sources::Drip,
};

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

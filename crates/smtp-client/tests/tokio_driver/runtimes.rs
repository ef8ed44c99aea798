//! Runtimes that cannot drive a delivery.

use std::{
    future::Future,
    io::Cursor,
    panic::{AssertUnwindSafe, catch_unwind},
};

use smtp_client::tokio::{Client, Destination, Pool, PoolLimits};
use smtp_proto::{Delivery, Status};
use tokio::runtime::{Builder, Runtime};

use crate::{
    CONTENT,
    one_message::{config, envelope, status},
    pool::deliver,
    server::Server,
};

/// Whether running this panics.
fn panics<T>(runtime: &Runtime, future: impl Future<Output = T>) -> bool {
    catch_unwind(AssertUnwindSafe(|| runtime.block_on(future))).is_err()
}

#[test]
fn without_time_or_io_nothing_is_sent_and_everything_can_be_used_again() {
    let complete = Builder::new_current_thread().enable_all().build().unwrap();
    for lacking in [
        Builder::new_current_thread().build(),
        Builder::new_current_thread().enable_io().build(),
        Builder::new_current_thread().enable_time().build(),
    ] {
        let lacking = lacking.unwrap();
        let (server, address) = complete.block_on(Server::start());

        let (mut client, mut delivery) = (Client::new(address.into()), Delivery::new(config(), envelope()));
        assert!(panics(&lacking, client.deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ())));
        delivery.cancel(smtp_proto::Cancel::Interrupted);
        delivery.deliver_next(envelope()).unwrap();
        complete.block_on(client.deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ())).unwrap();
        assert_eq!((status(&delivery), server.taken()), (Status::Delivered, 1));

        let pool = Pool::new(PoolLimits::default().with_per_host(1).with_overall(1));
        let to = Destination::new(address.into(), config());
        assert!(panics(&lacking, deliver(&pool, &to)));
        assert_eq!(complete.block_on(deliver(&pool, &to)).unwrap().0, Status::Delivered);
        assert_eq!(server.taken(), 2);
    }
}

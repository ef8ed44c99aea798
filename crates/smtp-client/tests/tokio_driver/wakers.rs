//! Deliveries that move from one task to another.

use std::{
    future::Future,
    io::Cursor,
    pin::pin,
    sync::mpsc::channel,
    task::{Context, Waker},
    time::Duration,
};

use smtp_client::tokio::Client;
use smtp_proto::{Delivery, Status};
use tokio::{runtime::Builder, task::yield_now, time::Instant};

use crate::{
    CONTENT,
    one_message::{config, envelope, status},
    server::Server,
};

/// At each poll, the task of the poll before is gone.
#[test]
fn only_the_task_that_polled_last_is_woken() {
    let runtime =
        Builder::new_current_thread().enable_all().start_paused(true).max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let (_, address) = Server::start().await;
        let mut client = Client::new(format!("localhost:{}", address.port()).parse().unwrap());
        let mut delivery = Delivery::new(config(), envelope());
        // The name is looked up when this ends.
        let (looks_up, waits) = channel::<()>();
        let waiting = tokio::task::spawn_blocking(move || waits.recv());
        {
            let (mut content, mut observer) = (Cursor::new(CONTENT), ());
            let mut future = pin!(client.deliver(&mut delivery, &mut content, &mut observer));
            assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            tokio::spawn(async move {
                yield_now().await;
                drop(looks_up);
            });
            let since = Instant::now();
            future.await.unwrap();
            assert!(since.elapsed() < Duration::from_secs(1), "the task was not woken");
        }
        assert_eq!(status(&delivery), Status::Delivered);
        waiting.await.unwrap().unwrap_err();
    });
}

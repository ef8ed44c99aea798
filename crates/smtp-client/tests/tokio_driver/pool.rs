//! Many deliveries over connections that are kept.

use std::{io::Cursor, time::Duration};

use smtp_client::{
    Route,
    tokio::{Destination, Mailer, Pool, PoolError, PoolLimits},
};
use smtp_proto::{Report, Status};
use tokio::{runtime::Builder, task::JoinSet, time::sleep};

use crate::{
    CONTENT,
    one_message::{config, envelope},
    server::{Manners, Server},
};

fn status(report: &Report<'_>) -> Status {
    report.recipients().next().unwrap().status
}

/// The status of one message, and the report as text.
pub(crate) async fn deliver(pool: &Pool, to: &Destination) -> Result<(Status, String), PoolError> {
    let read = |report: &Report<'_>| (status(report), report.to_string());
    pool.deliver(to, envelope(), &mut Cursor::new(CONTENT), &mut (), read).await
}

/// Delivers this many messages at once. Returns how many were delivered, and how many came too late.
pub(crate) async fn flood(pool: &Pool, to: &Destination, messages: usize) -> (usize, usize) {
    let mut under_way = JoinSet::new();
    for _ in 0..messages {
        let (pool, to) = (pool.clone(), to.clone());
        under_way.spawn(async move { deliver(&pool, &to).await });
    }
    let mut counts = (0, 0);
    while let Some(result) = under_way.join_next().await {
        match result.unwrap() {
            Ok((status, report)) => {
                assert_eq!(status, Status::Delivered, "{report}");
                counts.0 += 1;
            }
            Err(PoolError::Closed) => counts.1 += 1,
            Err(error) => panic!("{error}"),
        }
    }
    counts
}

#[tokio::test]
async fn one_connection_carries_one_message_after_another() {
    let (server, address) = Server::start().await;
    let (pool, to) = (Pool::new(PoolLimits::default()), Destination::new(address.into(), config()));
    for _ in 0..20 {
        assert_eq!(deliver(&pool, &to).await.unwrap().0, Status::Delivered);
    }
    assert_eq!((server.opened(), server.taken(), pool.idle()), (1, 20, 1));
    pool.close().await;
    assert_eq!((server.quits(), pool.idle()), (1, 0));
    pool.close().await;
    assert!(matches!(deliver(&pool, &to).await, Err(PoolError::Closed)));
}

#[tokio::test]
async fn other_destinations_have_other_connections_and_idle_ones_make_room() {
    let (server, address) = Server::start().await;
    let pool = Pool::new(PoolLimits::default().with_per_host(2));
    let hello = |name: &str| smtp_proto::Config::new(smtp_proto::HelloName::new(name).unwrap());
    let destinations = [
        Destination::new(address.into(), config()),
        Destination::new(address.into(), hello("other.example")),
        Destination::new(address.into(), config()).with_route(Route::default().from(address.ip())),
    ];
    for (opened, to) in destinations.iter().enumerate() {
        deliver(&pool, to).await.unwrap();
        deliver(&pool, &to.clone()).await.unwrap();
        assert_eq!((server.opened(), pool.idle()), (opened + 1, (opened + 1).min(2)));
    }
    // The one that was idle for the longest time has ended.
    assert_eq!(server.quits(), 1);
}

#[tokio::test]
async fn a_pool_that_is_closed_under_load_finishes_what_it_has_begun() {
    let (server, address) = Server::start().await;
    let pool = Pool::new(PoolLimits::default().with_per_host(3));
    let to = Destination::new(address.into(), config());
    let load = tokio::spawn({
        let (pool, to) = (pool.clone(), to.clone());
        async move { flood(&pool, &to, 200).await }
    });
    while server.taken() < 20 {
        tokio::task::yield_now().await;
    }
    pool.close().await;
    let (delivered, late) = load.await.unwrap();
    assert_eq!((delivered + late, server.taken()), (200, delivered));
    assert!(delivered >= 20 && late > 0, "{delivered} delivered, {late} too late");
    assert_eq!((pool.idle(), server.quits()), (0, server.opened()));
}

#[tokio::test]
async fn a_message_goes_in_and_what_became_of_it_comes_out() {
    let (server, address) = Server::start().await;
    let mailer = Mailer::new(Destination::new(address.into(), config()));
    let summary = mailer.send(envelope(), CONTENT).await.unwrap();
    assert!(summary.is_delivered() && summary.to_string().starts_with("<b@example.net> delivered"), "{summary}");
    // The server does not offer 8BITMIME.
    let summary = mailer.send(envelope(), "Subject: x\r\n\r\ncaf\u{e9}\r\n").await.unwrap();
    assert!(!summary.is_delivered(), "{summary}");
    assert_eq!(summary.recipients().len(), 1);
    mailer.close().await;
    assert_eq!(server.taken(), 1);
}

#[tokio::test]
async fn closing_waits_until_all_connections_have_ended() {
    let (server, address) = Server::with(Manners { quit: Duration::from_millis(100), ..Manners::default() }).await;
    let pool = Pool::new(PoolLimits::default().with_messages(Some(1)));
    deliver(&pool, &Destination::new(address.into(), config())).await.unwrap();
    pool.close().await;
    assert_eq!(server.quits(), 1);
}

#[test]
fn destinations_are_the_same_however_their_host_is_written() {
    let to = |text: &str| Destination::new(text.parse().unwrap(), config());
    assert_eq!(to("mx.example.net"), to("MX.Example.net:25"));
    assert_ne!(to("mx.example.net"), to("mx.example.net:26"));
}

#[test]
fn a_pool_outlives_a_runtime() {
    let pool = Pool::new(PoolLimits::default());
    let paused = || Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let deliver_once = async || {
        let (_, address) = Server::start().await;
        let (status, report) = deliver(&pool, &Destination::new(address.into(), config())).await.unwrap();
        assert_eq!(status, Status::Delivered, "{report}");
    };
    paused().block_on(deliver_once());
    assert_eq!(pool.idle(), 1);
    paused().block_on(async {
        deliver_once().await;
        sleep(Duration::from_secs(70)).await;
        assert_eq!(pool.idle(), 0);
    });
}

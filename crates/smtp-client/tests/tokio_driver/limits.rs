//! The limits of a pool, and connections that end because of them.

use std::{net::TcpListener, time::Duration};

use smtp_client::{
    Bounds,
    tokio::{Destination, Pool, PoolLimits},
};
use smtp_proto::{Config, HelloName, Status};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{
    one_message::config,
    pool::{deliver, flood},
    server::{Manners, Server},
};

/// Its connections stay open for a while after QUIT.
const SLOW: Manners = Manners { auth: "", quit: Duration::from_millis(500) };

#[tokio::test]
async fn the_limits_hold_and_everybody_gets_a_turn() {
    let (server, address) = Server::start().await;
    let to = Destination::new(address.into(), config());
    for (limits, most) in [
        (PoolLimits::default().with_per_host(4), 4),
        (PoolLimits::default().with_overall(3), 3),
        (PoolLimits::default().with_per_host(0), 1),
    ] {
        let (pool, opened, taken) = (Pool::new(limits), server.opened(), server.taken());
        assert_eq!(flood(&pool, &to, 60).await, (60, 0));
        let opened = server.opened() - opened;
        assert!((1..=most).contains(&opened), "{opened} connections, at most {most}");
        assert_eq!((server.taken() - taken, pool.idle()), (60, opened));
    }
}

#[tokio::test]
async fn a_connection_ends_after_its_last_message() {
    let (server, address) = Server::start().await;
    let pool = Pool::new(PoolLimits::default().with_messages(Some(5)));
    let to = Destination::new(address.into(), config());
    for _ in 0..20 {
        deliver(&pool, &to).await.unwrap();
    }
    pool.close().await;
    assert_eq!((server.opened(), server.taken()), (4, 20));
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_ends_when_its_time_has_come() {
    let short = Bounds::default().with_idle(Some(Duration::from_secs(20)));
    for (limits, seconds) in [(PoolLimits::default(), 60), (PoolLimits::default().with_bounds(short), 20)] {
        let (server, address) = Server::start().await;
        let (pool, to) = (Pool::new(limits), Destination::new(address.into(), config()));
        deliver(&pool, &to).await.unwrap();
        sleep(Duration::from_secs(seconds - 10)).await;
        assert_eq!((pool.idle(), server.quits()), (1, 0));
        sleep(Duration::from_secs(20)).await;
        assert_eq!((pool.idle(), server.quits()), (0, 1));
        deliver(&pool, &to).await.unwrap();
        assert_eq!(server.opened(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_quit_is_waited_for_a_second() {
    let manners = Manners { quit: Duration::from_secs(60), ..Manners::default() };
    // With `Some(1)`, the connection is ended when the message has been delivered; otherwise, when the pool is closed.
    for messages in [Some(1), None] {
        let (server, address) = Server::with(manners).await;
        let (pool, to) =
            (Pool::new(PoolLimits::default().with_messages(messages)), Destination::new(address.into(), config()));
        deliver(&pool, &to).await.unwrap();
        let since = Instant::now();
        pool.close().await;
        assert_eq!((since.elapsed().as_secs(), server.quits()), (1, 1), "{messages:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_takes_no_place_for_ever() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let pool = Pool::new(PoolLimits::default().with_per_host(2));
    let to = Destination::new(silent.local_addr().unwrap().into(), config());
    let mut under_way = JoinSet::new();
    for _ in 0..6 {
        let (pool, to) = (pool.clone(), to.clone());
        under_way.spawn(async move { deliver(&pool, &to).await });
    }
    while let Some(result) = under_way.join_next().await {
        assert_eq!(result.unwrap().unwrap().0, Status::Deferred);
    }
    assert_eq!(pool.idle(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_counts_until_it_is_closed() {
    let (server, address) = Server::with(SLOW).await;
    let to = Destination::new(address.into(), config());
    let pool = Pool::new(PoolLimits::default().with_per_host(1).with_messages(Some(1)));
    for _ in 0..3 {
        deliver(&pool, &to).await.unwrap();
    }
    assert_eq!((server.opened(), server.most_open()), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn connections_that_make_room_count_until_they_are_closed() {
    let other = |address: std::net::SocketAddr| {
        Destination::new(address.into(), Config::new(HelloName::new("other.example").unwrap()))
    };
    for limits in [PoolLimits::default().with_per_host(4), PoolLimits::default().with_overall(4)] {
        let (server, address) = Server::with(SLOW).await;
        let pool = Pool::new(limits);
        flood(&pool, &Destination::new(address.into(), config()), 4).await;
        assert_eq!((pool.idle(), server.most_open()), (4, 4));
        flood(&pool, &other(address), 4).await;
        assert_eq!((pool.idle(), server.opened(), server.most_open()), (4, 8, 4));
    }
}

#[tokio::test(start_paused = true)]
async fn stale_connections_count_until_they_are_closed() {
    let (server, address) = Server::with(SLOW).await;
    let pool = Pool::new(PoolLimits::default().with_per_host(1));
    let to = Destination::new(address.into(), config());
    deliver(&pool, &to).await.unwrap();
    while server.quits() == 0 {
        sleep(Duration::from_millis(100)).await;
    }
    deliver(&pool, &to).await.unwrap();
    assert_eq!((server.opened(), server.most_open()), (2, 1));
}

//! Many deliveries over connections that are kept.

use std::{io::Cursor, net::TcpListener, sync::Arc, time::Duration};

use smtp_client::{
    NextHop, Route,
    tokio::{Destination, Mailer, Pool, PoolError, PoolLimits},
};
use smtp_proto::{AuthPolicy, Authentication, Mechanism, Report, Status};
use smtp_sasl::Credentials;
use tokio::{task::JoinSet, time::sleep};

use crate::{
    CONTENT,
    one_message::{config, envelope},
    server::Server,
};

fn status(report: &Report<'_>) -> Status {
    report.recipients().next().unwrap().status
}

/// The status of one message, and the report as text.
async fn deliver(pool: &Pool, to: &Destination) -> Result<(Status, String), PoolError> {
    let read = |report: &Report<'_>| (status(report), report.to_string());
    pool.deliver(to, envelope(), &mut Cursor::new(CONTENT), &mut (), read).await
}

/// Delivers this many messages at once. Returns how many were delivered, and how many came too late.
async fn flood(pool: &Pool, to: &Destination, messages: usize) -> (usize, usize) {
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

#[tokio::test(start_paused = true)]
async fn an_idle_connection_ends_when_its_time_has_come() {
    let (server, address) = Server::start().await;
    let (pool, to) = (Pool::new(PoolLimits::default()), Destination::new(address.into(), config()));
    deliver(&pool, &to).await.unwrap();
    sleep(Duration::from_secs(50)).await;
    assert_eq!((pool.idle(), server.quits()), (1, 0));
    sleep(Duration::from_secs(20)).await;
    assert_eq!((pool.idle(), server.quits()), (0, 1));
    deliver(&pool, &to).await.unwrap();
    assert_eq!(server.opened(), 2);
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

#[tokio::test(start_paused = true)]
async fn a_host_that_accepts_nobody_is_left_alone_for_a_while() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (pool, to) = (Pool::new(PoolLimits::default()), Destination::new(closed.into(), config()));
    for _ in 0..3 {
        let (status, report) = deliver(&pool, &to).await.unwrap();
        assert!(status == Status::Deferred && report.contains("refused"), "{report}");
    }
    let waiting = "3 deliveries in a row could not connect";
    let (status, report) = deliver(&pool, &to).await.unwrap();
    assert!(status == Status::Deferred && report.contains(waiting), "{report}");
    sleep(Duration::from_secs(31)).await;
    let (_, report) = deliver(&pool, &to).await.unwrap();
    assert!(report.contains("refused"), "{report}");
    sleep(Duration::from_secs(31)).await;
    let (_, report) = deliver(&pool, &to).await.unwrap();
    assert!(report.contains("4 deliveries"), "{report}");
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

#[tokio::test]
async fn refused_credentials_are_not_tried_again() {
    let (server, address) = Server::start().await;
    let auth = Authentication::new([Mechanism::Plain]).with_in_clear(true);
    let config = config().with_auth(AuthPolicy::Required(auth));
    let pool = Pool::new(PoolLimits::default());
    let source = Arc::new(Credentials::password("user", "wrong").unwrap());
    let to = Destination::new(NextHop::from(address), config).with_credentials(source);
    for why in ["refused the authentication", "refused before: 535 5.7.8 no"] {
        let (status, report) = deliver(&pool, &to).await.unwrap();
        assert!(status == Status::Deferred && report.contains(why), "{report}");
    }
    assert_eq!(server.opened(), 1);
    pool.forgive(&to);
    deliver(&pool, &to).await.unwrap();
    assert_eq!(server.opened(), 2);
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

//! Hosts that the pool backs off from, and credentials that are not tried again.

use std::{net::TcpListener, sync::Arc, time::Duration};

use smtp_client::tokio::{Destination, Pool, PoolLimits};
use smtp_proto::{AuthPolicy, Authentication, Mechanism, Status};
use smtp_sasl::Credentials;
use tokio::{task::JoinSet, time::sleep};

use crate::{
    one_message::config,
    pool::deliver,
    server::{Manners, Server},
};

/// Logs in with a password.
fn with_password(address: std::net::SocketAddr) -> Destination {
    let auth = Authentication::new([Mechanism::Plain]).with_in_clear(true);
    let source = Arc::new(Credentials::password("user", "wrong").unwrap());
    Destination::new(address.into(), config().with_auth(AuthPolicy::Required(auth))).with_credentials(source)
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

#[tokio::test]
async fn refused_credentials_are_not_tried_again() {
    let (server, address) = Server::start().await;
    let (pool, to) = (Pool::new(PoolLimits::default()), with_password(address));
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
async fn credentials_that_a_server_could_not_check_are_tried_again() {
    let (server, address) = Server::with(Manners { auth: "454 4.7.0 later\r\n", ..Manners::default() }).await;
    let (pool, to) = (Pool::new(PoolLimits::default()), with_password(address));
    for opened in 1..=3 {
        let (status, report) = deliver(&pool, &to).await.unwrap();
        assert!(status == Status::Deferred && report.contains("refused the authentication"), "{report}");
        assert_eq!(server.opened(), opened);
    }
}

#[tokio::test(start_paused = true)]
async fn deliveries_that_fail_at_the_same_time_count_as_one_failure() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (pool, to) = (Pool::new(PoolLimits::default()), Destination::new(closed.into(), config()));
    let mut under_way = JoinSet::new();
    for _ in 0..10 {
        let (pool, to) = (pool.clone(), to.clone());
        under_way.spawn(async move { deliver(&pool, &to).await });
    }
    while under_way.join_next().await.is_some() {}
    assert!(deliver(&pool, &to).await.unwrap().1.contains("in a row"));
    sleep(Duration::from_secs(31)).await;
    let (_, report) = deliver(&pool, &to).await.unwrap();
    assert!(report.contains("refused"), "{report}");
}

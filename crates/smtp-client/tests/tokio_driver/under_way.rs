//! Deliveries under way: several on one thread, their reports, and cancelling them.

use std::{
    future::{Future, poll_fn},
    io::{Cursor, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use smtp_client::{
    Endpoint, Observer,
    tokio::{Client, Delivering, Once},
};
use smtp_proto::{Afterwards, AttemptEnd, Cancel, Cause, Delivery, Stage, Status};
use smtp_testkit::server::loose::{HELLO, MESSAGE, QUIT, Server};
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, ReadBuf},
    task::JoinSet,
};

use crate::{
    CONTENT,
    one_message::{config, envelope, status},
};

const WHY: Cancel = Cancel::Other("it is enough");

/// Polls a delivery until it is ready. Cancels it where `is_enough` says so, once it waits there.
async fn until(mut delivering: Delivering<'_>, is_enough: impl Fn(&Delivering<'_>) -> bool) {
    poll_fn(|cx| {
        if let Poll::Ready(result) = Pin::new(&mut delivering).poll(cx) {
            return Poll::Ready(result);
        }
        if !is_enough(&delivering) {
            return Poll::Pending;
        }
        delivering.cancel(WHY);
        Pin::new(&mut delivering).poll(cx)
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_delivery_can_be_cancelled_for_a_reason_at_each_stage() {
    const HEADS: [(&str, Stage); 3] = [
        ("S: 220 ready\n-- silence\n", Stage::Ehlo),
        ("S: 220 ready\nC: EHLO\nS: 250 ok\nC: MAIL\nS: 250 ok\n-- silence\n", Stage::Rcpt),
        ("S: 220 ready\nC: EHLO\nS: 250 ok\nC: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\n-- silence\n", Stage::Data),
    ];
    for (script, stage) in HEADS {
        let server = Server::start(script);
        let mut client = Client::new(server.address.into());
        let mut delivery = Delivery::new(config(), envelope());
        let at = |delivering: &Delivering<'_>| delivering.report().attempts().last().map(|last| last.stage());
        let (mut content, mut observer) = (Cursor::new(CONTENT), Closed::default());
        let delivering = client.deliver(&mut delivery, &mut content, &mut observer);
        until(delivering, |delivering| at(delivering) == Some(stage)).await;
        let cause = delivery.report().recipients().next().unwrap().cause;
        assert!(matches!(cause, Cause::Cancelled(WHY)), "{stage:?}: {cause:?}");
        assert_eq!((status(&delivery), observer.0), (Status::Deferred, 1), "{stage:?}");
    }
}

/// Counts the connections that were closed.
#[derive(Default)]
struct Closed(u32);

impl Observer for Closed {
    fn closed(&mut self) {
        self.0 += 1;
    }
}

#[tokio::test]
async fn a_report_is_complete_before_its_connection_has_ended() {
    let server = Server::start(&format!("{HELLO}{MESSAGE}C: QUIT\n-- silence\n"));
    let mut client = Client::new(server.address.into());
    let mut delivery = Delivery::new(config().with_afterwards(Afterwards::Keep), envelope());
    client.deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ()).await.unwrap();
    until(client.quit(&mut delivery, &mut ()), |quitting| quitting.report().is_complete()).await;
    assert_eq!(status(&delivery), Status::Delivered);
    let ends: Vec<_> = delivery.report().attempts().map(|attempt| attempt.end()).collect();
    assert_eq!(ends, [Some(AttemptEnd::Abandoned)]);
}

#[tokio::test]
async fn a_future_that_was_never_polled_does_nothing_and_one_that_is_ready_stays_so() {
    let server = Server::start(&format!("{HELLO}{MESSAGE}{QUIT}"));
    let mut client = Client::new(server.address.into());
    let mut delivery = Delivery::new(config(), envelope());
    let (mut content, mut observer) = (Cursor::new(CONTENT), ());
    drop(client.deliver(&mut delivery, &mut content, &mut observer));
    let mut delivering = client.deliver(&mut delivery, &mut content, &mut observer);
    (&mut delivering).await.unwrap();
    (&mut delivering).await.unwrap();
    drop(delivering);
    assert_eq!(status(&delivery), Status::Delivered);
    assert_eq!(server.heard().len(), 1);
}

/// A message without an end.
struct Endless;

impl AsyncRead for Endless {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let len = room.remaining();
        room.initialize_unfilled().fill(b'x');
        room.advance(len);
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_long_message_does_not_hold_up_the_others() {
    // The server reads the content and discards it.
    let script = format!("{HELLO}C: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 354 go\n-- silence\n");
    let (long_server, server) = (Server::start(&script), Server::start(&format!("{HELLO}{MESSAGE}{QUIT}")));
    let address = long_server.address;
    let long = tokio::spawn(async move {
        let mut delivery = Delivery::new(config(), envelope());
        Client::new(address.into()).deliver(&mut delivery, &mut Once(Endless), &mut ()).await
    });
    let mut delivery = Delivery::new(config(), envelope());
    Client::new(server.address.into()).deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ()).await.unwrap();
    assert_eq!((status(&delivery), long.is_finished()), (Status::Delivered, false));
    long.abort();
}

/// A server that refuses every connection with 421, and resets it without waiting for the client to read that.
fn refuse(listener: &TcpListener, connections: usize) {
    for _ in 0..connections {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"421 too many\r\n").unwrap();
        SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    }
}

/// Gives the server time to reset the connection, if it is to.
struct Waits(Duration);

impl Observer for Waits {
    fn connected(&mut self, _: &Endpoint, _: Option<SocketAddr>) {
        std::thread::sleep(self.0);
    }
}

#[tokio::test]
async fn a_refusal_is_read_before_the_reset_that_follows_it() {
    const CLIENTS: usize = 50;
    // Whether all clients are refused before any of them has noticed that its connection is open.
    for at_once in [true, false] {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            clients.spawn(async move {
                let mut delivery = Delivery::new(config(), envelope());
                let mut waits = Waits(Duration::from_millis(if at_once { 0 } else { number as u64 % 3 }));
                let mut client = Client::new(address.into());
                client.deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut waits).await.unwrap();
                delivery
            });
        }
        // Each starts to connect.
        tokio::task::yield_now().await;
        let server = std::thread::spawn(move || refuse(&listener, CLIENTS));
        if at_once {
            server.join().unwrap();
        }
        for delivery in clients.join_all().await {
            let report = delivery.report();
            let attempts: Vec<_> = report.attempts().map(|attempt| (attempt.stage(), attempt.end())).collect();
            assert_eq!(attempts, [(Stage::Greeting, Some(AttemptEnd::ServiceClosing))], "{report}");
            let reply = report.recipients().next().unwrap().reply().unwrap().to_string();
            assert_eq!((status(&delivery), reply), (Status::Deferred, "421 too many".into()));
        }
    }
}

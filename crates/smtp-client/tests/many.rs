//! Several clients on one thread.

mod scripted;

use std::{
    io::{self, Read},
    slice,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    thread,
    time::{Duration, Instant},
};

use scripted::{HELLO, MESSAGE, QUIT, Server};
use smtp_client::{Client, wait};
use smtp_proto::{Afterwards, Config, Delivery, Ended, Envelope, HelloName, Status};

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(60);

/// A delivery that waits for `most` at most, its client, and its content.
struct Share<R> {
    client: Client,
    delivery: Delivery,
    content: R,
}

fn delivery(most: Duration, afterwards: Afterwards) -> Delivery {
    let mut config = Config::new(HelloName::new("client.example").unwrap());
    config.waits = config.waits.at_most(most);
    config.afterwards = afterwards;
    let envelope = Envelope::new("a@example.com".parse().unwrap(), vec!["b@example.net".parse().unwrap()]);
    Delivery::new(config, envelope.unwrap())
}

impl<R: Read> Share<R> {
    fn new(server: &Server, most: Duration, content: R) -> Self {
        let mut client = Client::new(server.address.into());
        client.start();
        Self { client, delivery: delivery(most, Afterwards::Quit), content }
    }

    fn advance(&mut self) -> Poll<()> {
        self.client.advance(&mut self.delivery, &mut self.content, &mut ()).unwrap()
    }

    fn status(&self) -> Status {
        self.delivery.report().recipients().next().unwrap().status
    }
}

/// Drives all to their ends.
fn finish<R: Read>(shares: &mut [Share<R>]) {
    let mut open: Vec<_> = shares.iter_mut().collect();
    loop {
        open.retain_mut(|share| share.advance().is_pending());
        if open.is_empty() {
            return;
        }
        wait(open.iter_mut().map(|share| &mut share.client));
    }
}

#[test]
fn connections_are_open_at_once_and_each_has_its_end() {
    let delivered = (Status::Delivered, Some(Ended::Quit));
    let silent = (Status::Deferred, Some(Ended::TimedOut));
    for (script, expected) in [
        (format!("gather 5\n{HELLO}{MESSAGE}{QUIT}"), delivered),
        ("gather 5\nS: 220 ready\nsilence\n".to_owned(), silent),
    ] {
        let server = Server::start(&[&script[..]; 5].join("=\n"));
        let mut shares: Vec<_> = (0..5).map(|_| Share::new(&server, SHORT, &b"Subject: x\n"[..])).collect();
        finish(&mut shares);
        for share in &shares {
            let ended = share.delivery.report().attempts().last().and_then(|attempt| attempt.ended());
            assert_eq!((share.status(), ended), expected);
        }
        assert_eq!(server.heard().len(), 5);
    }
}

#[test]
fn a_long_message_leaves_the_others_their_turn() {
    /// So many octets were read in this turn, of a message that does not end.
    struct Endless(u64);
    impl Read for Endless {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            self.0 += room.len() as u64;
            assert!(self.0 < 1 << 20, "the other message has not had its turn");
            room.fill(b'x');
            Ok(room.len())
        }
    }
    // The server reads the content and forgets it.
    let script = format!("{HELLO}C: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 354 go\nsilence\n");
    let long_server = Server::start(&script);
    let server = Server::start(&format!("{HELLO}{MESSAGE}{QUIT}"));
    let mut long = Share::new(&long_server, LONG, Endless(0));
    // It is at its content before the other one starts.
    while long.content.0 == 0 {
        assert!(long.advance().is_pending());
        wait([&mut long.client]);
    }
    let mut other = Share::new(&server, LONG, &b"Subject: x\n"[..]);
    while other.advance().is_pending() {
        long.content.0 = 0;
        assert!(long.advance().is_pending());
        wait([&mut long.client, &mut other.client]);
    }
    assert_eq!(other.status(), Status::Delivered);
    drop(long);
    long_server.heard();
}

#[test]
fn a_client_that_waits_does_nothing() {
    let server = Server::start(&format!("{HELLO}{MESSAGE}{QUIT}"));
    let mut share = Share::new(&server, SHORT, &b"Subject: x\n"[..]);
    for _ in 0..2 {
        assert!(share.advance().is_pending());
        thread::sleep(SHORT);
    }
    drop(share);
    assert_eq!(server.heard(), [[""; 0]; 1], "it was not told that its connection is open");
}

#[test]
fn what_has_arrived_counts_however_late_it_is_looked_at() {
    // Others on the thread take longer than this client may wait.
    let others = || thread::sleep(SHORT + SHORT / 10);
    let server = Server::start(&format!("{HELLO}{MESSAGE}{QUIT}"));
    let mut share = Share::new(&server, SHORT, &b"Subject: x\n"[..]);
    while share.advance().is_pending() {
        others();
        wait([&mut share.client]);
        others();
    }
    assert_eq!(share.status(), Status::Delivered);
    // It comes after the wait.
    let server = Server::start(&format!("await\n{HELLO}{MESSAGE}{QUIT}"));
    let mut share = Share::new(&server, SHORT, &b"Subject: x\n"[..]);
    for _ in 0..2 {
        assert!(share.advance().is_pending());
        wait([&mut share.client]);
    }
    server.go();
    others();
    finish(slice::from_mut(&mut share));
    assert_eq!(share.status(), Status::Delivered);
}

#[test]
fn a_reply_that_has_arrived_counts_before_the_interrupt() {
    let server = Server::start(&format!("{HELLO}{MESSAGE}{QUIT}"));
    let mut share = Share::new(&server, LONG, &b"Subject: x\n"[..]);
    let interrupt = Arc::<AtomicBool>::default();
    share.client = share.client.with_interrupt(Arc::clone(&interrupt));
    while share.advance().is_pending() {
        if share.content.is_empty() {
            thread::sleep(SHORT);
            interrupt.store(true, Ordering::Relaxed);
        }
        wait([&mut share.client]);
    }
    assert_eq!(share.status(), Status::Delivered);
}

#[test]
fn one_with_nothing_under_way_is_not_waited_for() {
    let server = Server::start(&format!("{HELLO}{MESSAGE}"));
    let mut share = Share::new(&server, LONG, &b"Subject: x\n"[..]);
    let since = Instant::now();
    let mut never_started = Client::new(server.address.into());
    wait([&mut never_started]);
    assert!(since.elapsed() >= Duration::from_millis(90));
    share.delivery = delivery(LONG, Afterwards::Keep);
    finish(slice::from_mut(&mut share));
    assert_eq!(share.status(), Status::Delivered);
    let since = Instant::now();
    wait([&mut share.client]);
    assert!(since.elapsed() >= Duration::from_millis(90));
}

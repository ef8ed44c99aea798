//! Several clients on one thread.

mod one_message;

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    slice,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    thread,
    time::Duration,
};

use one_message::{config, envelope, status};
use smtp_client::{Client, Once, wait};
use smtp_proto::{Afterwards, AttemptEnd, Config, Delivery, Stage, Status};
use smtp_testkit::server::loose::{HELLO, MESSAGE, QUIT, Server};
use socket2::SockRef;

const SHORT: Duration = Duration::from_millis(300);

/// A delivery, its client, and its content.
struct Share<R> {
    client: Client,
    delivery: Delivery,
    content: R,
}

impl<R: Read> Share<R> {
    fn new(server: SocketAddr, config: Config, content: R) -> Self {
        let mut client = Client::new(server.into());
        client.start();
        Self { client, delivery: Delivery::new(config, envelope()), content }
    }

    fn advance(&mut self) -> Poll<()> {
        self.client.advance(&mut self.delivery, &mut Once(&mut self.content), &mut ()).unwrap()
    }

    fn status(&self) -> Status {
        status(&self.delivery)
    }
}

/// Drives all deliveries until they are done.
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
fn several_connections_are_open_at_once_and_each_ends() {
    let delivered = (Status::Delivered, Some(AttemptEnd::Quit));
    let silent = (Status::Deferred, Some(AttemptEnd::TimedOut));
    let short = config().with_timeouts(config().timeouts().at_most(SHORT));
    for (config, script, expected) in [
        (config(), format!("-- gather 5\n{HELLO}{MESSAGE}{QUIT}"), delivered),
        (short, "-- gather 5\nS: 220 ready\n-- silence\n".to_owned(), silent),
    ] {
        let server = Server::start(&[&script[..]; 5].join("-- connect\n"));
        let mut shares: Vec<_> =
            (0..5).map(|_| Share::new(server.address, config.clone(), &b"Subject: x\n"[..])).collect();
        finish(&mut shares);
        for share in &shares {
            let ended = share.delivery.report().attempts().last().and_then(|attempt| attempt.end());
            assert_eq!((share.status(), ended), expected);
        }
        assert_eq!(server.heard().len(), 5);
    }
}

#[test]
fn a_long_message_does_not_hold_up_the_others() {
    /// An endless message. Counts the octets read in this turn.
    struct Endless(u64);
    impl Read for Endless {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            self.0 += room.len() as u64;
            assert!(self.0 < 1 << 20, "the other message has not had its turn");
            room.fill(b'x');
            Ok(room.len())
        }
    }
    // The server reads the content and discards it.
    let script = format!("{HELLO}C: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 354 go\n-- silence\n");
    let long_server = Server::start(&script);
    let server = Server::start(&format!("{HELLO}{MESSAGE}{QUIT}"));
    let mut long = Share::new(long_server.address, config(), Endless(0));
    // The long message reaches its content before the other one starts.
    while long.content.0 == 0 {
        assert!(long.advance().is_pending());
        wait([&mut long.client]);
    }
    let mut other = Share::new(server.address, config(), &b"Subject: x\n"[..]);
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
fn a_client_does_nothing_until_wait_is_called() {
    let server = Server::start(&format!("{HELLO}{MESSAGE}{QUIT}"));
    let mut share = Share::new(server.address, config(), &b"Subject: x\n"[..]);
    for _ in 0..2 {
        assert!(share.advance().is_pending());
        thread::sleep(SHORT);
    }
    drop(share);
    assert_eq!(server.heard(), [[""; 0]; 1], "it has not noticed that its connection is open");
}

#[test]
fn input_that_arrived_in_time_counts_even_if_it_is_read_late() {
    // The longer greeting takes several reads.
    for lines in [0, 400] {
        let greeting = format!("S: 220-{}\n", "x".repeat(100)).repeat(lines);
        let server = Server::start(&format!("-- await\n{greeting}{HELLO}{MESSAGE}{QUIT}"));
        let mut config = config();
        config = config.clone().with_timeouts(config.timeouts().with_greeting(SHORT));
        let mut share = Share::new(server.address, config, &b"Subject: x\n"[..]);
        for _ in 0..2 {
            assert!(share.advance().is_pending());
            wait([&mut share.client]);
        }
        server.go();
        // Other work on the thread takes longer than the timeout.
        thread::sleep(5 * SHORT);
        finish(slice::from_mut(&mut share));
        assert_eq!(share.status(), Status::Delivered, "{lines} lines");
    }
}

/// A server that refuses every connection with 421, and resets it without waiting for the client to read that.
fn refuse(listener: &TcpListener, connections: usize) {
    for _ in 0..connections {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"421 too many\r\n").unwrap();
        SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    }
}

#[test]
fn a_refusal_is_read_before_the_reset_that_follows_it() {
    const CLIENTS: usize = 50;
    // Whether all clients are refused before any of them has noticed that its connection is open.
    for at_once in [true, false] {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let mut shares: Vec<_> = (0..CLIENTS).map(|_| Share::new(address, config(), &b"Subject: x\n"[..])).collect();
        let server = thread::spawn(move || refuse(&listener, CLIENTS));
        for share in &mut shares {
            assert!(share.advance().is_pending(), "it has started to connect");
        }
        if at_once {
            server.join().unwrap();
        }
        finish(&mut shares);
        for share in &shares {
            let report = share.delivery.report();
            let attempts: Vec<_> = report.attempts().map(|attempt| (attempt.stage(), attempt.end())).collect();
            assert_eq!(attempts, [(Stage::Greeting, Some(AttemptEnd::ServiceClosing))], "{report}");
            let recipient = report.recipients().next().unwrap();
            assert_eq!(
                (recipient.status, recipient.reply().unwrap().to_string()),
                (Status::Deferred, "421 too many".into())
            );
        }
    }
}

#[test]
fn a_reply_that_has_arrived_takes_precedence_over_the_interrupt() {
    let server = Server::start(&format!("{HELLO}{MESSAGE}{QUIT}"));
    let mut share = Share::new(server.address, config(), &b"Subject: x\n"[..]);
    let interrupt = Arc::<AtomicBool>::default();
    share.client = share.client.with_interrupt(Arc::clone(&interrupt));
    while share.advance().is_pending() {
        if share.content.is_empty() {
            thread::sleep(5 * SHORT);
            interrupt.store(true, Ordering::Relaxed);
        }
        wait([&mut share.client]);
    }
    assert_eq!(share.status(), Status::Delivered);
}

#[test]
fn wait_ignores_clients_with_nothing_under_way() {
    let server = Server::start(&format!("{HELLO}{MESSAGE}"));
    let keeps = config().with_afterwards(Afterwards::Keep);
    let mut kept = Share::new(server.address, keeps, &b"Subject: x\n"[..]);
    finish(slice::from_mut(&mut kept));
    let mut not_started = Client::new(server.address.into());
    let slow = Server::start(&format!("-- await\n{HELLO}{MESSAGE}{QUIT}"));
    let mut share = Share::new(slow.address, config(), &b"Subject: x\n"[..]);
    let mut waits = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(SHORT);
            slow.go();
        });
        while share.advance().is_pending() {
            wait([&mut kept.client, &mut not_started, &mut share.client]);
            waits += 1;
        }
    });
    assert_eq!((kept.status(), share.status()), (Status::Delivered, Status::Delivered));
    // One for each event, and one for each tenth of a second.
    assert!(waits < 1000, "{waits} waits");
}

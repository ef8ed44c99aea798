//! A client that looks at its connection late: what has arrived by then takes precedence over the clock, the interrupt
//! flag, and the end of the connection.

mod one_message;

use std::{
    io::{Cursor, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use one_message::{config, envelope, status};
use smtp_client::{Client, Endpoint, Observer, Sent};
use smtp_proto::{AttemptEnd, Delivery, Stage, Status};
use smtp_testkit::server::loose::{HELLO, MESSAGE, QUIT, Server};
use socket2::SockRef;

const SHORT: Duration = Duration::from_millis(300);
const CONTENT: &[u8] = b"Subject: x\r\n";

/// Lets the server speak, and is kept from reading until long after the timeout.
struct Busy<'a>(&'a Server);

impl Observer for Busy<'_> {
    fn connected(&mut self, _: &Endpoint, _: Option<SocketAddr>) {
        self.0.go();
        thread::sleep(5 * SHORT);
    }
}

#[test]
fn input_that_arrived_in_time_counts_even_if_it_is_read_late() {
    // The longer greeting takes several reads.
    for lines in [0, 400] {
        let greeting = format!("S: 220-{}\n", "x".repeat(100)).repeat(lines);
        let server = Server::start(&format!("-- await\n{greeting}{HELLO}{MESSAGE}{QUIT}"));
        let config = config().with_timeouts(config().timeouts().with_greeting(SHORT));
        let mut delivery = Delivery::new(config, envelope());
        let mut client = Client::new(server.address.into());
        client.deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut Busy(&server)).unwrap();
        assert_eq!(status(&delivery), Status::Delivered, "{lines} lines");
    }
}

/// Sets the flag after the end of the content was sent, when its reply has arrived.
struct Interrupts(Arc<AtomicBool>);

impl Observer for Interrupts {
    fn sent(&mut self, octets: &[u8], what: Sent) {
        if what == Sent::Content && octets.ends_with(b".\r\n") {
            thread::sleep(SHORT);
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

#[test]
fn a_reply_that_has_arrived_takes_precedence_over_the_interrupt() {
    let server = Server::start(&format!("{HELLO}{MESSAGE}{QUIT}"));
    let interrupt = Arc::<AtomicBool>::default();
    let mut client = Client::new(server.address.into()).with_interrupt(Arc::clone(&interrupt));
    let mut delivery = Delivery::new(config(), envelope());
    let mut interrupts = Interrupts(Arc::clone(&interrupt));
    client.deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut interrupts).unwrap();
    assert_eq!((status(&delivery), interrupt.load(Ordering::Relaxed)), (Status::Delivered, true));
}

/// Is kept from reading until the server has reset the connection.
struct Waits;

impl Observer for Waits {
    fn connected(&mut self, _: &Endpoint, _: Option<SocketAddr>) {
        thread::sleep(SHORT / 10);
    }
}

#[test]
fn a_refusal_is_read_before_the_reset_that_follows_it() {
    const CLIENTS: usize = 20;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    // It does not wait for the client to read the refusal.
    let server = thread::spawn(move || {
        for _ in 0..CLIENTS {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"421 too many\r\n").unwrap();
            SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
        }
    });
    for _ in 0..CLIENTS {
        let mut delivery = Delivery::new(config(), envelope());
        Client::new(address.into()).deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut Waits).unwrap();
        let report = delivery.report();
        let attempts: Vec<_> = report.attempts().map(|attempt| (attempt.stage(), attempt.end())).collect();
        assert_eq!(attempts, [(Stage::Greeting, Some(AttemptEnd::ServiceClosing))], "{report}");
        let reply = report.recipients().next().unwrap().reply().unwrap().to_string();
        assert_eq!((status(&delivery), reply), (Status::Deferred, "421 too many".into()));
    }
    server.join().unwrap();
}

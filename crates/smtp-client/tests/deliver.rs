//! The driver against scripted servers on loopback.

mod one_message;

use std::{
    io::{self, Cursor, Read},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{Arc, atomic::AtomicBool},
    thread,
    time::Duration,
};

use one_message::{config, envelope, status};
use smtp_client::{Bounds, Client, ContentChanged, Endpoint, LeastRate, Observer, Once, Sent};
use smtp_proto::{Afterwards, AttemptEnd, Cancel, Cause, Delivery, Disconnect, Status};
use smtp_testkit::server::loose::{HELLO, HELO, MESSAGE, QUIT, Server};

const CONTENT: &[u8] = b"Subject: x\n\n.hello\n";
/// More than the buffers of a connection hold.
const LARGE: u64 = 64 * 1024 * 1024;

fn client(address: SocketAddr) -> Client {
    Client::new(address.into())
}

fn large() -> impl Read {
    io::repeat(b'x').take(LARGE)
}

fn endings(delivery: &Delivery) -> Vec<AttemptEnd> {
    delivery.report().attempts().filter_map(|attempt| attempt.end()).collect()
}

/// Where each attempt went.
fn servers(client: &Client, delivery: &Delivery) -> Vec<Option<SocketAddr>> {
    let attempts = client.report(delivery).attempts();
    attempts.map(|attempt| attempt.server().map(|server| server.parse().unwrap())).collect()
}

fn verbs(heard: &[Vec<String>]) -> Vec<String> {
    let verb = |line: &String| line.split([' ', ':']).next().unwrap_or_default().to_owned();
    heard.iter().map(|lines| lines.iter().map(verb).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn helo_follows_on_a_new_connection_however_the_server_disconnects_after_ehlo() {
    let closed = AttemptEnd::Lost(Disconnect::Closed);
    for (first, ended, heard) in [
        ("S: 220 ready\nC: EHLO\n-- close\n", closed, "EHLO"),
        ("S: 220 ready\nC: EHLO\n-- reset\n", AttemptEnd::Lost(Disconnect::Reset), "EHLO"),
        ("S: 220 ready\nC: EHLO\nS: 250-hi\\c\n-- close\n", closed, "EHLO"),
        ("S: 220 ready\nC: EHLO\nS: 250-hi\nS: 250 x\\c\n-- close\n", closed, "EHLO"),
        ("S: 220 ready\nC: EHLO\nS: 250 hi\nC: MAIL\n-- close\n", closed, "EHLO MAIL"),
        ("S: 220 ready\nC: EHLO\nS: 500 what\nC: HELO\n-- close\n", closed, "EHLO HELO"),
    ] {
        let server = Server::start(&format!("{first}-- connect\n{HELO}{MESSAGE}{QUIT}"));
        let mut delivery = Delivery::new(config(), envelope());
        let mut client = client(server.address);
        client.deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ()).unwrap();
        assert_eq!(status(&delivery), Status::Delivered, "{first}");
        assert_eq!(endings(&delivery), [ended, AttemptEnd::Quit], "{first}");
        assert_eq!(servers(&client, &delivery), [Some(server.address); 2], "{first}");
        let connections = server.heard();
        let content = "Subject: x\r\n\r\n..hello\r\n.\r\n";
        assert_eq!(connections[1][4], content, "{first}");
        let second = "HELO MAIL RCPT DATA Subject QUIT";
        assert_eq!(verbs(&connections), [heard, second], "{first}");
    }
}

#[test]
fn helo_goes_to_the_same_address_that_closed_on_ehlo() {
    // On most machines the name has more than one address, and the server listens on only one.
    let server = Server::start(&format!("S: 220 ready\nC: EHLO\n-- close\n-- connect\n{HELO}{MESSAGE}{QUIT}"));
    let next_hop = format!("localhost:{}", server.address.port()).parse().unwrap();
    let mut delivery = Delivery::new(config(), envelope());
    let mut client = Client::new(next_hop);
    client.deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ()).unwrap();
    assert_eq!(status(&delivery), Status::Delivered);
    assert_eq!(servers(&client, &delivery), [Some(server.address); 2]);
}

#[test]
fn every_address_that_cannot_be_connected_to_is_reported_with_its_error() {
    #[derive(Default)]
    struct Tried(Vec<SocketAddr>);
    impl Observer for Tried {
        fn connect_failed(&mut self, server: Option<&Endpoint>, _: &io::Error) {
            self.0.extend(server.and_then(Endpoint::ip));
        }
    }
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let mut delivery = Delivery::new(config(), envelope());
    let mut client = Client::new(format!("localhost:{}", free.port()).parse().unwrap());
    let mut tried = Tried::default();
    client.deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut tried).unwrap();
    assert_eq!((status(&delivery), endings(&delivery)), (Status::Deferred, vec![AttemptEnd::ConnectFailed]));
    assert!(tried.0.contains(&free));
    assert_eq!(servers(&client, &delivery), [tried.0.last().copied()]);
    let why = delivery.report().attempts().next().unwrap().to_string();
    assert!(tried.0.iter().all(|address| why.contains(&address.to_string())), "{why}");
}

#[test]
fn a_host_that_cannot_be_resolved_is_a_failed_connection() {
    let mut delivery = Delivery::new(config(), envelope());
    // There is no such interface, and no name server is asked.
    let host = "[fe80::1%nowhere]";
    let mut client = Client::new(host.parse().unwrap());
    client.deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ()).unwrap();
    assert_eq!((status(&delivery), endings(&delivery)), (Status::Deferred, vec![AttemptEnd::ConnectFailed]));
    assert_eq!(servers(&client, &delivery), [None]);
    let why = delivery.report().attempts().next().unwrap().to_string();
    assert!(why.contains(&format!("{host}:25")), "{why}");
}

#[test]
fn a_refusal_is_noticed_while_the_content_is_written() {
    let to_data = "C: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 354 go\n";
    for (reply, expected, end) in [
        ("550 5.7.1 no", Status::Failed, "-- deaf"),
        ("451 4.3.0 later", Status::Deferred, "-- deaf"),
        ("421 4.3.2 closing", Status::Deferred, "-- deaf"),
        ("552 5.3.4 too large", Status::Failed, "-- close"),
    ] {
        let server = Server::start(&format!("{HELLO}{to_data}S: {reply}\n{end}\n"));
        let mut delivery = Delivery::new(config(), envelope());
        client(server.address).deliver(&mut delivery, &mut Once(large()), &mut ()).unwrap();
        let recipient = delivery.report().recipients().next().unwrap();
        assert_eq!((recipient.status, recipient.reply().unwrap().to_string()), (expected, reply.to_owned()));
        server.heard();
    }
}

#[test]
fn a_server_that_stops_reading_is_given_up() {
    let script = format!("{HELLO}C: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 354 go\n-- deaf\n");
    let short = Duration::from_millis(300);
    let timeouts = config().with_timeouts(config().timeouts().at_most(short));
    let least = LeastRate::new(u64::MAX, short);
    for (config, bounds, ended, why) in [
        (timeouts, Bounds::default(), AttemptEnd::TimedOut, "did not answer in time"),
        (config(), Bounds::default().with_delivery(Some(short)), AttemptEnd::Abandoned, "longer than allowed"),
        (config(), Bounds::default().with_least_rate(Some(least)), AttemptEnd::Abandoned, "too slowly"),
    ] {
        let server = Server::start(&script);
        let mut delivery = Delivery::new(config, envelope());
        client(server.address).with_bounds(bounds).deliver(&mut delivery, &mut Once(large()), &mut ()).unwrap();
        assert_eq!((status(&delivery), endings(&delivery)), (Status::Deferred, vec![ended]), "{why}");
        let report = delivery.report().to_string();
        assert!(report.contains(why), "{report}");
        server.heard();
    }
}

#[test]
fn a_slow_source_does_not_count_against_the_server() {
    const WINDOW: Duration = Duration::from_millis(300);
    struct Slow(&'static [u8]);
    impl Read for Slow {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            thread::sleep(WINDOW);
            self.0.read(room)
        }
    }
    let server = Server::start(&format!("{HELLO}{MESSAGE}{QUIT}"));
    let bounds = Bounds::default().with_least_rate(Some(LeastRate::new(1, WINDOW)));
    let mut delivery = Delivery::new(config(), envelope());
    client(server.address).with_bounds(bounds).deliver(&mut delivery, &mut Once(Slow(CONTENT)), &mut ()).unwrap();
    assert_eq!((status(&delivery), endings(&delivery)), (Status::Delivered, vec![AttemptEnd::Quit]));
}

#[test]
fn one_octet_at_a_time_does_not_hold_the_client() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let trickle = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // Until the client disconnects. Each octet comes well within the timeout.
        while io::Write::write_all(&mut stream, b"2").is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    let config = config().with_timeouts(config().timeouts().at_most(Duration::from_millis(300)));
    let mut delivery = Delivery::new(config, envelope());
    client(address).deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ()).unwrap();
    assert_eq!((status(&delivery), endings(&delivery)), (Status::Deferred, vec![AttemptEnd::TimedOut]));
    trickle.join().unwrap();
}

#[test]
fn an_interrupt_ends_a_delivery_that_waits() {
    for script in ["-- silence\n", "S: 220 ready\n-- silence\n", HELLO] {
        let server = Server::start(script);
        let interrupt = Arc::<AtomicBool>::default();
        let set = Arc::clone(&interrupt);
        let later = thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            set.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        let mut delivery = Delivery::new(config(), envelope());
        client(server.address)
            .with_interrupt(interrupt)
            .deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ())
            .unwrap();
        assert_eq!(
            (status(&delivery), endings(&delivery)),
            (Status::Deferred, vec![AttemptEnd::Abandoned]),
            "{script}"
        );
        later.join().unwrap();
        server.heard();
    }
}

/// On Linux, a listener whose queue is full does not answer new connections.
#[cfg(target_os = "linux")]
#[test]
fn connecting_times_out_and_can_be_interrupted() {
    use std::net::TcpStream;
    let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap().as_socket().unwrap();
    let short = Duration::from_millis(300);
    let waiting: Vec<_> = (0..4).filter_map(|_| TcpStream::connect_timeout(&address, short).ok()).collect();
    assert!(waiting.len() < 4, "the queue is not full");
    let timeouts = config().timeouts().with_connect(short);
    let mut delivery = Delivery::new(config().with_timeouts(timeouts), envelope());
    client(address).deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ()).unwrap();
    assert_eq!((status(&delivery), endings(&delivery)), (Status::Deferred, vec![AttemptEnd::ConnectFailed]));
    let interrupt = Arc::<AtomicBool>::default();
    let set = Arc::clone(&interrupt);
    let later = thread::spawn(move || {
        thread::sleep(short);
        set.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let mut delivery = Delivery::new(config(), envelope());
    client(address).with_interrupt(interrupt).deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ()).unwrap();
    assert_eq!(delivery.report().recipients().next().unwrap().cause, Cause::Cancelled(Cancel::Interrupted));
    later.join().unwrap();
}

#[test]
fn the_end_of_content_that_cannot_be_read_is_not_sent() {
    struct Broken(fn() -> io::Error);
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(self.0())
        }
    }
    let cases: [(fn() -> io::Error, _); 3] = [
        (|| io::Error::other("bad sector"), Cancel::ContentUnreadable),
        (|| io::ErrorKind::UnexpectedEof.into(), Cancel::ContentUnreadable),
        (|| ContentChanged.into(), Cancel::ContentChanged),
    ];
    for (error, why) in cases {
        let server = Server::start(&format!("{HELLO}{MESSAGE}"));
        let mut delivery = Delivery::new(config(), envelope());
        let mut content = Once(CONTENT.chain(Broken(error)));
        client(server.address).deliver(&mut delivery, &mut content, &mut ()).unwrap();
        assert_eq!((status(&delivery), endings(&delivery)), (Status::Deferred, vec![AttemptEnd::Abandoned]));
        assert_eq!(delivery.report().recipients().next().unwrap().cause, Cause::Cancelled(why));
        let heard = server.heard().concat();
        assert!(heard.last().is_some_and(|content| !content.ends_with(".\r\n")), "{heard:?}");
    }
}

#[test]
fn two_messages_go_over_one_kept_connection() {
    let server = Server::start(&format!("{HELLO}{MESSAGE}{MESSAGE}{QUIT}"));
    let mut config = config();
    config = config.with_afterwards(Afterwards::Keep);
    let mut delivery = Delivery::new(config, envelope());
    let mut client = client(server.address);
    client.deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ()).unwrap();
    assert_eq!((status(&delivery), endings(&delivery)), (Status::Delivered, vec![AttemptEnd::Kept]));
    delivery.deliver_next(envelope()).unwrap();
    client.deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ()).unwrap();
    client.quit(&mut delivery, &mut ()).unwrap();
    assert_eq!((status(&delivery), endings(&delivery)), (Status::Delivered, vec![AttemptEnd::Quit]));
    assert_eq!(servers(&client, &delivery), [Some(server.address)]);
    assert_eq!(verbs(&server.heard()), ["EHLO MAIL RCPT DATA Subject MAIL RCPT DATA Subject QUIT"]);
}

#[test]
fn a_kept_connection_is_stale_once_it_is_too_old_or_was_idle_for_too_long() {
    const LONG: Option<Duration> = Some(Duration::from_secs(3600));
    const SHORT: Option<Duration> = Some(Duration::from_millis(50));
    for (age, idle, expected) in [(LONG, LONG, false), (None, None, false), (SHORT, LONG, true), (LONG, SHORT, true)] {
        let server = Server::start(&format!("{HELLO}{MESSAGE}{QUIT}"));
        let mut delivery = Delivery::new(config().with_afterwards(Afterwards::Keep), envelope());
        let mut client = client(server.address).with_bounds(Bounds::default().with_age(age).with_idle(idle));
        assert!(!client.is_stale());
        client.deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ()).unwrap();
        assert!(delivery.is_kept());
        thread::sleep(Duration::from_millis(60));
        assert_eq!(client.is_stale(), expected, "{age:?} {idle:?}");
        client.quit(&mut delivery, &mut ()).unwrap();
        assert!(!client.is_stale());
        server.heard();
    }
}

#[test]
fn a_kept_connection_that_the_server_ended_is_replaced() {
    for (end, ended) in
        [("-- close", AttemptEnd::Lost(Disconnect::Closed)), ("S: 421 idle\n-- close", AttemptEnd::ServiceClosing)]
    {
        let server = Server::start(&format!("{HELLO}{MESSAGE}-- await\n{end}\n-- connect\n{HELLO}{MESSAGE}{QUIT}"));
        let mut config = config();
        config = config.with_afterwards(Afterwards::Keep);
        let mut delivery = Delivery::new(config, envelope());
        let mut client = client(server.address);
        client.deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ()).unwrap();
        assert_eq!(status(&delivery), Status::Delivered);
        server.go();
        delivery.deliver_next(envelope()).unwrap();
        client.deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ()).unwrap();
        client.quit(&mut delivery, &mut ()).unwrap();
        assert_eq!((status(&delivery), endings(&delivery)), (Status::Delivered, vec![ended, AttemptEnd::Quit]));
        assert_eq!(servers(&client, &delivery), [Some(server.address); 2]);
    }
}

#[test]
fn an_observer_sees_the_whole_conversation() {
    #[derive(Default)]
    struct Seen {
        commands: Vec<u8>,
        content: Vec<u8>,
        received: Vec<u8>,
        taken: usize,
        connected: Vec<SocketAddr>,
        ends: Vec<Option<Disconnect>>,
    }
    impl Observer for Seen {
        fn connected(&mut self, server: &Endpoint, _: Option<SocketAddr>) {
            self.connected.extend(server.ip());
        }
        fn sent(&mut self, octets: &[u8], what: Sent) {
            match what {
                Sent::Commands => self.commands.extend_from_slice(octets),
                Sent::Content => self.content.extend_from_slice(octets),
            }
        }
        fn received(&mut self, octets: &[u8]) {
            self.received.extend_from_slice(octets);
        }
        fn content_taken(&mut self, octets: usize) {
            self.taken += octets;
        }
        fn lost(&mut self, how: Disconnect) {
            self.ends.push(Some(how));
        }
        fn closed(&mut self) {
            self.ends.push(None);
        }
    }
    let server = Server::start(&format!("S: 220 ready\nC: EHLO\n-- close\n-- connect\n{HELO}{MESSAGE}{QUIT}"));
    let mut delivery = Delivery::new(config(), envelope());
    let mut seen = Seen::default();
    client(server.address).deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut seen).unwrap();
    let commands = "EHLO client.example\r\nHELO client.example\r\nMAIL FROM:<a@example.com>\r\n\
                    RCPT TO:<b@example.net>\r\nDATA\r\nQUIT\r\n";
    assert_eq!(String::from_utf8(seen.commands).unwrap(), commands);
    assert_eq!(seen.content, b"Subject: x\r\n\r\n..hello\r\n.\r\n");
    assert_eq!(seen.taken, CONTENT.len());
    let received = "220 ready\r\n220 ready\r\n250 hi\r\n250 ok\r\n250 ok\r\n354 go\r\n250 2.0.0 taken\r\n221 bye\r\n";
    assert_eq!(String::from_utf8(seen.received).unwrap(), received);
    assert_eq!(seen.connected, [server.address; 2]);
    assert_eq!(seen.ends, [Some(Disconnect::Closed), None]);
}

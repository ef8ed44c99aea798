//! Runs the examples against a server that hangs up on the first EHLO.

#![cfg(feature = "std")]
#![allow(dead_code, reason = "the examples have a main")]

#[path = "../examples/ehlo-parse.rs"]
mod ehlo_parse;
#[path = "../examples/kept.rs"]
mod kept;
#[path = "../examples/no-std/drive.rs"]
#[allow(unreachable_pub, reason = "the example is also built as a crate")]
mod no_std;
#[path = "../examples/session.rs"]
mod session;
#[path = "../examples/tokio.rs"]
mod with_tokio;

use std::{
    io::{BufRead, BufReader, Cursor, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    thread::{self, JoinHandle},
};

use kept::blocking::Driver;
use smtp_proto::{
    Chunking, Config, Connect, Delivery, Disconnect, Envelope, HelloName, Limits, MisuseError, Outcome, Timeout,
};

/// A server for this many connections. Its thread returns the commands that it received.
fn serve(connections: usize, hangs_up: bool) -> (SocketAddr, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let heard = thread::spawn(move || {
        let mut heard = Vec::new();
        for number in 0..connections {
            converse(listener.accept().unwrap().0, hangs_up && number == 0, &mut heard);
        }
        heard
    });
    (address, heard)
}

fn converse(mut stream: TcpStream, hangs_up: bool, heard: &mut Vec<String>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    stream.write_all(b"220 ready\r\n").unwrap();
    let mut in_content = false;
    while let Some(Ok(line)) = lines.next() {
        let reply = match (in_content, &line[..]) {
            (true, ".") => "250 taken\r\n",
            (true, _) => continue,
            (false, "DATA") => "354 go\r\n",
            (false, "QUIT") => "221 bye\r\n",
            (false, _) => "250 ok\r\n",
        };
        in_content = line == "DATA" || in_content && line != ".";
        if line != "." {
            heard.push(line.clone());
        }
        if hangs_up && line.starts_with("EHLO") {
            return;
        }
        stream.write_all(reply.as_bytes()).unwrap();
    }
}

fn envelope() -> Envelope {
    Envelope::new("alice@example.com".parse().unwrap(), vec!["bob@example.net".parse().unwrap()]).unwrap()
}

const TRANSACTION: [&str; 3] = ["MAIL FROM:<alice@example.com>", "RCPT TO:<bob@example.net>", "DATA"];

#[test]
fn the_blocking_driver_delivers_after_the_hang_up() {
    let (address, heard) = serve(2, true);
    let mut delivery = Delivery::new(Config::new(HelloName::new("localhost").unwrap()), envelope());
    Driver::new(vec![address]).deliver(&mut delivery, Cursor::new(b"Subject: Lunch\r\n\r\nAt noon.\r\n")).unwrap();
    assert_eq!(delivery.report().outcome(), Some(Outcome::Delivered));
    let expected = [&["EHLO localhost", "HELO localhost"][..], &TRANSACTION, &["QUIT"]].concat();
    assert_eq!(heard.join().unwrap(), expected);
}

/// A board with a TCP stack, in place of which the one of this machine is used.
struct Board {
    server: SocketAddr,
    stream: Option<TcpStream>,
    message: &'static [u8],
}

impl no_std::Board for Board {
    fn connect(&mut self, _: Connect) -> bool {
        // The old connection first.
        self.stream = None;
        self.stream = TcpStream::connect(self.server).ok();
        self.stream.is_some()
    }

    fn content(&mut self, most: usize) -> &[u8] {
        let (now, later) = self.message.split_at(most.min(self.message.len()));
        self.message = later;
        now
    }

    fn write(&mut self, octets: &[u8]) -> usize {
        self.stream.as_mut().unwrap().write(octets).unwrap_or(0)
    }

    fn read(&mut self, delivery: &mut Delivery, _: Timeout) -> Result<(), MisuseError> {
        let mut room = [0; 8];
        match self.stream.as_mut().unwrap().read(&mut room) {
            Ok(0) => delivery.disconnected(Disconnect::Closed),
            Ok(len) => delivery.received(&room[..len]),
            Err(error) => delivery.disconnected(Disconnect::from(&error)),
        }
    }
}

#[test]
fn the_loop_without_std_delivers_after_the_hang_up_within_small_limits() {
    let (server, heard) = serve(2, true);
    let name = HelloName::new("localhost").unwrap();
    let config = Config::new(name).with_limits(Limits::SMALL).with_chunking(Chunking::Never);
    let mut delivery = Delivery::new(config, envelope());
    let mut board = Board { server, stream: None, message: b"Subject: Lunch\r\n\r\nAt noon.\r\n" };
    no_std::drive(&mut delivery, &mut board).unwrap();
    board.stream = None;
    assert_eq!(delivery.report().outcome(), Some(Outcome::Delivered));
    let expected = [&["EHLO localhost", "HELO localhost"][..], &TRANSACTION, &["QUIT"]].concat();
    assert_eq!(heard.join().unwrap(), expected);

    let mut delivery = Delivery::new(Config::new(HelloName::new("localhost").unwrap()), envelope());
    no_std::drive(&mut delivery, &mut board).unwrap();
    assert_eq!(delivery.report().outcome(), Some(Outcome::Deferred), "nobody listens there");
}

#[tokio::test]
async fn the_tokio_driver_delivers_after_the_hang_up() {
    let (address, heard) = serve(2, true);
    let mut delivery = Delivery::new(Config::new(HelloName::new("localhost").unwrap()), envelope());
    // More than fits into the buffers of the connection.
    let message = b"Subject: Lunch\r\n\r\nAt noon.\r\n".repeat(500_000);
    with_tokio::deliver(&mut delivery, &[address], &message).await.unwrap();
    assert_eq!(delivery.report().outcome(), Some(Outcome::Delivered));
    let expected = [&["EHLO localhost", "HELO localhost"][..], &TRANSACTION, &["QUIT"]].concat();
    assert_eq!(heard.join().unwrap(), expected);
}

#[test]
fn the_kept_connection_serves_every_message() {
    let (address, heard) = serve(2, true);
    let messages = [&b"Subject: Lunch\r\n"[..], b"Subject: Dinner\r\n"].map(Cursor::new);
    let reports = kept::deliver_all(Driver::new(vec![address]), &envelope(), messages).unwrap();
    assert!(reports.len() == 2 && reports.iter().all(|report| report.contains("delivered: 250")), "{reports:?}");
    let expected = [&["EHLO localhost", "HELO localhost"][..], &TRANSACTION, &TRANSACTION, &["QUIT"]].concat();
    assert_eq!(heard.join().unwrap(), expected);
}

#[test]
fn the_session_reports_each_reply_and_the_hang_up() {
    let (address, heard) = serve(2, true);
    let converse = || session::converse(TcpStream::connect(address).unwrap());
    assert_eq!(converse().unwrap_err().to_string(), "the server closed the connection");
    let lines = ["the greeting: 220 ready", "EHLO: 250 ok", "NOOP: 250 ok", "QUIT: 221 bye"];
    assert_eq!(converse().unwrap(), lines);
    assert_eq!(heard.join().unwrap(), ["EHLO localhost", "EHLO localhost", "NOOP", "QUIT"]);
}

#[test]
fn a_captured_reply_is_described() {
    let described = ehlo_parse::describe(b"250-mx.example.com\r\n250-SIZE 1000\r\n250 STARTTLS\r\n").unwrap();
    assert_eq!(described, "SIZE 1000\nSTARTTLS\nmessages of at most 1000 octets\n");
    assert!(ehlo_parse::describe(b"502 what?\r\n").is_err());
}

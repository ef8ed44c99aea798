//! The driver over Unix sockets.
#![cfg(unix)]

use std::{
    io::{BufRead, BufReader, Cursor, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::PathBuf,
    thread,
    time::Duration,
};

use smtp_client::{Client, NextHop};
use smtp_proto::{AttemptEnd, Config, Delivery, Envelope, HelloName, Protocol, Status, TlsPolicy};

const CONTENT: &[u8] = b"Subject: x\r\n\r\nhello\r\n";

/// A path that is unused, and short enough for a socket.
fn path(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("smtp-{}-{name}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

fn delivery(protocol: Protocol) -> Delivery {
    let to = vec!["b@example.net".parse().unwrap(), "c@example.net".parse().unwrap()];
    let envelope = Envelope::new("a@example.com".parse().unwrap(), to).unwrap();
    let config = Config::new(HelloName::new("localhost").unwrap()).with_address_literal(true);
    Delivery::new(config.with_protocol(protocol).with_tls(TlsPolicy::Never), envelope)
}

fn statuses(delivery: &Delivery) -> Vec<Status> {
    delivery.report().recipients().map(|recipient| recipient.status).collect()
}

/// Answers each line of the client that starts with the first text with the second. Returns all lines.
fn serve(stream: UnixStream, answers: &[(&str, &str)]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut writer = stream.try_clone().unwrap();
    writer.write_all(b"220 ready\r\n").unwrap();
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap();
        let answer = answers.iter().find(|(start, _)| line.starts_with(start));
        lines.push(line);
        if let Some((_, answer)) = answer {
            writer.write_all(answer.as_bytes()).unwrap();
        }
    }
    lines
}

#[test]
fn lmtp_over_a_unix_socket_gives_each_recipient_its_reply() {
    let path = path("lmtp");
    let listener = UnixListener::bind(&path).unwrap();
    let server = thread::spawn(move || {
        let answers = [
            ("LHLO", "250-ready\r\n250 PIPELINING\r\n"),
            ("MAIL", "250 ok\r\n"),
            ("RCPT", "250 ok\r\n"),
            ("DATA", "354 go\r\n"),
            (".", "250 stored\r\n452 full\r\n"),
            ("QUIT", "221 bye\r\n"),
        ];
        serve(listener.accept().unwrap().0, &answers)
    });
    let mut delivery = delivery(Protocol::Lmtp);
    let mut client = Client::new(NextHop::unix(&path).unwrap());
    client.deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ()).unwrap();
    assert_eq!(statuses(&delivery), [Status::Delivered, Status::Deferred]);
    let server_of_attempt = client.report(&delivery).attempts().next().unwrap().server().map(str::to_owned);
    assert_eq!(server_of_attempt.as_deref(), path.to_str());
    // A Unix socket has no address that could be given as a literal.
    assert_eq!(server.join().unwrap()[0], "LHLO localhost");
    std::fs::remove_file(path).unwrap();
}

#[test]
fn helo_follows_a_hang_up_on_ehlo_on_the_same_socket() {
    let path = path("helo");
    let listener = UnixListener::bind(&path).unwrap();
    let server = thread::spawn(move || {
        let (mut first, _) = listener.accept().unwrap();
        first.write_all(b"220 ready\r\n").unwrap();
        BufReader::new(&first).read_line(&mut String::new()).unwrap();
        drop(first);
        let answers = [("HELO", "250 hi\r\n"), ("MAIL", "250 ok\r\n"), ("RCPT", "250 ok\r\n")];
        let end = [("DATA", "354 go\r\n"), (".", "250 stored\r\n"), ("QUIT", "221 bye\r\n")];
        serve(listener.accept().unwrap().0, &[&answers[..], &end].concat())
    });
    let mut delivery = delivery(Protocol::Smtp);
    Client::new(NextHop::unix(&path).unwrap()).deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ()).unwrap();
    assert_eq!(statuses(&delivery), [Status::Delivered; 2]);
    assert_eq!(server.join().unwrap()[0], "HELO localhost");
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_socket_that_is_missing_defers_the_message() {
    let mut delivery = delivery(Protocol::Lmtp);
    let path = path("missing");
    Client::new(NextHop::unix(&path).unwrap()).deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ()).unwrap();
    assert_eq!(statuses(&delivery), [Status::Deferred; 2]);
    let attempt = delivery.report().attempts().next().unwrap();
    assert_eq!(attempt.end(), Some(AttemptEnd::ConnectFailed));
    assert!(attempt.to_string().contains(path.to_str().unwrap()), "{attempt}");
}

#[test]
fn a_full_queue_is_waited_for() {
    let path = path("queue");
    let listener = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
    listener.bind(&socket2::SockAddr::unix(&path).unwrap()).unwrap();
    listener.listen(0).unwrap();
    let waiting = UnixStream::connect(&path).unwrap();
    let server = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        drop(waiting);
        drop(listener.accept().unwrap());
        let (stream, _) = listener.accept().unwrap();
        (&stream).write_all(b"554 no\r\n").unwrap();
    });
    let mut delivery = delivery(Protocol::Lmtp);
    Client::new(NextHop::unix(&path).unwrap()).deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ()).unwrap();
    assert_eq!(statuses(&delivery), [Status::Failed; 2], "{}", delivery.report());
    server.join().unwrap();
    std::fs::remove_file(path).unwrap();
}

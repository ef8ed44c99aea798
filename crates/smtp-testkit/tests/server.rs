//! Tests the scripted server with clients that follow the transcript and with others.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
};

use smtp_testkit::{
    server::{Server, Writes},
    transcript::Transcript,
};

const GREETED: &str = "-- connect\nS: 220 a\n";

fn start(rest: &str, writes: Writes) -> Server {
    let transcript = Transcript::parse(&format!("{GREETED}{rest}"), Path::new("")).unwrap();
    Server::start(transcript, writes).unwrap()
}

fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).unwrap()
}

/// Reads exactly these octets.
fn hear(client: &mut TcpStream, expected: &str) {
    let mut room = vec![0; expected.len()];
    client.read_exact(&mut room).unwrap();
    assert_eq!(room, expected.as_bytes());
}

#[test]
fn a_client_that_follows_the_transcript_sees_every_event() {
    for writes in [Writes::Whole, Writes::Octets, Writes::Halves] {
        let server = start(
            "C: EHLO x\n-- close\n-- connect same\nS: 220 b\nC: HELO x\n-- reset\n-- connect\n-- silence\n-- done",
            writes,
        );
        let mut client = connect(server.address());
        hear(&mut client, "220 a\r\n");
        client.write_all(b"EHLO x\r\n").unwrap();
        assert_eq!(client.read(&mut [0]).unwrap(), 0, "it closes");
        drop(client);
        let mut client = connect(server.address());
        hear(&mut client, "220 b\r\n");
        client.write_all(b"HELO x\r\n").unwrap();
        assert_eq!(client.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
        drop(client);
        drop(connect(server.address()));
        server.finish().unwrap();
    }
}

#[test]
fn a_mismatch_names_its_line() {
    for (rest, said, line, what) in [
        ("C: EHLO x\nC: MAIL\n-- done", "EHLO x\r\nRCPT\r\n", 4, "sends \"RCPT"),
        ("C: EHLO x\n-- done", "EHLO x\r\nMAIL\r\n", 3, "sends more"),
        ("C: EHLO x\n-- done", "EHLO ", 3, "closes the connection"),
        ("C: EHLO x\nS: 421 a\n-- done", "EHLO x\r\nQUIT\r\n", 3, "sends more"),
        ("C: EHLO x\n-- close\n-- connect\n-- done", "EHLO x\r\n", 5, "expected the client to open a connection"),
    ] {
        let server = start(rest, Writes::Whole);
        let mut client = connect(server.address());
        hear(&mut client, "220 a\r\n");
        client.write_all(said.as_bytes()).unwrap();
        drop(client);
        let mismatch = server.finish().unwrap_err();
        assert_eq!(mismatch.line, line, "{rest}: {mismatch}");
        assert!(mismatch.what.contains(what), "{rest}: {mismatch}");
    }
}

#[test]
fn an_extra_connection_is_a_mismatch() {
    let server = start("-- done", Writes::Whole);
    drop((connect(server.address()), connect(server.address())));
    assert!(server.finish().unwrap_err().what.contains("another connection"));
}

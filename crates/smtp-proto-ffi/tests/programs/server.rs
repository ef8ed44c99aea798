//! Servers that hang up on EHLO.

use std::{
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Child, Command},
    thread::{self, JoinHandle},
    time::Duration,
};

/// Closes the first connection when EHLO arrives, and takes a message on the second.
pub(crate) struct HangsUp {
    port: u16,
    server: JoinHandle<String>,
}

impl HangsUp {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let first = listener.accept().unwrap().0;
            assert!(serve(first).is_empty());
            serve(listener.accept().unwrap().0)
        });
        Self { port, server }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The message that arrived, without its final dot.
    pub(crate) fn finish(self) -> String {
        self.server.join().unwrap()
    }
}

fn serve(mut stream: TcpStream) -> String {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut message = String::new();
    stream.write_all(b"220 mx\r\n").unwrap();
    while let Some(Ok(line)) = lines.next() {
        let reply = match line.split([' ', ':']).next().unwrap() {
            "EHLO" => break,
            "DATA" => {
                stream.write_all(b"354 go on\r\n").unwrap();
                for line in lines.by_ref().map(Result::unwrap).take_while(|line| line != ".") {
                    message += line.strip_prefix('.').unwrap_or(&line);
                    message += "\r\n";
                }
                "250 2.0.0 queued"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        stream.write_all(format!("{reply}\r\n").as_bytes()).unwrap();
    }
    message
}

/// Postfix's smtp-sink.
pub(crate) struct Sink {
    port: u16,
    process: Child,
}

impl Sink {
    /// `None` if it is not installed.
    pub(crate) fn start() -> Option<Self> {
        let port = unused_port();
        let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
        let user: &[&str] = if is_root { &["-u", "nobody"] } else { &[] };
        let found = ["smtp-sink", "/usr/sbin/smtp-sink"].iter().find_map(|program| {
            let mut command = Command::new(program);
            command.args(user).args(["-q", "EHLO", &format!("127.0.0.1:{port}"), "10"]).spawn().ok()
        });
        let sink = Self { port, process: found? };
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            thread::sleep(Duration::from_millis(10));
        }
        Some(sink)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A port that nobody listens on.
fn unused_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

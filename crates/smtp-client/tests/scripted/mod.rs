//! A server on loopback that plays a script, and writes down what it hears.
//!
//! One step a line: `S: text` says a line, `S- text` says octets without a line end, `C: start` hears
//! a line that starts so, `content` hears a message up to its dot, `part 1000` so many octets of it,
//! `close` and `reset` end the connection, `silence` reads and says nothing, `await` waits until the
//! test says go, `gather 3` until three connections were opened, `gone 2` until the client has left two,
//! `deaf` until it is over, `narrow` makes room for only a few octets that are not heard yet, `=` starts
//! the next connection. Where a connection's steps end, the server reads until the client leaves.

#![allow(dead_code, reason = "every test binary uses a part of it")]

use std::{
    io::{self, BufRead, BufReader, ErrorKind, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// The greeting and an EHLO without extensions.
pub(crate) const HELLO: &str = "S: 220 ready\nC: EHLO\nS: 250 hi\n";
/// The greeting and HELO.
pub(crate) const HELO: &str = "S: 220 ready\nC: HELO\nS: 250 hi\n";
/// One message to one recipient.
pub(crate) const MESSAGE: &str =
    "C: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 354 go\ncontent\nS: 250 2.0.0 taken\n";
/// The end in order.
pub(crate) const QUIT: &str = "C: QUIT\nS: 221 bye\n";

/// How often a waiting server looks whether the test is over.
const TICK: Duration = Duration::from_millis(5);
/// Octets that a `narrow` connection has room for.
const NARROW: usize = 64 * 1024;
/// How long a test waits for what does not happen.
const LONGEST: Duration = Duration::from_secs(60);

/// What the connections of a server have in common.
#[derive(Default)]
struct Signs {
    /// The test says so.
    go: AtomicBool,
    over: AtomicBool,
    /// How many times a connection came to an `await`.
    awaits: AtomicUsize,
    /// How many connections were opened.
    opened: AtomicUsize,
    /// How many of them the client has left.
    left: AtomicUsize,
}

impl Signs {
    fn over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn go(&self) -> bool {
        self.go.load(Ordering::Relaxed) || self.over()
    }

    fn gathered(&self, connections: usize) -> bool {
        self.opened.load(Ordering::Relaxed) >= connections || self.over()
    }

    fn gone(&self, connections: usize) -> bool {
        self.left.load(Ordering::Relaxed) >= connections || self.over()
    }
}

/// The server, on a thread of its own.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    signs: Arc<Signs>,
    thread: JoinHandle<Vec<Vec<String>>>,
}

impl Server {
    pub(crate) fn start(script: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let signs = Arc::<Signs>::default();
        let scripts: Vec<String> = script.split("=\n").map(str::to_owned).collect();
        let thread = thread::spawn({
            let signs = Arc::clone(&signs);
            move || play_all(&listener, &scripts, &signs)
        });
        Self { address, signs, thread }
    }

    /// Waits until connections have come to an `await` so many times in all.
    pub(crate) fn until_awaits(&self, times: usize) {
        let since = Instant::now();
        while self.signs.awaits.load(Ordering::Relaxed) < times {
            assert!(since.elapsed() < LONGEST, "no connection came to an await");
            thread::sleep(TICK);
        }
    }

    /// Ends every `await`.
    pub(crate) fn go(&self) {
        self.signs.go.store(true, Ordering::Relaxed);
    }

    /// Ends the server: the lines it heard on each connection, those that no script was written for
    /// included.
    pub(crate) fn heard(self) -> Vec<Vec<String>> {
        self.signs.over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

fn play_all(listener: &TcpListener, scripts: &[String], signs: &Signs) -> Vec<Vec<String>> {
    thread::scope(|scope| {
        let mut connections = Vec::new();
        loop {
            match listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false).unwrap();
                    let script = scripts.get(connections.len()).map_or("close", String::as_str);
                    connections.push(scope.spawn(move || {
                        let mut lines = Vec::new();
                        // A client that leaves early shows in what was heard.
                        let _ = play(stream, script, signs, &mut lines);
                        signs.left.fetch_add(1, Ordering::Relaxed);
                        lines
                    }));
                    signs.opened.store(connections.len(), Ordering::Relaxed);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if signs.over() {
                        return connections.into_iter().map(|connection| connection.join().unwrap()).collect();
                    }
                    thread::sleep(TICK);
                }
                Err(error) => panic!("accept: {error}"),
            }
        }
    })
}

fn play(stream: TcpStream, script: &str, signs: &Signs, heard: &mut Vec<String>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut line = BufReader::new(stream);
    let mut content = String::new();
    for step in script.lines() {
        match (step, step.split_at_checked(3)) {
            ("content", _) => {
                let is_whole = |content: &str| content == ".\r\n" || content.ends_with("\r\n.\r\n");
                let heard_all = hear_until(&mut line, &mut content, is_whole);
                if !content.is_empty() {
                    heard.push(std::mem::take(&mut content));
                }
                heard_all?;
            }
            ("close", _) => {
                line.get_ref().shutdown(Shutdown::Write)?;
                break;
            }
            ("narrow", _) => socket2::SockRef::from(line.get_ref()).set_recv_buffer_size(NARROW)?,
            ("reset", _) => return socket2::SockRef::from(line.get_ref()).set_linger(Some(Duration::ZERO)),
            ("silence", _) => break,
            ("deaf", _) => {
                while !signs.over() {
                    thread::sleep(TICK);
                }
                return Ok(());
            }
            ("await", _) => {
                signs.awaits.fetch_add(1, Ordering::Relaxed);
                while !signs.go() {
                    thread::sleep(TICK);
                }
            }
            (step, _) if step.starts_with("part ") => {
                let octets = step["part ".len()..].parse().unwrap();
                hear_until(&mut line, &mut content, |content| content.len() >= octets)?;
            }
            (step, _) if step.starts_with("gather ") => {
                let connections = step["gather ".len()..].parse().unwrap();
                while !signs.gathered(connections) {
                    thread::sleep(TICK);
                }
            }
            (step, _) if step.starts_with("gone ") => {
                let connections = step["gone ".len()..].parse().unwrap();
                while !signs.gone(connections) {
                    thread::sleep(TICK);
                }
            }
            (_, Some(("S: ", text))) => line.get_mut().write_all(format!("{text}\r\n").as_bytes())?,
            (_, Some(("S- ", text))) => line.get_mut().write_all(text.as_bytes())?,
            (_, Some(("C: ", start))) => {
                let mut text = String::new();
                hear(&mut line, &mut text)?;
                let text = text.trim_end().to_owned();
                assert!(text.starts_with(start), "heard {text:?}, expected {start:?}");
                heard.push(text);
            }
            _ => panic!("no such step: {step:?}"),
        }
    }
    io::copy(&mut line, &mut io::sink()).map(drop)
}

fn hear(line: &mut BufReader<TcpStream>, text: &mut String) -> io::Result<()> {
    let mut octets = Vec::new();
    if line.read_until(b'\n', &mut octets)? == 0 {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    text.push_str(&String::from_utf8_lossy(&octets));
    Ok(())
}

fn hear_until(line: &mut BufReader<TcpStream>, text: &mut String, done: impl Fn(&str) -> bool) -> io::Result<()> {
    while !done(text) {
        hear(line, text)?;
    }
    Ok(())
}

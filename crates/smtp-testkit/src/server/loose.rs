//! A server for tests of drivers and programs. It plays conversations in a format like that of transcripts,
//! but compares only the start of each line of the client.
//!
//! `S: text` is a line of the server, `S: text\c` the same without a line end, and `C: start` a line of the
//! client that begins with `start`. Each `-- connect` begins another connection; the first connection does
//! not need one. At the end of a connection's script, the server reads until the client leaves. The marks
//! differ from those of transcripts:
//!
//! | mark | meaning |
//! |---|---|
//! | `-- content` | reads a message up to the final dot |
//! | `-- part N` | reads at least N octets of it |
//! | `-- tls` | runs a TLS handshake; if it fails, the server reads until the client leaves |
//! | `-- close`, `-- reset` | ends the connection |
//! | `-- silence` | keeps reading, and sends nothing more |
//! | `-- deaf` | neither reads nor writes until the test is over |
//! | `-- narrow` | sets a small receive buffer |
//! | `-- await` | waits until the test calls [`go`](Server::go) |
//! | `-- gather N` | waits until N connections have been opened |
//! | `-- gone N` | waits until N connections have ended |

use std::{
    net::SocketAddr,
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle, ScopedJoinHandle},
    time::{Duration, Instant},
};

use super::{
    link::{Link, Writes},
    listeners::Listeners,
    tls::Certificates,
};

/// The greeting, and EHLO without extensions.
pub const HELLO: &str = "S: 220 ready\nC: EHLO\nS: 250 hi\n";
/// The greeting and HELO.
pub const HELO: &str = "S: 220 ready\nC: HELO\nS: 250 hi\n";
/// One message to one recipient.
pub const MESSAGE: &str =
    "C: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 354 go\n-- content\nS: 250 2.0.0 taken\n";
/// QUIT.
pub const QUIT: &str = "C: QUIT\nS: 221 bye\n";

/// How often a waiting server checks its condition.
const TICK: Duration = Duration::from_millis(5);
/// The receive buffer of a `narrow` connection, in octets.
const NARROW: usize = 64 * 1024;
/// How long to wait before a test fails.
const LONGEST: Duration = Duration::from_secs(60);

/// State shared by the connections of a server.
#[derive(Default)]
struct Signs {
    /// Set by [`Server::go`].
    go: AtomicBool,
    over: AtomicBool,
    /// How many times a connection has reached an `await`.
    awaits: AtomicUsize,
    /// How many connections have been opened.
    opened: AtomicUsize,
    /// How many of them have ended.
    left: AtomicUsize,
}

impl Signs {
    fn over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Waits until the condition holds, or the test is over.
    fn wait_until(&self, is_so: impl Fn() -> bool) {
        while !is_so() && !self.over() {
            thread::sleep(TICK);
        }
    }
}

/// A server on its own thread.
pub struct Server {
    /// The address of the server.
    pub address: SocketAddr,
    signs: Arc<Signs>,
    thread: JoinHandle<Vec<Vec<String>>>,
}

impl Server {
    /// Starts a server on a free loopback port.
    ///
    /// # Panics
    ///
    /// If no port is free.
    pub fn start(script: &str) -> Self {
        let listeners = Listeners::bind(1).expect("a free port");
        let address = listeners.addresses()[0];
        let signs = Arc::<Signs>::default();
        let scripts: Vec<String> = script.split("-- connect\n").map(str::to_owned).collect();
        let thread = thread::spawn({
            let signs = Arc::clone(&signs);
            move || play_all(&listeners, &scripts, &signs)
        });
        Self { address, signs, thread }
    }

    /// Waits until connections have reached an `await` this many times in total.
    ///
    /// # Panics
    ///
    /// If that takes longer than a minute.
    pub fn until_awaits(&self, times: usize) {
        let since = Instant::now();
        while self.signs.awaits.load(Ordering::Relaxed) < times {
            assert!(since.elapsed() < LONGEST, "no connection reached an await");
            thread::sleep(TICK);
        }
    }

    /// Lets every `await` continue.
    pub fn go(&self) {
        self.signs.go.store(true, Ordering::Relaxed);
    }

    /// Stops the server. Returns the lines that it received on each connection, including unexpected
    /// connections, which it closes.
    ///
    /// # Panics
    ///
    /// If the client did not follow the script.
    pub fn heard(self) -> Vec<Vec<String>> {
        self.signs.over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_else(|panic| resume_unwind(panic))
    }
}

fn play_all(listeners: &Listeners, scripts: &[String], signs: &Signs) -> Vec<Vec<String>> {
    thread::scope(|scope| {
        let mut connections = Vec::new();
        // A connection that was opened before the stop is still accepted.
        while let Some((link, _)) = listeners.accept(Duration::MAX, || signs.over()).expect("connections are accepted")
        {
            let script = scripts.get(connections.len()).map_or("-- close", String::as_str);
            connections.push(scope.spawn(move || {
                let mut lines = Vec::new();
                let _ = play(link, script, signs, &mut lines);
                signs.left.fetch_add(1, Ordering::Relaxed);
                lines
            }));
            signs.opened.store(connections.len(), Ordering::Relaxed);
        }
        let lines = connections.into_iter().map(ScopedJoinHandle::join);
        lines.map(|lines| lines.unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

fn play(mut link: Link, script: &str, signs: &Signs, heard: &mut Vec<String>) -> Result<(), Left> {
    let mut content = String::new();
    for step in script.lines() {
        if let Some(text) = step.strip_prefix("S: ") {
            let (text, end) = text.strip_suffix("\\c").map_or((text, "\r\n"), |text| (text, ""));
            link.send(format!("{text}{end}").as_bytes(), Writes::Whole).map_err(|_| Left)?;
            continue;
        }
        if let Some(start) = step.strip_prefix("C: ") {
            let text = hear(&mut link)?.trim_end().to_owned();
            assert!(text.starts_with(start), "received {text:?}, expected {start:?}");
            heard.push(text);
            continue;
        }
        let mark = step.strip_prefix("-- ").unwrap_or_else(|| panic!("expected S:, C: or a mark: {step:?}"));
        let (name, number) = mark.split_once(' ').unwrap_or((mark, "0"));
        let number: usize = number.parse().unwrap_or_else(|_| panic!("expected a number: {step:?}"));
        match name {
            "content" => {
                let heard_all =
                    hear_until(&mut link, &mut content, |content| content == ".\r\n" || content.ends_with("\r\n.\r\n"));
                if !content.is_empty() {
                    heard.push(std::mem::take(&mut content));
                }
                heard_all?;
            }
            "part" => hear_until(&mut link, &mut content, |content| content.len() >= number)?,
            "tls" => link.secure(Certificates::of_this_process()).map_err(|_| Left)?,
            "close" => {
                link.close();
                break;
            }
            "reset" => return link.reset().map_err(|_| Left),
            "silence" => break,
            "deaf" => {
                signs.wait_until(|| false);
                return Ok(());
            }
            "narrow" => link.narrow(NARROW).map_err(|_| Left)?,
            "await" => {
                signs.awaits.fetch_add(1, Ordering::Relaxed);
                signs.wait_until(|| signs.go.load(Ordering::Relaxed));
            }
            "gather" => signs.wait_until(|| signs.opened.load(Ordering::Relaxed) >= number),
            "gone" => signs.wait_until(|| signs.left.load(Ordering::Relaxed) >= number),
            _ => panic!("unknown mark: {step:?}"),
        }
    }
    while !link.drain(LONGEST) {}
    Ok(())
}

/// The client left early. The caller sees that from the lines received.
struct Left;

fn hear(link: &mut Link) -> Result<String, Left> {
    let octets = link.line(LONGEST).map_err(|_| Left)?;
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

fn hear_until(link: &mut Link, text: &mut String, done: impl Fn(&str) -> bool) -> Result<(), Left> {
    while !done(text) {
        text.push_str(&hear(link)?);
    }
    Ok(())
}

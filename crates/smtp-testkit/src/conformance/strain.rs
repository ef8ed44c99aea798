//! Plays over sockets in which the server stops reading, until the socket buffers are full and the driver
//! cannot write any more.

use std::{
    io,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use super::{
    driver::Driver,
    outcome::Failure,
    worker::{Command, Worker},
};
use crate::{
    player::{Mismatch, reports},
    server::{Got, Link, Listeners, Writes},
    transcript::{Action, Transcript},
};

/// More than the socket buffers of a connection hold.
const CONTENT: usize = 8 * 1024 * 1024;
/// A driver that has read no content for this long cannot write.
const STUCK: Duration = Duration::from_millis(100);
/// The driver's timeout for writing.
const WAIT: Duration = Duration::from_secs(2);

/// What the server does once the driver is stuck in the content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Then {
    /// It reads everything.
    Reads,
    /// It refuses the message, and still does not read.
    Refuses,
    /// It refuses the message and resets the connection. Only some systems let the driver read what was
    /// sent before a reset.
    RefusesAndResets,
}

const CASES: [(Then, &str); 3] = [
    (Then::Reads, "content to a server that reads late"),
    (Then::Refuses, "refusal by a server that does not read"),
    (Then::RefusesAndResets, "refusal and reset by a server that does not read"),
];

const START: &str = "\
| 0
-- connect
S: 220 mail.example.net ESMTP
C: EHLO client.example
S: 250 mail.example.net
C: MAIL FROM:<alice@example.com>
S: 250 OK
C: RCPT TO:<bob@example.net>
S: 250 OK
C: DATA
S: 354 Send it
";
const TAKEN: &str = "-- content\nS: 250 Queued\nC: QUIT\nS: 221 Bye\n-- done\n";
const REFUSED: &str = "C: 0\\c\nS: 552 5.3.4 Message too big\n-- done\n";

/// Plays all cases. Returns the number of plays, and the failures.
pub(super) fn play_all<D: Driver + 'static>(
    patience: Duration,
    make: &Arc<dyn Fn() -> D + Send + Sync>,
) -> (usize, Vec<Failure>) {
    let cases = CASES.iter().filter(|(then, _)| *then != Then::RefusesAndResets || cfg!(target_os = "linux"));
    let (mut plays, mut failures) = (0, Vec::new());
    for (then, name) in cases {
        plays += 1;
        if let Err(what) = play(*then, patience, make) {
            let mismatch = Mismatch { line: 0, what, conversation: transcript(*then).1 };
            failures.push(Failure { transcript: (*name).to_owned(), how: "over sockets", mismatch });
        }
    }
    (plays, failures)
}

/// The conversation with a short message, and its source.
fn transcript(then: Then) -> (Transcript, String) {
    let source = format!("{START}{}", if then == Then::Reads { TAKEN } else { REFUSED });
    (Transcript::parse(&source, Path::new("")).expect("a transcript"), source)
}

/// Numbered lines, so that a gap shows.
fn content() -> Vec<u8> {
    const LINE: usize = 64;
    let mut content = Vec::with_capacity(CONTENT);
    for number in 0..CONTENT / LINE {
        content.extend_from_slice(format!("{number:0width$}\r\n", width = LINE - 2).as_bytes());
    }
    content
}

fn play<D: Driver + 'static>(
    then: Then,
    patience: Duration,
    make: &Arc<dyn Fn() -> D + Send + Sync>,
) -> Result<(), String> {
    // The report does not depend on the length of the content.
    let (short, _) = transcript(then);
    let expected = reports(&short).pop().unwrap_or_default();
    let content = content();
    let mut message = short.messages[0].clone();
    message.content.clone_from(&content);
    let listeners = Listeners::bind(1).map_err(|error| error.to_string())?;
    let mut driver = Worker::start(Arc::clone(make)).map_err(|error: io::Error| error.to_string())?;
    let config = short.config.clone();
    let config = config.clone().with_timeouts(config.timeouts().at_most(WAIT));
    driver.command(Command::Deliver(listeners.addresses().to_vec(), Box::new(config), message));
    let accepted = listeners.accept(patience, || driver.is_done()).map_err(|error| error.to_string())?;
    let (mut link, _) = accepted.ok_or("the driver opens no connection")?;
    lead_to_the_content(&mut link, &short, patience)?;
    until_stuck(&mut driver, patience);
    // An error means that the driver has left: its report shows why.
    let kept_open = match then {
        Then::Reads => {
            take_content(&mut link, &content, patience)?;
            let _ = link.send(b"250 Queued\r\n", Writes::Whole);
            expect(&mut link, b"QUIT\r\n", patience)?;
            let _ = link.send(b"221 Bye\r\n", Writes::Whole);
            Some(link)
        }
        Then::Refuses => {
            let _ = link.send(b"552 5.3.4 Message too big\r\n", Writes::Whole);
            Some(link)
        }
        Then::RefusesAndResets => {
            let _ = link.send(b"552 5.3.4 Message too big\r\n", Writes::Whole);
            let _ = link.reset();
            None
        }
    };
    let summary = driver.summary(patience)?;
    drop(kept_open);
    if summary.report == expected {
        Ok(())
    } else {
        Err(format!("the report is\n{}instead of\n{expected}", summary.report))
    }
}

fn lead_to_the_content(link: &mut Link, transcript: &Transcript, patience: Duration) -> Result<(), String> {
    for item in &transcript.script {
        match &item.action {
            Action::Server(flight) => {
                // If this fails, the next `expect` fails too.
                let _ = link.send(&flight.octets, Writes::Whole);
                if flight.octets.starts_with(b"354") {
                    return Ok(());
                }
            }
            Action::Client(flight) => expect(link, &flight.octets, patience)?,
            _ => {}
        }
    }
    Ok(())
}

/// Waits until the driver has read some of the content and then stopped.
fn until_stuck(driver: &mut Worker, patience: Duration) {
    let until = Instant::now() + patience;
    let mut seen = (0, Instant::now());
    while Instant::now() < until && !driver.is_done() {
        let taken = driver.taken();
        if taken != seen.0 {
            seen = (taken, Instant::now());
        } else if taken > 0 && seen.1.elapsed() >= STUCK {
            return;
        }
        thread::sleep(STUCK / 20);
    }
}

/// Reads the content and the final dot. None of its lines starts with a dot.
fn take_content(link: &mut Link, content: &[u8], patience: Duration) -> Result<(), String> {
    let mut at = 0;
    while at < content.len() {
        let arrived = link.arrived();
        let len = arrived.len().min(content.len() - at);
        if arrived[..len] != content[at..at + len] {
            let same = arrived.iter().zip(&content[at..]).take_while(|(one, other)| one == other).count();
            return Err(format!("octet {} of the content is missing or wrong", at + same));
        }
        link.take(len);
        at += len;
        if at < content.len() && link.read(patience) != Got::Octets {
            return Err(format!("the content ends after {at} octets"));
        }
    }
    expect(link, b".\r\n", patience)
}

fn expect(link: &mut Link, expected: &[u8], patience: Duration) -> Result<(), String> {
    while link.arrived().len() < expected.len() {
        if link.read(patience) != Got::Octets {
            break;
        }
    }
    let said = link.take(expected.len());
    if said == expected {
        return Ok(());
    }
    let (said, expected) = (smtp_proto::Escaped(&said), smtp_proto::Escaped(expected));
    Err(format!("the client sends \"{said}\"\ninstead of \"{expected}\""))
}

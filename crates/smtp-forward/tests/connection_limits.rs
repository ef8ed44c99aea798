//! `smtp-forward send` to servers that limit connections, or messages per connection.

mod program;

use std::{
    fs,
    io::{self, BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use program::{MESSAGE, run, text};
use serde_json::Value;

/// How a server replies to the final dot: it accepts this many messages, and then always sends this reply.
#[derive(Clone, Copy)]
struct Takes(usize, &'static str);

const ALL: Takes = Takes(usize::MAX, "");

/// Starts a server that uses one entry of `first` for each of the first connections, and `others` for the rest. Also
/// returns the number of connections it has accepted. Its threads end with the test.
fn serve(first: &'static [Takes], others: Takes) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&seen);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let takes = first.get(count.fetch_add(1, Ordering::Relaxed)).copied().unwrap_or(others);
            thread::spawn(move || converse(stream.unwrap(), takes));
        }
    });
    (address, seen)
}

fn converse(mut stream: TcpStream, Takes(mut left, then): Takes) -> io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    stream.write_all(b"220 ready\r\n")?;
    let mut in_content = false;
    while let Some(line) = lines.next().transpose()? {
        let reply = match (in_content, &line[..]) {
            (true, ".") if left == 0 => then,
            (true, ".") => {
                left -= 1;
                "250 taken"
            }
            (true, _) => continue,
            (false, "DATA") => "354 go",
            (false, "QUIT") => "221 bye",
            (false, "RCPT TO:<nobody@example.net>") => "550 5.1.1 who?",
            (false, _) => "250 ok",
        };
        in_content = line == "DATA" || in_content && line != ".";
        stream.write_all(format!("{reply}\r\n").as_bytes())?;
    }
    Ok(())
}

/// Sends `count` messages over ten connections. Returns how many were delivered, how many were deferred, and how many
/// notes said that a connection left.
fn send(server: SocketAddr, count: usize, second: &str) -> (usize, usize, usize) {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), MESSAGE).unwrap();
    let (count, path) = (count.to_string(), file.path().to_str().unwrap());
    let arguments = [
        "send",
        "--server",
        "{server}",
        "--from",
        "a@example.com",
        "--to",
        "b@example.net",
        "--to",
        second,
        "--json",
        "--connections",
        "10",
        "--repeat",
        &count,
        path,
    ];
    let output = run(&arguments, Some(server), b"");
    assert_eq!(output.status.code(), Some(75), "{}", text(&output.stderr));
    let outcomes: Vec<_> =
        text(&output.stdout).lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect();
    let became = |word| outcomes.iter().filter(|report| report["outcome"] == word).count();
    let notes =
        text(&output.stderr).matches("one connection fewer: the server defers the messages sent over it").count();
    (became("delivered") + became("partial"), became("deferred"), notes)
}

#[test]
fn a_connection_whose_messages_are_deferred_leaves_them_to_the_others() {
    for others in [
        Takes(0, "432 4.3.2 concurrent connections limit exceeded"),
        Takes(0, "451 4.3.0 later"),
        // The connection has delivered a message, so only the code 432 makes it leave.
        Takes(1, "432 4.3.2 concurrent connections limit exceeded"),
    ] {
        for second in ["c@example.net", "nobody@example.net"] {
            let (server, connections) = serve(&[ALL, ALL, ALL], others);
            let (delivered, deferred, notes) = send(server, 60, second);
            assert_eq!(delivered + deferred, 60, "{}", others.1);
            // Without a note if no message was left when a connection would have left.
            assert!(deferred <= 7 && notes <= deferred, "{}: {deferred} deferred, {notes} notes", others.1);
            assert_eq!(connections.load(Ordering::Relaxed), 10, "{}", others.1);
        }
    }
}

#[test]
fn the_last_connection_never_leaves() {
    for others in [Takes(0, "432 4.3.2 concurrent connections limit exceeded"), Takes(0, "451 4.3.0 later")] {
        let (server, connections) = serve(&[], others);
        assert_eq!(send(server, 30, "c@example.net"), (0, 30, 9), "{}", others.1);
        assert_eq!(connections.load(Ordering::Relaxed), 10, "{}", others.1);
    }
}

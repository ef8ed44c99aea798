//! `smtp-forward send` over more connections, and with more messages over each, than a server serves.

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

/// What a server says after the dot: so often that the message is taken, and then always this.
#[derive(Clone, Copy)]
struct Takes(usize, &'static str);

const ALL: Takes = Takes(usize::MAX, "");

/// A server that treats the first connections as `first`, one each, and all others as `others`; and how
/// many connections it has seen. Its threads end with the test.
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

/// How many of `count` messages over ten connections were delivered, and how many deferred; and how many
/// connections were said to be too many.
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
    let notes = text(&output.stderr).matches("one connection fewer: the server defers what comes over it").count();
    (became("delivered") + became("partial"), became("deferred"), notes)
}

#[test]
fn a_connection_whose_messages_are_deferred_leaves_them_to_the_others() {
    for others in [
        Takes(0, "432 4.3.2 concurrent connections limit exceeded"),
        Takes(0, "451 4.3.0 later"),
        // It has delivered, so the code tells.
        Takes(1, "432 4.3.2 concurrent connections limit exceeded"),
    ] {
        for second in ["c@example.net", "nobody@example.net"] {
            let (server, connections) = serve(&[ALL, ALL, ALL], others);
            let (delivered, deferred, notes) = send(server, 60, second);
            assert_eq!(delivered + deferred, 60, "{}", others.1);
            assert!(deferred <= 7 && notes == deferred, "{}: {deferred} deferred, {notes} notes", others.1);
            assert_eq!(connections.load(Ordering::Relaxed), 10, "{}", others.1);
        }
    }
}

#[test]
fn the_last_connection_is_not_left() {
    for others in [Takes(0, "432 4.3.2 concurrent connections limit exceeded"), Takes(0, "451 4.3.0 later")] {
        let (server, connections) = serve(&[], others);
        assert_eq!(send(server, 30, "c@example.net"), (0, 30, 9), "{}", others.1);
        assert_eq!(connections.load(Ordering::Relaxed), 10, "{}", others.1);
    }
}

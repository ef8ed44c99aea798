//! Plays a transcript in memory: passes the server's lines to a delivery, which must send the client's lines.

use smtp_proto::{Delivery, Disconnect, Escaped, Status, Step};

use crate::message::{self, CONTENT};

/// A transcript of `testdata/transcripts`. Its README describes the format.
pub(crate) struct Transcript {
    pub(crate) name: &'static str,
    text: &'static str,
    /// The status of each recipient.
    statuses: &'static [Status],
}

pub(crate) const GROUP: Transcript = Transcript {
    name: "rfc2920-group",
    text: include_str!("../../testdata/transcripts/rfc2920-group.smtp"),
    statuses: &[Status::Delivered, Status::Delivered, Status::Delivered],
};

pub(crate) const EHLO_CLOSED: Transcript = Transcript {
    name: "ehlo-closed",
    text: include_str!("../../testdata/transcripts/ehlo-closed.smtp"),
    statuses: &[Status::Delivered],
};

pub(crate) const FIRST_REFUSED: Transcript = Transcript {
    name: "rcpt-first-refused",
    text: include_str!("../../testdata/transcripts/rcpt-first-refused.smtp"),
    statuses: &[Status::Failed, Status::Delivered],
};

/// The longest line of a server, with its CR LF (RFC 5321 section 4.5.3.1.5).
const LONGEST_LINE: usize = 512;

impl Transcript {
    /// Plays it, each line of the server by itself. Panics at the first difference.
    pub(crate) fn play(&self) {
        let mut delivery = self.delivery();
        let mut is_done = false;
        for line in self.events() {
            if let Some(line) = line.strip_prefix("C: ") {
                take(&mut delivery, line.as_bytes());
                take(&mut delivery, b"\r\n");
            } else if let Some(line) = line.strip_prefix("S: ") {
                receive(&mut delivery, line);
            } else {
                is_done = mark(&mut delivery, line);
            }
        }
        assert!(is_done, "{} ends before the delivery", self.name);
        let report = delivery.report();
        let statuses = report.recipients().map(|recipient| recipient.status);
        assert!(statuses.eq(self.statuses.iter().copied()), "{}: other statuses than expected: {report}", self.name);
    }

    fn delivery(&self) -> Delivery {
        let setting = |key| self.settings(key).next();
        let to = || self.settings("to: ").chain(setting("to: ").is_none().then_some("bob@example.net"));
        let mut recipients = to();
        message::delivery(
            setting("hello-name: ").unwrap_or("client.example"),
            setting("from: ").unwrap_or("alice@example.com"),
            (0..to().count()).map(|_| recipients.next().expect("they were counted")),
        )
    }

    fn settings(&self, key: &'static str) -> impl Iterator<Item = &'static str> {
        self.text.lines().filter_map(move |line| line.strip_prefix(key))
    }

    /// The lines from the first mark on.
    fn events(&self) -> impl Iterator<Item = &'static str> {
        // An empty line of the client may lack the space at its end.
        let lines = self.text.lines().map(|line| if line == "C:" { "C: " } else { line });
        lines.skip_while(|line| !line.starts_with("-- ")).filter(|line| !line.is_empty() && !line.starts_with('#'))
    }
}

/// Checks that the delivery sends these octets next, and gives it the content when it asks for that.
fn take(delivery: &mut Delivery, mut octets: &[u8]) {
    while !octets.is_empty() {
        match delivery.poll() {
            Step::Content(room) => give_content(delivery, room),
            Step::Transmit(transmit) => {
                let len = transmit.octets().len().min(octets.len());
                let (expected, rest) = octets.split_at(len);
                assert!(transmit.octets().starts_with(expected), "expected {}, not {transmit:?}", Escaped(expected));
                delivery.sent(len).expect("they were to be sent");
                octets = rest;
            }
            step => panic!("expected octets, not {step:?}"),
        }
    }
}

/// All content fits into one block.
fn give_content(delivery: &mut Delivery, room: usize) {
    let content = CONTENT.as_bytes();
    assert!(content.len() <= room, "the content is longer than a block");
    delivery.content(content).and_then(|()| delivery.end_content()).expect("content was asked for");
}

fn receive(delivery: &mut Delivery, line: &str) {
    let step = delivery.poll();
    assert!(matches!(step, Step::Receive(_)), "expected to receive {line}, not {step:?}");
    let mut octets = [0; LONGEST_LINE];
    let len = line.len() + 2;
    octets[..line.len()].copy_from_slice(line.as_bytes());
    octets[line.len()..len].copy_from_slice(b"\r\n");
    delivery.received(&octets[..len]).expect("there is a connection");
}

/// Returns whether the delivery is done.
fn mark(delivery: &mut Delivery, mark: &str) -> bool {
    match (mark, delivery.poll()) {
        ("-- connect" | "-- connect same", Step::Connect(_)) => delivery.connected().expect("it was asked for"),
        ("-- close", Step::Receive(_)) => delivery.disconnected(Disconnect::Closed).expect("there is a connection"),
        ("-- content", _) => {
            take(delivery, CONTENT.as_bytes());
            take(delivery, b".\r\n");
        }
        ("-- done", Step::Done(_)) => return true,
        (mark, step) => panic!("{mark} is not known here, or does not go with {step:?}"),
    }
    false
}

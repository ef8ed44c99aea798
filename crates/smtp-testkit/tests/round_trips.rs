//! How often a client waits for its server in a delivery: the fewest times that the RFCs allow.

use smtp_proto::{
    Afterwards, AuthPolicy, AuthRequest, Authentication, Config, Delivery, Envelope, HelloName, Mechanism, Protocol,
    Secured, Status, Step, TlsPolicy, TlsVersion,
};

const CONTENT: &[u8] = b"Subject: x\r\n\r\nhello\r\n";

/// A server that accepts everything, and answers only when the client waits.
struct Server {
    keywords: &'static [&'static str],
    line: Vec<u8>,
    lmtp_recipients: Option<usize>,
    in_content: bool,
    /// The octets of the chunk that have not arrived.
    chunk: usize,
    replies: String,
}

impl Server {
    fn new(keywords: &'static [&'static str]) -> Self {
        let replies = "220 ready\r\n".into();
        Self { keywords, line: Vec::new(), lmtp_recipients: None, in_content: false, chunk: 0, replies }
    }

    fn take(&mut self, octets: &[u8]) {
        for octet in octets {
            if self.chunk > 0 {
                self.chunk -= 1;
                continue;
            }
            self.line.push(*octet);
            if *octet == b'\n' {
                let line = String::from_utf8(std::mem::take(&mut self.line)).unwrap();
                let reply = self.answer(line.trim_end());
                self.replies.push_str(&reply);
            }
        }
    }

    fn answer(&mut self, line: &str) -> String {
        if self.in_content {
            self.in_content = line != ".";
            let count = if self.in_content { 0 } else { self.lmtp_recipients.unwrap_or(1) };
            return "250 taken\r\n".repeat(count);
        }
        match line.get(..4).unwrap_or_default() {
            hello @ ("EHLO" | "LHLO") => {
                self.lmtp_recipients = (hello == "LHLO").then_some(0);
                format!("250-{}\r\n250 HELP\r\n", [&["ready"], self.keywords].concat().join("\r\n250-"))
            }
            "STAR" => "220 go\r\n".into(),
            "AUTH" if line.matches(' ').count() == 1 => "334 \r\n".into(),
            "MAIL" => "250 ok\r\n".into(),
            "RCPT" => {
                self.lmtp_recipients.iter_mut().for_each(|recipients| *recipients += 1);
                "250 ok\r\n".into()
            }
            "DATA" => {
                self.in_content = true;
                "354 go\r\n".into()
            }
            "BDAT" => {
                let (octets, last) = line[5..].split_once(' ').unwrap_or((&line[5..], ""));
                self.chunk = octets.parse().unwrap();
                let count = if last == "LAST" { self.lmtp_recipients.unwrap_or(1) } else { 1 };
                "250 taken\r\n".repeat(count)
            }
            "QUIT" => "221 bye\r\n".into(),
            // AUTH with an initial response, or the response to the challenge.
            _ => "235 welcome\r\n".into(),
        }
    }
}

/// Drives a delivery until it is done. Returns how often it waited.
fn waits(delivery: &mut Delivery, server: &mut Server) -> usize {
    let (mut waits, mut content) = (0, CONTENT);
    loop {
        match delivery.poll() {
            Step::Connect(_) => delivery.connected(),
            Step::Transmit(transmit) => {
                let octets = transmit.octets().to_vec();
                server.take(&octets);
                delivery.sent(octets.len())
            }
            Step::Content(_) if content.is_empty() => delivery.end_content(),
            Step::Content(room) => {
                let (piece, rest) = content.split_at(room.min(content.len()));
                content = rest;
                delivery.content(piece)
            }
            Step::Rewind => {
                content = CONTENT;
                delivery.rewound()
            }
            Step::Receive(_) => {
                waits += 1;
                let replies = std::mem::take(&mut server.replies);
                assert!(!replies.is_empty(), "it waits for nothing, in {delivery:?}");
                delivery.received(replies.as_bytes())
            }
            Step::Secure(_) => delivery.secured(Secured::verified(TlsVersion::Tls13)),
            Step::Authenticate(auth) => match auth.request {
                AuthRequest::Start { .. } => {
                    let initial = (auth.mechanism == Mechanism::Plain).then_some(&b"\0user\0secret"[..]);
                    delivery.auth_start(initial)
                }
                AuthRequest::Challenge(_) => delivery.auth_response(b"secret"),
                AuthRequest::Success => delivery.auth_complete(),
            },
            Step::Done(report) => {
                assert!(report.recipients().all(|recipient| recipient.status == Status::Delivered), "{report}");
                return waits;
            }
        }
        .unwrap();
    }
}

fn config() -> Config {
    Config::new(HelloName::new("client.example").unwrap()).with_tls(TlsPolicy::Never)
}

fn envelope(recipients: usize) -> Envelope {
    let to = (0..recipients).map(|number| format!("to{number}@example.net").parse().unwrap()).collect();
    Envelope::new("a@example.com".parse().unwrap(), to).unwrap()
}

fn authenticating(mechanism: Mechanism) -> Config {
    let login = Authentication::new([mechanism]);
    config().with_tls(TlsPolicy::Required).with_auth(AuthPolicy::Required(login))
}

#[test]
fn a_delivery_waits_as_rarely_as_the_rfcs_allow() {
    const NOTHING: &[&str] = &[];
    const PIPELINING: &[&str] = &["PIPELINING"];
    const CHUNKING: &[&str] = &["PIPELINING", "CHUNKING"];
    const TLS: &[&str] = &["PIPELINING", "STARTTLS", "AUTH PLAIN CRAM-MD5"];
    let lmtp = || config().with_protocol(Protocol::Lmtp);
    for (case, config, keywords, recipients, expected) in [
        // The greeting, EHLO, MAIL, RCPT, DATA, the content, QUIT.
        ("no extensions", config(), NOTHING, 1, 7),
        ("no extensions, 3 recipients", config(), NOTHING, 3, 9),
        // The greeting, EHLO, one group up to DATA, the content, QUIT.
        ("PIPELINING", config(), PIPELINING, 1, 5),
        ("PIPELINING, 100 recipients", config(), PIPELINING, 100, 5),
        ("LMTP", lmtp(), NOTHING, 3, 9),
        ("LMTP, PIPELINING", lmtp(), PIPELINING, 3, 5),
        // The greeting, EHLO, everything in one group, QUIT.
        ("PIPELINING, CHUNKING", config(), CHUNKING, 1, 4),
        ("PIPELINING, CHUNKING, 100 recipients", config(), CHUNKING, 100, 4),
        ("CHUNKING", config(), &["CHUNKING"], 1, 6),
        ("LMTP, PIPELINING, CHUNKING", lmtp(), CHUNKING, 3, 4),
        // STARTTLS and a second EHLO; the handshake is not counted.
        ("STARTTLS", config().with_tls(TlsPolicy::Required), TLS, 1, 7),
        ("implicit TLS", config().with_tls(TlsPolicy::Implicit), PIPELINING, 1, 5),
        ("STARTTLS, AUTH with an initial response", authenticating(Mechanism::Plain), TLS, 1, 8),
        ("STARTTLS, AUTH with a challenge", authenticating(Mechanism::CramMd5), TLS, 1, 9),
    ] {
        let mut delivery = Delivery::new(config, envelope(recipients));
        assert_eq!(waits(&mut delivery, &mut Server::new(keywords)), expected, "{case}");
    }
}

#[test]
fn a_message_on_a_kept_connection_needs_neither_greeting_nor_hello() {
    for (keywords, expected) in [(&[][..], 4), (&["PIPELINING"], 2), (&["PIPELINING", "CHUNKING"], 1)] {
        let mut server = Server::new(keywords);
        let mut delivery = Delivery::new(config().with_afterwards(Afterwards::Keep), envelope(1));
        waits(&mut delivery, &mut server);
        for _ in 0..2 {
            delivery.deliver_next(envelope(1)).unwrap();
            assert_eq!(waits(&mut delivery, &mut server), expected, "{keywords:?}");
        }
    }
}

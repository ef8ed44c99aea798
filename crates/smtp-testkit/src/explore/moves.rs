//! The moves of a walk.

use std::fmt;

use smtp_proto::{AuthRequest, Cancel, Disconnect, Secured, Step, TlsVersion};

use crate::Watched;

/// What the caller answers to authenticate.
const RESPONSE: &[u8] = b"\0alice\0correct horse";

/// The server's replies, one of each class: first those that matter, then malformed ones.
pub(super) const REPLIES: [(&str, &str); 13] = [
    ("250", "250 ok\r\n"),
    ("250 with extensions", "250-mx.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 1000\r\n"),
    ("220", "220 ready\r\n"),
    ("221", "221 bye\r\n"),
    ("354", "354 go on\r\n"),
    ("421", "421 closing\r\n"),
    ("451", "451 later\r\n"),
    ("503", "503 order\r\n"),
    ("550", "550 no\r\n"),
    ("552", "552 full\r\n"),
    ("half a reply", "250-o"),
    ("malformed reply", "ok\r\n"),
    ("two replies", "250 ok\r\n250 ok\r\n"),
];

/// More replies, for deliveries with TLS or authentication.
const SECURE_REPLIES: [(&str, &str); 8] = [
    ("250 with STARTTLS", "250-mx.example\r\n250-REQUIRETLS\r\n250 STARTTLS\r\n"),
    ("250 with AUTH", "250-mx.example\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN SCRAM-SHA-256\r\n"),
    ("220 and more", "220 ready\r\n250 injected\r\n"),
    ("334", "334 YQ==\r\n"),
    ("235", "235 welcome\r\n"),
    ("504", "504 unknown\r\n"),
    ("530", "530 log in\r\n"),
    ("535", "535 no\r\n"),
];

/// More replies, for deliveries that use BDAT.
const CHUNKED_REPLIES: [(&str, &str); 3] = [
    ("250 with CHUNKING", "250-mx.example\r\n250-PIPELINING\r\n250 CHUNKING\r\n"),
    ("250 with DSN and CHUNKING", "250-mx.example\r\n250-PIPELINING\r\n250-DSN\r\n250 CHUNKING\r\n"),
    ("500", "500 unknown\r\n"),
];

/// More replies, for deliveries with parameters.
const PARAMETER_REPLIES: [(&str, &str); 2] = [
    ("250 with DSN", "250-mx.example\r\n250-PIPELINING\r\n250-DELIVERBY\r\n250-X-ONE\r\n250 DSN\r\n"),
    ("501", "501 syntax\r\n"),
];

/// An event in the course of a delivery.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Move {
    /// A connection opens.
    Connected,
    /// No connection can be opened.
    ConnectFailed,
    /// All octets to be transmitted are handed over.
    Sent,
    /// One of these octets is handed over.
    SentOneOctet,
    /// The server sends the reply with this index in the list.
    Reply(usize),
    /// The connection is lost.
    Lost(Disconnect),
    /// A timeout.
    Silence,
    /// More of the message.
    Content,
    /// The message has no more octets.
    EndContent,
    /// The content is at its start again.
    Rewound,
    /// The content cannot be read again.
    CannotRewind,
    /// The caller cancels the delivery.
    Cancel,
    /// The same message once more, on the kept connection.
    NextMessage,
    /// The kept connection is ended.
    Quit,
    /// The handshake completes.
    Secured {
        /// Whether the server was verified.
        is_verified: bool,
    },
    /// The handshake fails.
    SecureFailed,
    /// An authentication starts.
    AuthStart {
        /// Whether there is an initial response.
        has_initial: bool,
    },
    /// A challenge is answered.
    AuthResponse,
    /// The authentication is complete.
    AuthComplete,
    /// The authentication is given up.
    AuthAbandon,
}

impl Move {
    /// The server sends the reply with this name.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn reply(name: &str) -> Self {
        Self::Reply(
            replies().position(|(known, _)| *known == name).unwrap_or_else(|| panic!("no reply is named {name}")),
        )
    }
}

fn replies() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    REPLIES.iter().chain(&SECURE_REPLIES).chain(&CHUNKED_REPLIES).chain(&PARAMETER_REPLIES)
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connected => "connected",
            Self::ConnectFailed => "no connection",
            Self::Sent => "sent",
            Self::SentOneOctet => "sent in part",
            Self::Reply(index) => replies().nth(*index).map_or("", |(name, _)| name),
            Self::Lost(Disconnect::Closed) => "closed",
            Self::Lost(Disconnect::Reset) => "reset",
            Self::Lost(Disconnect::WriteFailed) => "write failed",
            Self::Lost(Disconnect::ReadFailed) => "read failed",
            Self::Lost(_) => "lost",
            Self::Silence => "silence",
            Self::Content => "content",
            Self::EndContent => "end of content",
            Self::Rewound => "rewound",
            Self::CannotRewind => "cannot rewind",
            Self::Cancel => "cancelled",
            Self::NextMessage => "next message",
            Self::Quit => "quit",
            Self::Secured { is_verified: true } => "secured",
            Self::Secured { is_verified: false } => "secured, not verified",
            Self::SecureFailed => "handshake failed",
            Self::AuthStart { has_initial: true } => "initial response",
            Self::AuthStart { has_initial: false } => "no initial response",
            Self::AuthResponse => "response",
            Self::AuthComplete => "authenticated",
            Self::AuthAbandon => "abandoned",
        })
    }
}

/// The moves that are possible in the current step.
pub(super) fn moves(watched: &Watched) -> Vec<Move> {
    let delivery = watched.delivery();
    let more = if watched.is_secure() { SECURE_REPLIES.len() } else { 0 };
    // One that says that BDAT is unknown.
    let unknown = delivery.capabilities().chunking.then(|| Move::reply("500"));
    let parameters = watched.has_parameters().then(|| PARAMETER_REPLIES.iter().map(|(name, _)| Move::reply(name)));
    let heard = (0..REPLIES.len() + more).map(Move::Reply).chain(unknown).chain(parameters.into_iter().flatten());
    let lost = [Move::Lost(Disconnect::Closed), Move::Silence, Move::Cancel];
    match delivery.poll() {
        Step::Done(_) if delivery.is_kept() => {
            [Move::NextMessage, Move::Quit].into_iter().chain(lost).chain(heard).collect()
        }
        Step::Done(_) => Vec::new(),
        Step::Secure(_) => {
            let ends = [true, false].map(|is_verified| Move::Secured { is_verified });
            ends.into_iter().chain([Move::SecureFailed, Move::reply("220")]).chain(lost).collect()
        }
        Step::Authenticate(step) => {
            let answers = match step.request {
                AuthRequest::Start { initial: Some(_) } => {
                    [true, false].map(|has_initial| Move::AuthStart { has_initial })
                }
                AuthRequest::Start { initial: None } => [Move::AuthStart { has_initial: false }, Move::AuthAbandon],
                AuthRequest::Challenge(_) => [Move::AuthResponse, Move::AuthAbandon],
                AuthRequest::Success => [Move::AuthComplete, Move::AuthAbandon],
            };
            answers.into_iter().chain([Move::reply("250"), Move::reply("535")]).chain(lost).collect()
        }
        Step::Connect(_) => vec![Move::Connected, Move::ConnectFailed, Move::Cancel],
        Step::Transmit(_) => [Move::Sent, Move::SentOneOctet, Move::Lost(Disconnect::WriteFailed)]
            .into_iter()
            .chain(lost)
            .chain(heard)
            .collect(),
        Step::Content(_) => [Move::Content, Move::EndContent].into_iter().chain(lost).chain(heard).collect(),
        Step::Rewind => {
            let is_lost = delivery.report().attempts().last().is_none_or(|attempt| attempt.end().is_some());
            let events = if is_lost { &[Move::Cancel][..] } else { &[Move::reply("421"), Move::reply("250")] };
            let lost = lost.into_iter().filter(|_| !is_lost);
            [Move::Rewound, Move::CannotRewind].into_iter().chain(events.iter().copied()).chain(lost).collect()
        }
        Step::Receive(_) => [Move::Lost(Disconnect::Reset)].into_iter().chain(lost).chain(heard).collect(),
    }
}

pub(super) fn make(watched: &mut Watched, step: Move) {
    let made = match step {
        Move::Connected => watched.connected(),
        Move::ConnectFailed => watched.connect_failed("refused"),
        Move::Sent => {
            let len = to_transmit(watched);
            watched.sent(len)
        }
        Move::SentOneOctet => watched.sent(1),
        Move::Reply(index) => watched.received(replies().nth(index).map_or("", |(_, octets)| octets).as_bytes()),
        Move::Lost(how) => watched.disconnected(how),
        Move::Silence => watched.timed_out(),
        Move::Content => {
            let line = b".line\n";
            let room = match watched.poll() {
                Step::Content(room) => room,
                _ => line.len(),
            };
            watched.content(&line[..line.len().min(room)])
        }
        Move::EndContent => watched.end_content(),
        Move::Rewound => watched.rewound(),
        Move::CannotRewind => watched.cannot_rewind(),
        Move::Cancel => {
            watched.cancel(Cancel::Interrupted);
            Ok(())
        }
        Move::NextMessage => {
            let envelope = watched.delivery().envelope().clone();
            watched.deliver_next(envelope)
        }
        Move::Quit => watched.quit(),
        Move::Secured { is_verified: true } => watched.secured(Secured::verified(TlsVersion::Tls13)),
        Move::Secured { is_verified: false } => {
            watched.secured(Secured::unverified(TlsVersion::Tls12, "self-signed").with_channel_binding(true))
        }
        Move::SecureFailed => watched.secure_failed("alert"),
        Move::AuthStart { has_initial } => watched.auth_start(has_initial.then_some(RESPONSE)),
        Move::AuthResponse => watched.auth_response(RESPONSE),
        Move::AuthComplete => watched.auth_complete(),
        Move::AuthAbandon => watched.auth_abandon("no password"),
    };
    assert_eq!(made, Ok(()), "{step} was asked for and rejected\n{}", watched.conversation());
    watched.poll();
}

fn to_transmit(watched: &mut Watched) -> usize {
    match watched.poll() {
        Step::Transmit(transmit) => transmit.octets().len(),
        _ => 0,
    }
}

//! Records the events of a run cheaply, and formats them as a transcript on request.

mod parameters;

use std::{fmt, sync::Arc};

use smtp_proto::{
    Afterwards, AuthPolicy, Body, Cancel, Chunking, Config, Disconnect, EightBitPolicy, Envelope, HeloRetry, KnownHost,
    Limits, LineEndings, Need, Place, Protocol, Size, Step, TlsPolicy, TlsVersion,
};

use crate::oracle::Input;

/// A run, in the order of its events.
#[derive(Clone, Debug)]
pub(crate) struct Conversation {
    config: Arc<Config>,
    messages: Vec<Told>,
    events: Vec<Event>,
    octets: Vec<u8>,
    /// The caller could not read the content again.
    cannot_rewind: bool,
}

/// A message, as far as it was given to the delivery.
#[derive(Clone, Debug)]
struct Told {
    envelope: Arc<Envelope>,
    content: Vec<u8>,
    ended: bool,
    /// It is being given again.
    again: bool,
}

#[derive(Clone, Debug)]
enum Event {
    Connected(Place),
    ConnectFailed(Place),
    /// The octets from the end of the previous event up to `end`. `more`: the client had more to send.
    Client {
        end: usize,
        more: bool,
    },
    Server {
        end: usize,
    },
    Lost(Disconnect),
    Silence,
    Cancel(Cancel),
    /// The message was done, and the next one was started.
    Next {
        kept: bool,
        message: usize,
    },
    /// The message was done, and the caller asked for QUIT.
    Quit,
    Known(KnownHost),
    Secured {
        version: TlsVersion,
        is_verified: bool,
        can_bind: bool,
    },
    SecureFailed,
    AuthAbandoned,
}

/// What a delivery wanted: a [`Step`] without its borrows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wanted {
    Connection(Place),
    ToWrite,
    Content,
    Rewind,
    /// A reply, or nothing more.
    Nothing,
}

impl Wanted {
    pub(crate) const fn of(step: &Step<'_>) -> Self {
        match step {
            Step::Connect(connect) => Self::Connection(connect.place),
            Step::Transmit(_) => Self::ToWrite,
            Step::Content(_) => Self::Content,
            Step::Rewind => Self::Rewind,
            Step::Secure(_) | Step::Authenticate(_) | Step::Receive(_) | Step::Done(_) => Self::Nothing,
        }
    }
}

impl Conversation {
    pub(crate) fn new(config: &Arc<Config>, envelope: &Arc<Envelope>) -> Self {
        let messages = vec![Told::new(envelope)];
        // Enough for most runs.
        Self {
            config: config.clone(),
            messages,
            events: Vec::with_capacity(32),
            octets: Vec::with_capacity(512),
            cannot_rewind: false,
        }
    }

    /// Records an input that the delivery got while it wanted `wanted`. `shown`: the octets to be written.
    pub(crate) fn note(&mut self, input: &Input<'_>, wanted: Wanted, shown: &[u8], kept: bool) {
        let place = match wanted {
            Wanted::Connection(place) => place,
            _ => Place::Any,
        };
        let event = match input {
            Input::Sent(octets) => return self.client(shown.get(..*octets).unwrap_or_default()),
            Input::Content(octets) => {
                let told = self.messages.last_mut().into_iter().filter(|told| !told.again);
                return told.for_each(|told| told.content.extend_from_slice(octets));
            }
            Input::EndContent => return self.messages.last_mut().into_iter().for_each(|told| told.ended = true),
            Input::Received(octets) => return self.server(octets, wanted),
            Input::Quit if !kept => return,
            Input::Connected => Event::Connected(place),
            Input::ConnectFailed => Event::ConnectFailed(place),
            Input::Lost(how) => Event::Lost(*how),
            Input::TimedOut => Event::Silence,
            Input::Cancel(why) => Event::Cancel(*why),
            Input::Quit => Event::Quit,
            Input::Know(host) => Event::Known(*host),
            Input::Secured { version, is_verified, can_bind } => {
                Event::Secured { version: *version, is_verified: *is_verified, can_bind: *can_bind }
            }
            Input::SecureFailed => Event::SecureFailed,
            // The player computes the same responses.
            Input::AuthStart(_) | Input::AuthResponse(_) | Input::AuthComplete => return self.flight_ends(wanted),
            // So does it with the content.
            Input::Rewound => {
                self.messages.last_mut().into_iter().for_each(|told| told.again = true);
                return self.flight_ends(wanted);
            }
            Input::CannotRewind => {
                self.cannot_rewind = true;
                return self.flight_ends(wanted);
            }
            Input::AuthAbandon => Event::AuthAbandoned,
            Input::DeliverNext(envelope) => {
                self.messages.push(Told::new(envelope));
                Event::Next { kept, message: self.messages.len() - 1 }
            }
        };
        self.flight_ends(wanted);
        self.events.push(event);
    }

    fn client(&mut self, octets: &[u8]) {
        if octets.is_empty() {
            return;
        }
        let end = self.keep(octets);
        match self.events.last_mut() {
            Some(Event::Client { end: last, .. }) => *last = end,
            _ => self.events.push(Event::Client { end, more: false }),
        }
    }

    fn server(&mut self, octets: &[u8], wanted: Wanted) {
        if octets.is_empty() {
            return;
        }
        self.flight_ends(wanted);
        let end = self.keep(octets);
        match self.events.last_mut() {
            Some(Event::Server { end: last }) => *last = end,
            _ => self.events.push(Event::Server { end }),
        }
    }

    fn flight_ends(&mut self, wanted: Wanted) {
        if let Some(Event::Client { more, .. }) = self.events.last_mut() {
            *more = matches!(wanted, Wanted::ToWrite | Wanted::Content);
        }
    }

    fn keep(&mut self, octets: &[u8]) -> usize {
        self.octets.extend_from_slice(octets);
        self.octets.len()
    }

    /// The run as a transcript that can be played. `kept`: whether the connection is kept now.
    pub(crate) fn transcript(&self, kept: bool) -> impl fmt::Display {
        Transcript { conversation: self, kept }
    }
}

impl Told {
    fn new(envelope: &Arc<Envelope>) -> Self {
        Self { envelope: envelope.clone(), content: Vec::new(), ended: false, again: false }
    }
}

struct Transcript<'c> {
    conversation: &'c Conversation,
    kept: bool,
}

impl fmt::Display for Transcript<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Conversation { config, messages, events, octets, cannot_rewind } = self.conversation;
        write_policy(f, config)?;
        if *cannot_rewind {
            writeln!(f, "rewind: no")?;
        }
        write_message(f, &messages[0], true)?;
        writeln!(f)?;
        let mut start = 0;
        for event in events {
            match event {
                Event::Connected(place) => writeln!(f, "-- connect{}", of_place(*place))?,
                Event::ConnectFailed(place) => writeln!(f, "-- connect{} fails: no route to host", of_place(*place))?,
                Event::Client { end, more } => write_lines(f, "C: ", &octets[start..*end], *more)?,
                Event::Server { end } => write_lines(f, "S: ", &octets[start..*end], false)?,
                Event::Lost(Disconnect::Closed) => writeln!(f, "-- close")?,
                Event::Lost(Disconnect::Reset) => writeln!(f, "-- reset")?,
                Event::Lost(Disconnect::WriteFailed) => writeln!(f, "-- write fails")?,
                Event::Lost(Disconnect::ReadFailed) => writeln!(f, "-- read fails")?,
                Event::Lost(other) => writeln!(f, "-- lost: {other:?}")?,
                Event::Silence => writeln!(f, "-- silence")?,
                Event::Cancel(Cancel::Interrupted) => writeln!(f, "-- cancel: interrupted")?,
                Event::Cancel(Cancel::Deadline) => writeln!(f, "-- cancel: deadline")?,
                Event::Cancel(Cancel::TooSlow) => writeln!(f, "-- cancel: too slow")?,
                Event::Cancel(Cancel::ContentUnreadable) => writeln!(f, "-- cancel: content unreadable")?,
                Event::Cancel(Cancel::ContentChanged) => writeln!(f, "-- cancel: content changed")?,
                Event::Cancel(other) => writeln!(f, "-- cancel: {other}")?,
                Event::Next { kept, message } => {
                    writeln!(f, "-- {}\n-- next message", done(*kept))?;
                    write_message(f, &messages[*message], false)?;
                }
                Event::Quit => writeln!(f, "-- kept\n-- quit")?,
                Event::Known(host) => {
                    write!(f, "-- known:{}", known(*host))?;
                    host.recipients().map_or(Ok(()), |most| write!(f, " recipients={most}"))?;
                    writeln!(f)?;
                }
                Event::Secured { version, is_verified, can_bind } => {
                    let binding = if *can_bind { "" } else { " unbound" };
                    match is_verified {
                        true => writeln!(f, "-- tls verified {version}{binding}")?,
                        false => writeln!(f, "-- tls unverified {version}{binding}: self-signed")?,
                    }
                }
                Event::SecureFailed => writeln!(f, "-- tls fails: alert")?,
                Event::AuthAbandoned => writeln!(f, "-- auth abandoned: no reason")?,
            }
            if let Event::Client { end, .. } | Event::Server { end } = event {
                start = *end;
            }
        }
        writeln!(f, "-- {}", done(self.kept))
    }
}

fn known(host: KnownHost) -> String {
    let words = [
        host.secured().then(|| " secured".to_owned()),
        host.helo_only().then(|| " helo-only".to_owned()),
        host.lockstep().then(|| " lockstep".to_owned()),
        host.recipients().map(|most| format!(" recipients={most}")),
    ];
    if host == KnownHost::UNKNOWN { " nothing".into() } else { words.into_iter().flatten().collect() }
}

fn of_place(place: Place) -> &'static str {
    match place {
        Place::Any => "",
        Place::Same => " same",
    }
}

fn done(kept: bool) -> &'static str {
    if kept { "kept" } else { "done" }
}

fn write_policy(f: &mut fmt::Formatter<'_>, config: &Config) -> fmt::Result {
    writeln!(f, "hello-name: {}", config.hello_name())?;
    for (said, setting) in [
        (config.protocol() == Protocol::Lmtp, "protocol: lmtp"),
        (config.helo_retry() == HeloRetry::Timeout, "helo-retry: timeout"),
        (config.helo_retry() == HeloRetry::Never, "helo-retry: never"),
        (config.eight_bit() == EightBitPolicy::Send, "8bit: send"),
        (config.line_endings() == LineEndings::Strict, "line-endings: strict"),
        (config.tls() == TlsPolicy::Opportunistic, "tls: opportunistic"),
        (config.tls() == TlsPolicy::Required, "tls: required"),
        (config.tls() == TlsPolicy::Implicit, "tls: implicit"),
        (config.afterwards() == Afterwards::Keep, "afterwards: keep"),
        (config.ignore_limits(), "limits-offered: ignore"),
        (config.chunking() == Chunking::Never, "chunking: never"),
    ] {
        if said {
            writeln!(f, "{setting}")?;
        }
    }
    if let Some(most) = config.max_recipients() {
        writeln!(f, "max-recipients: {most}")?;
    }
    if let AuthPolicy::Required(how) = config.auth() {
        write!(f, "auth:")?;
        how.mechanisms().iter().try_for_each(|mechanism| write!(f, " {}", mechanism.name()))?;
        f.write_str(if how.in_clear() { " in-clear" } else { "" })?;
        writeln!(f, "{}", if how.any_order() { " any-order" } else { "" })?;
    }
    let limits = config.limits();
    if *limits != Limits::DEFAULT {
        write!(f, "limits: reply-line={} reply={} ", limits.reply_line(), limits.reply())?;
        write!(f, "kept-reply={} pipeline={} ", limits.kept_reply(), limits.pipeline())?;
        writeln!(f, "block={} chunk={}", limits.block(), limits.chunk())?;
    }
    Ok(())
}

fn write_message(f: &mut fmt::Formatter<'_>, told: &Told, is_first: bool) -> fmt::Result {
    let envelope = &told.envelope;
    writeln!(f, "from: <{}>", envelope.reverse_path())?;
    for (index, path) in envelope.forward_paths().iter().enumerate() {
        writeln!(f, "to: {path}")?;
        parameters::write_rcpt(f, envelope.rcpt_parameters(index))?;
    }
    parameters::write_mail(f, envelope, is_first)?;
    let body = match envelope.body() {
        Body::Binary => "binary",
        Body::EightBit => "8bit",
        _ => "7bit",
    };
    writeln!(f, "body: {body}")?;
    match envelope.size() {
        None => {}
        Some(Size::Exact(octets)) => writeln!(f, "size: exactly {octets}")?,
        Some(Size::Estimate(octets)) => writeln!(f, "size: {octets}")?,
    }
    if !envelope.needs().is_empty() {
        // The need of an additional parameter follows from it.
        let needs = envelope.needs().iter().filter(|need| *need != Need::Parameter);
        let needs: Vec<_> = needs.map(|need| need.to_string().to_lowercase()).collect();
        writeln!(f, "needs: {}", needs.join(" "))?;
    }
    if told.ended && told.content.is_empty() {
        writeln!(f, "message: empty")?;
    }
    write_lines(f, "| ", &told.content, false)
}

/// Writes each line with its prefix. `more`: the flight continues after the last line.
fn write_lines(f: &mut fmt::Formatter<'_>, side: &str, octets: &[u8], more: bool) -> fmt::Result {
    let mut lines = octets.split_inclusive(|octet| *octet == b'\n').peekable();
    while let Some(line) = lines.next() {
        let (text, ended) = match line.strip_suffix(b"\r\n") {
            Some(text) if !more || lines.peek().is_some() => (text, true),
            _ => (line, false),
        };
        // Lines of a transcript must not end in a space.
        f.write_str(if text.is_empty() { side.trim_end() } else { side })?;
        let last_blank = if ended { text.len().checked_sub(1) } else { None };
        for (at, octet) in text.iter().enumerate() {
            match octet {
                b'\r' => f.write_str("\\r")?,
                b'\n' => f.write_str("\\n")?,
                b'\\' => f.write_str("\\\\")?,
                b' ' if Some(at) == last_blank => f.write_str("\\x20")?,
                b' '..=b'~' => write!(f, "{}", char::from(*octet))?,
                other => write!(f, "\\x{other:02x}")?,
            }
        }
        writeln!(f, "{}", if ended { "" } else { "\\c" })?;
    }
    Ok(())
}

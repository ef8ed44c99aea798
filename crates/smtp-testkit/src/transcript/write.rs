//! Writes transcripts: what [`Transcript::parse`](super::Transcript::parse) reads.

use std::fmt;

use smtp_proto::{
    Afterwards, AuthPolicy, Body, Cancel, Chunking, Config, Disconnect, EightBitPolicy, Envelope, HeloRetry, KnownHost,
    Limits, LineEndings, Need, Place, Protocol, Size, TlsPolicy, TlsVersion,
};

use super::{
    script::{Action, Handshake, LeftOut},
    written_parameters,
};

/// The settings of a client's policy, with which a transcript begins.
pub struct PolicySettings<'w>(pub &'w Config);

/// The settings of a message.
pub struct MessageSettings<'w> {
    /// The sender and the recipients.
    pub envelope: &'w Envelope,
    /// What is known of the content.
    pub content: Content<'w>,
    /// Whether it is the first message. The others must not inherit its settings.
    pub is_first: bool,
}

/// What is known of the content of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Content<'w> {
    /// All of it.
    Octets(&'w [u8]),
    /// Only its size, in octets.
    Size(u64),
    /// Nothing.
    Unknown,
}

impl fmt::Display for Action {
    /// The lines of the action, with their line ends.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(flight) => write_lines(f, "S: ", &flight.octets, false),
            Self::Client(flight) => write_lines(f, "C: ", &flight.octets, flight.unended),
            Self::LeftOut(LeftOut::Content(octets)) => writeln!(f, "-- content: {octets} octets"),
            Self::LeftOut(LeftOut::Client(octets)) => writeln!(f, "-- client hides {octets} octets"),
            Self::LeftOut(LeftOut::Server(octets)) => writeln!(f, "-- server hides {octets} octets"),
            Self::Connect(place) => writeln!(f, "-- connect{}", of_place(*place)),
            Self::ConnectFails(place, why) => writeln!(f, "-- connect{} fails: {}", of_place(*place), on_a_line(why)),
            Self::Lost(Disconnect::Closed) => writeln!(f, "-- close"),
            Self::Lost(Disconnect::Reset) => writeln!(f, "-- reset"),
            Self::Lost(Disconnect::WriteFailed) => writeln!(f, "-- write fails"),
            Self::Lost(Disconnect::ReadFailed) => writeln!(f, "-- read fails"),
            Self::Lost(other) => writeln!(f, "-- lost: {other:?}"),
            Self::Silence(None) => writeln!(f, "-- silence"),
            Self::Silence(Some(limit)) => writeln!(f, "-- silence: {} s", limit.as_secs()),
            Self::Cancel(Cancel::Interrupted) => writeln!(f, "-- cancel: interrupted"),
            Self::Cancel(Cancel::Deadline) => writeln!(f, "-- cancel: deadline"),
            Self::Cancel(Cancel::TooSlow) => writeln!(f, "-- cancel: too slow"),
            Self::Cancel(Cancel::ContentUnreadable) => writeln!(f, "-- cancel: content unreadable"),
            Self::Cancel(Cancel::ContentChanged) => writeln!(f, "-- cancel: content changed"),
            // Other reasons are the caller's own.
            Self::Cancel(other) => writeln!(f, "# {}\n-- cancel: interrupted", on_a_line(&other.to_string())),
            Self::Done { kept: true } => writeln!(f, "-- kept"),
            Self::Done { kept: false } => writeln!(f, "-- done"),
            Self::NextMessage => writeln!(f, "-- next message"),
            Self::Quit => writeln!(f, "-- quit"),
            Self::Know(host) => write_known(f, *host),
            Self::Tls(Handshake::Fails(why)) => writeln!(f, "-- tls fails: {}", on_a_line(why)),
            Self::Tls(Handshake::Secured { version, unverified, can_bind }) => {
                write!(f, "-- tls {}", if unverified.is_some() { "unverified" } else { "verified" })?;
                match version {
                    TlsVersion::Tls13 => {}
                    other => write!(f, " {other}")?,
                }
                f.write_str(if *can_bind { "" } else { " unbound" })?;
                match unverified {
                    None => writeln!(f),
                    Some(why) => writeln!(f, ": {}", on_a_line(why)),
                }
            }
            Self::AbandonAuth(why) => writeln!(f, "-- auth abandoned: {}", on_a_line(why)),
        }
    }
}

/// A reason, which may be in the words of a server, without what would end its line.
fn on_a_line(why: &str) -> String {
    let text = why.replace(char::is_control, " ");
    if text.trim().is_empty() { "no reason".to_owned() } else { text.trim().to_owned() }
}

fn of_place(place: Place) -> &'static str {
    match place {
        Place::Any => "",
        Place::Same => " same",
    }
}

fn write_known(f: &mut fmt::Formatter<'_>, host: KnownHost) -> fmt::Result {
    f.write_str("-- known:")?;
    if host == KnownHost::UNKNOWN {
        return writeln!(f, " nothing");
    }
    for (is_known, word) in
        [(host.secured(), " secured"), (host.helo_only(), " helo-only"), (host.lockstep(), " lockstep")]
    {
        f.write_str(if is_known { word } else { "" })?;
    }
    host.recipients().map_or(Ok(()), |most| write!(f, " recipients={most}"))?;
    writeln!(f)
}

impl fmt::Display for PolicySettings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config = self.0;
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
}

impl fmt::Display for MessageSettings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { envelope, content, is_first } = self;
        writeln!(f, "from: <{}>", envelope.reverse_path())?;
        for (index, path) in envelope.forward_paths().iter().enumerate() {
            writeln!(f, "to: {path}")?;
            written_parameters::write_rcpt(f, envelope.rcpt_parameters(index))?;
        }
        written_parameters::write_mail(f, envelope, *is_first)?;
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
        // The need of an additional parameter follows from it.
        let needs: Vec<_> = envelope.needs().iter().filter(|need| *need != Need::Parameter).collect();
        if !(needs.is_empty() && *is_first) {
            f.write_str("needs:")?;
            needs.iter().try_for_each(|need| write!(f, " {}", need.to_string().to_lowercase()))?;
            writeln!(f)?;
        }
        match content {
            Content::Octets([]) => writeln!(f, "message: empty"),
            Content::Octets(octets) => write_lines(f, "| ", octets, false),
            Content::Size(octets) => writeln!(f, "message: {octets} octets"),
            Content::Unknown => Ok(()),
        }
    }
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::transcript::Transcript;

    fn written(transcript: &Transcript) -> String {
        let mut messages = transcript.messages.iter();
        let mut settings = |is_first| {
            let message = messages.next().unwrap();
            let content = Content::Octets(&message.content);
            MessageSettings { envelope: &message.envelope, content, is_first }.to_string()
        };
        let mut text = format!("{}{}", PolicySettings(&transcript.config), settings(true));
        for item in &transcript.script {
            text += &item.action.to_string();
            if let Action::NextMessage = item.action {
                text += &settings(false);
            }
        }
        text
    }

    #[test]
    fn every_transcript_is_read_as_it_was_written() {
        for (name, transcript) in Transcript::all() {
            let text = written(&transcript);
            let again =
                Transcript::parse(&text, Path::new("")).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
            assert_eq!(written(&again), text, "{name}");
        }
    }

    #[test]
    fn what_is_left_out_is_read_as_it_was_written() {
        let marks = "-- connect\n-- client hides 41 octets\nS: 334 \\c\n-- server hides 18 octets\n\
                     C: DATA\nS: 354 Go\n-- content: 812 octets\nC: .\n-- done\n";
        let transcript = Transcript::parse(marks, Path::new("")).unwrap();
        let text: String = transcript.script.iter().map(|item| item.action.to_string()).collect();
        assert_eq!(text, marks);
    }

    #[test]
    fn a_reason_cannot_begin_another_line() {
        let why = "no\r\n-- done\nto: eve@example.net ";
        assert_eq!(Action::Tls(Handshake::Fails(why.to_owned())).to_string().lines().count(), 1);
        assert_eq!(Action::ConnectFails(Place::Any, String::new()).to_string(), "-- connect fails: no reason\n");
    }
}

//! Records the events of a run cheaply, and formats them as a transcript on request.

use std::{fmt, sync::Arc};

use smtp_proto::{Cancel, Config, Disconnect, Envelope, KnownHost, Place, Step, TlsVersion};

use crate::{
    oracle::Input,
    transcript::{Action, Content, Flight, Handshake, MessageSettings, PolicySettings},
};

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

    fn settings(&self, is_first: bool) -> MessageSettings<'_> {
        let is_unknown = self.content.is_empty() && !self.ended;
        let content = if is_unknown { Content::Unknown } else { Content::Octets(&self.content) };
        MessageSettings { envelope: &self.envelope, content, is_first }
    }
}

struct Transcript<'c> {
    conversation: &'c Conversation,
    kept: bool,
}

impl fmt::Display for Transcript<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Conversation { config, messages, events, octets, cannot_rewind } = self.conversation;
        write!(f, "{}", PolicySettings(config))?;
        if *cannot_rewind {
            writeln!(f, "rewind: no")?;
        }
        writeln!(f, "{}", messages[0].settings(true))?;
        let mut start = 0;
        for event in events {
            let action = match event {
                Event::Connected(place) => Action::Connect(*place),
                Event::ConnectFailed(place) => Action::ConnectFails(*place, "no route to host".to_owned()),
                Event::Client { end, more } => Action::Client(Flight::of(&octets[start..*end], *more)),
                Event::Server { end } => Action::Server(Flight::of(&octets[start..*end], false)),
                Event::Lost(how) => Action::Lost(*how),
                Event::Silence => Action::Silence(None),
                Event::Cancel(why) => Action::Cancel(*why),
                Event::Next { kept, message } => {
                    write!(f, "{}{}", Action::Done { kept: *kept }, Action::NextMessage)?;
                    write!(f, "{}", messages[*message].settings(false))?;
                    continue;
                }
                Event::Quit => {
                    write!(f, "{}", Action::Done { kept: true })?;
                    Action::Quit
                }
                Event::Known(host) => Action::Know(*host),
                Event::Secured { version, is_verified, can_bind } => {
                    let unverified = (!is_verified).then(|| "self-signed".to_owned());
                    Action::Tls(Handshake::Secured { version: *version, unverified, can_bind: *can_bind })
                }
                Event::SecureFailed => Action::Tls(Handshake::Fails("alert".to_owned())),
                Event::AuthAbandoned => Action::AbandonAuth("no reason".to_owned()),
            };
            write!(f, "{action}")?;
            if let Event::Client { end, .. } | Event::Server { end } = event {
                start = *end;
            }
        }
        write!(f, "{}", Action::Done { kept: self.kept })
    }
}

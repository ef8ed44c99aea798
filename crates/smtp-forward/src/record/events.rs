//! What happens while a message is delivered, in order.

use std::fmt;

use smtp_testkit::transcript::{Action, Flight, LeftOut};

#[derive(Default)]
pub(super) struct Events {
    events: Vec<Event>,
    /// Which attempts the client closed the connection of, and after how many events.
    closed: Vec<(usize, usize)>,
}

enum Event {
    Action(Action),
    /// Players skip it.
    Remark(String),
}

impl Events {
    pub(super) fn push(&mut self, action: Action) {
        self.events.push(Event::Action(action));
    }

    pub(super) fn remark(&mut self, text: &str) {
        self.events.push(Event::Remark(text.replace(char::is_control, " ")));
    }

    pub(super) fn client(&mut self, octets: &[u8]) {
        match self.events.last_mut() {
            Some(Event::Action(Action::Client(flight))) => flight.octets.extend_from_slice(octets),
            _ => self.push(Action::Client(Flight::of(octets, false))),
        }
    }

    pub(super) fn server(&mut self, octets: &[u8]) {
        match self.events.last_mut() {
            _ if octets.is_empty() => {}
            Some(Event::Action(Action::Server(flight))) => flight.octets.extend_from_slice(octets),
            _ => self.push(Action::Server(Flight::of(octets, false))),
        }
    }

    /// Adds to what was left out before, if that was of the same kind.
    pub(super) fn left_out(&mut self, what: LeftOut) {
        if let Some(Event::Action(Action::LeftOut(before))) = self.events.last_mut() {
            match (before, what) {
                (LeftOut::Content(sum), LeftOut::Content(octets)) | (LeftOut::Client(sum), LeftOut::Client(octets)) => {
                    *sum += octets;
                    return;
                }
                (LeftOut::Server(_) | LeftOut::Content(_) | LeftOut::Client(_), _) => {}
            }
        }
        match what {
            LeftOut::Content(0) => {}
            what => self.push(Action::LeftOut(what)),
        }
    }

    /// The client closed the connection of this attempt.
    pub(super) fn closed(&mut self, attempt: usize) {
        self.closed.push((attempt, self.events.len()));
    }

    /// Says that the server was silent at the end of these attempts.
    pub(super) fn insert_silences(&mut self, attempts: impl Iterator<Item = usize>) {
        let end = self.events.len();
        let place = |attempt| self.closed.iter().find(|(other, _)| *other == attempt).map_or(end, |(_, place)| *place);
        let mut places: Vec<_> = attempts.map(place).collect();
        places.sort_unstable();
        for place in places.into_iter().rev() {
            self.events.insert(place, Event::Action(Action::Silence(None)));
        }
    }
}

impl fmt::Display for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.events.iter().try_for_each(|event| match event {
            Event::Action(action) => write!(f, "{action}"),
            Event::Remark(text) => writeln!(f, "# {text}"),
        })
    }
}

//! Walks every state that a delivery can reach: breadth first, each state once, with the oracle watching
//! every move. It only relies on [`Delivery`] being a value that can be cloned and hashed.

mod moves;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
};

use smtp_proto::{
    Config, Delivery, Disconnect, Envelope, Hello, MisuseError, Secured, Stage, Step, TlsReport, TlsVersion,
};

use crate::Watched;
pub use moves::Move;
use moves::{make, moves};

/// The result of a walk.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Walk {
    /// Number of distinct values of [`Delivery`] that were reached.
    pub states: usize,
    /// Number of moves made from them, under the oracle.
    pub edges: usize,
    /// Number of states at the edge of the walk in which the delivery is done.
    pub done: usize,
    /// The transitions between places, as a caller sees them.
    pub transitions: BTreeSet<Transition>,
}

/// The place before, the move, and the place after.
pub type Transition = (String, Move, String);

impl Walk {
    /// Adds the result of another walk.
    pub fn add(&mut self, other: Self) {
        self.states += other.states;
        self.edges += other.edges;
        self.done += other.done;
        self.transitions.extend(other.transitions);
    }
}

/// Walks all states within `depth` moves of `start`, but at most `most` of them. Then checks that the
/// delivery ends from each state at the edge of the walk if the server stays silent.
///
/// # Panics
///
/// If the oracle finds a broken promise, or a state from which the delivery does not end.
pub fn explore(start: Watched, depth: usize, most: usize) -> Walk {
    let mut walk = Walk::default();
    let mut seen = HashSet::from([fingerprint(start.delivery())]);
    let mut frontier = vec![start];
    for _ in 0..depth {
        let mut next = Vec::new();
        for state in frontier {
            rejects_misuse(&state);
            for step in moves(&state) {
                let mut after = state.clone();
                make(&mut after, step);
                walk.edges += 1;
                let (from, to) = (place(state.delivery()), place(after.delivery()));
                if from != to {
                    walk.transitions.insert((from, step, to));
                }
                if seen.insert(fingerprint(after.delivery())) && seen.len() < most {
                    next.push(after);
                }
            }
        }
        frontier = next;
    }
    walk.states = seen.len();
    for state in frontier {
        walk.done += usize::from(matches!(state.delivery().poll(), Step::Done(_)));
        ends_in_silence(state);
    }
    walk
}

/// Collects the transitions for a diagram. Walks to the end of every path, but continues from at most
/// `most` states that look the same to a caller.
pub fn sketch(start: Watched, most: usize) -> BTreeSet<Transition> {
    let mut transitions = BTreeSet::new();
    let mut seen = HashSet::new();
    let mut at_place: HashMap<String, usize> = HashMap::new();
    let mut frontier = VecDeque::from([start]);
    while let Some(state) = frontier.pop_front() {
        let from = place(state.delivery());
        for step in moves(&state) {
            let mut after = state.clone();
            make(&mut after, step);
            let to = place(after.delivery());
            if from != to {
                transitions.insert((from.clone(), step, to.clone()));
            }
            let there = at_place.entry(to).or_default();
            if *there < most && seen.insert(fingerprint(after.delivery())) {
                *there += 1;
                frontier.push_back(after);
            }
        }
    }
    transitions
}

/// A delivery of `second` on a kept connection. The server accepted `hello` there, offered 8BITMIME (except
/// after HELO), and has accepted a message to the recipients of `first`.
///
/// # Panics
///
/// If `config` does not keep connections, or if `hello` belongs to another protocol.
pub fn second_message(config: &Config, hello: Hello, first: &Envelope, second: Envelope) -> Watched {
    let mut watched = Watched::new(config.clone(), first.clone());
    let ehlo_reply = match hello {
        Hello::Ehlo | Hello::Lhlo => "250-mx.example\r\n250 8BITMIME\r\n",
        Hello::Helo => "500 what?\r\n",
    };
    for _ in 0..100 {
        let stage = watched.delivery().report().attempts().last().map(|attempt| attempt.stage());
        let step = match watched.poll() {
            Step::Connect(_) => Move::Connected,
            Step::Transmit(_) => Move::Sent,
            Step::Content(_) => Move::EndContent,
            Step::Rewind => Move::Rewound,
            Step::Receive(_) => match stage {
                Some(Stage::Data) => Move::reply("354"),
                Some(Stage::Ehlo | Stage::Lhlo) => {
                    watched.received(ehlo_reply.as_bytes()).expect("a reply was due");
                    continue;
                }
                _ => Move::reply("250"),
            },
            Step::Secure(_) | Step::Authenticate(_) | Step::Done(_) => break,
        };
        make(&mut watched, step);
    }
    watched.deliver_next(second).expect("the first message is done");
    assert!(watched.delivery().report().attempts().all(|attempt| attempt.reused()), "the connection was kept");
    watched
}

/// A delivery after these moves.
///
/// # Panics
///
/// If one of them is not possible.
#[must_use]
pub fn after(mut start: Watched, steps: &[Move]) -> Watched {
    for step in steps {
        make(&mut start, *step);
    }
    start
}

/// The transitions as a Mermaid flowchart, with one arrow for all moves between the same two places.
pub fn diagram(transitions: &BTreeSet<Transition>) -> String {
    let mut arrows: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for (from, step, to) in transitions {
        arrows.entry((from, to)).or_default().push(step.to_string());
    }
    let places: BTreeSet<&str> = arrows.keys().flat_map(|(from, to)| [*from, *to]).collect();
    let index = |place: &str| places.iter().position(|other| *other == place).unwrap_or_default();
    let nodes = places.iter().map(|place| format!("    p{}[\"{place}\"]\n", index(place)));
    let arrows = arrows
        .iter()
        .map(|((from, to), steps)| format!("    p{} -->|\"{}\"| p{}\n", index(from), steps.join(", "), index(to)));
    std::iter::once("flowchart TD\n".to_owned()).chain(nodes).chain(arrows).collect()
}

/// A call at the wrong moment returns an error and changes nothing.
fn rejects_misuse(state: &Watched) {
    let delivery = state.delivery();
    let connecting = matches!(delivery.poll(), Step::Connect(_));
    let is_lost = matches!(delivery.poll(), Step::Rewind)
        && delivery.report().attempts().last().is_none_or(|attempt| attempt.end().is_some());
    let connected = !connecting && !is_lost && (delivery.is_kept() || !matches!(delivery.poll(), Step::Done(_)));
    let wants_content = matches!(delivery.poll(), Step::Content(_));
    let mut tried = delivery.clone();
    let mut refused = |fits: bool, call: fn(&mut Delivery) -> Result<(), MisuseError>| {
        if !fits {
            assert!(call(&mut tried).is_err(), "{delivery:?}");
        }
    };
    refused(connecting, Delivery::connected);
    refused(connecting, |delivery| delivery.connect_failed("refused"));
    refused(connected, |delivery| delivery.received(b"250 ok\r\n"));
    refused(connected, |delivery| delivery.disconnected(Disconnect::Closed));
    refused(connected, Delivery::timed_out);
    refused(false, |delivery| delivery.sent(1_000_000));
    refused(wants_content, |delivery| delivery.content(b"x"));
    refused(wants_content, Delivery::end_content);
    refused(matches!(delivery.poll(), Step::Done(_)), Delivery::quit);
    let is_securing = matches!(delivery.poll(), Step::Secure(_));
    refused(is_securing, |delivery| delivery.secured(Secured::verified(TlsVersion::Tls13)));
    refused(is_securing, |delivery| delivery.secure_failed("alert"));
    let is_rewinding = matches!(delivery.poll(), Step::Rewind);
    refused(is_rewinding, Delivery::rewound);
    refused(is_rewinding, Delivery::cannot_rewind);
    refused(false, |delivery| delivery.auth_start(Some(&[0; 512])));
    let is_authenticating = matches!(delivery.poll(), Step::Authenticate(_));
    refused(is_authenticating, |delivery| delivery.auth_response(b""));
    refused(is_authenticating, Delivery::auth_complete);
    refused(is_authenticating, |delivery| delivery.auth_abandon("no password"));
    assert_eq!(&tried, delivery);
}

fn ends_in_silence(mut state: Watched) {
    for _ in 0..20 {
        let step = match state.poll() {
            Step::Done(_) => return,
            Step::Secure(_) => Move::SecureFailed,
            Step::Authenticate(_) => Move::AuthAbandon,
            Step::Connect(_) => Move::ConnectFailed,
            Step::Transmit(_) => Move::Sent,
            Step::Content(_) => Move::EndContent,
            Step::Rewind => Move::CannotRewind,
            Step::Receive(_) => Move::Silence,
        };
        make(&mut state, step);
    }
    panic!("the delivery does not end\n{}", state.conversation());
}

/// The place of a delivery, as its caller sees it.
fn place(delivery: &Delivery) -> String {
    let report = delivery.report();
    let attempts = report.attempts().count();
    let attempt = report.attempts().last();
    let hello = match attempt.and_then(|attempt| attempt.hello()) {
        None => "",
        Some(Hello::Ehlo) => " after EHLO",
        Some(Hello::Helo) => " after HELO",
        Some(Hello::Lhlo) => " after LHLO",
    };
    let secured = match attempt.map(|attempt| attempt.tls()) {
        Some(TlsReport::Secured { .. }) => ", secured",
        _ => "",
    };
    match delivery.poll() {
        Step::Connect(_) => format!("connect {}", attempts + 1),
        Step::Done(report) => {
            let statuses: BTreeSet<_> = report.recipients().map(|recipient| recipient.status).collect();
            format!("done: {statuses:?}{}", if delivery.is_kept() { ", kept" } else { "" })
        }
        Step::Rewind => format!("{attempts}: asks for the content again"),
        Step::Authenticate(_) => format!("{attempts}: asks for a response{secured}"),
        Step::Transmit(_) | Step::Content(_) | Step::Receive(_) | Step::Secure(_) => {
            let stage = attempt.map_or_else(String::new, |attempt| attempt.stage().to_string());
            format!("{attempts}: {stage}{hello}{secured}")
        }
    }
}

/// 128 bits, so that a collision among a few million states is practically impossible.
fn fingerprint(delivery: &Delivery) -> (u64, u64) {
    let hash = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        delivery.hash(&mut hasher);
        hasher.finish()
    };
    (hash(0), hash(1))
}

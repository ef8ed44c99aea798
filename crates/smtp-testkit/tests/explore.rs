//! Every state within a number of moves, for several configurations and envelopes.
//!
//! `EXPLORE_DEPTH` sets the number of moves; each two more make some sixteen times as many edges.

use std::collections::BTreeSet;

use smtp_proto::{
    Afterwards, Body, Config, Envelope, ForwardPath, HelloName, HeloRetry, Mailbox, Need, Protocol, ReversePath,
    TlsPolicy,
};
use smtp_testkit::explore::{Transition, Walk, diagram, explore, sketch};

/// Moves in a debug build: the whole of a delivery that goes well takes 16.
const DEPTH: usize = 6;

/// States at most for each case: what keeps memory below a gigabyte.
const MOST: usize = 400_000;

/// States that look the same from outside, from which the pictures go on: enough to miss nothing that
/// a walk of 8 moves finds.
const ALIKE: usize = 150;

fn depth() -> usize {
    std::env::var("EXPLORE_DEPTH").ok().and_then(|depth| depth.parse().ok()).unwrap_or(DEPTH)
}

fn envelope(recipients: usize) -> Envelope {
    let to = |index: usize| ForwardPath::Mailbox(Mailbox::new(&format!("r{index}@example.net")).unwrap());
    let from = ReversePath::Mailbox(Mailbox::new("a@example.com").unwrap());
    Envelope::new(from, (0..recipients).map(to).collect()).unwrap()
}

fn cases() -> Vec<(&'static str, Config, Envelope)> {
    let config = || Config::new(HelloName::new("client.example").unwrap());
    let with = |change: fn(&mut Config)| {
        let mut config = config();
        change(&mut config);
        config
    };
    vec![
        ("one recipient", config(), envelope(1)),
        ("two recipients", config(), envelope(2)),
        ("8-bit content", config(), envelope(1).with_body(Body::EightBit)),
        ("a need that HELO cannot carry", config(), envelope(1).requiring(Need::RequireTls)),
        ("TLS required", with(|config| config.tls = TlsPolicy::Required), envelope(1)),
        ("HELO after silence", with(|config| config.helo_retry = HeloRetry::Timeout), envelope(1)),
        ("HELO never", with(|config| config.helo_retry = HeloRetry::Never), envelope(1)),
        ("LMTP", with(|config| config.protocol = Protocol::Lmtp), envelope(2)),
        ("kept", with(|config| config.afterwards = Afterwards::Keep), envelope(1)),
    ]
}

#[test]
fn every_state_keeps_the_promises_and_reaches_the_end() {
    let depth = depth();
    let mut total = Walk::default();
    for (name, config, envelope) in cases() {
        let walk = explore(&config, &envelope, depth, MOST);
        println!("{name}: {} states, {} edges, {} done at the edge", walk.states, walk.edges, walk.done);
        total.add(walk);
    }
    println!("in all, within {depth} moves: {} states, {} edges", total.states, total.edges);
    if depth >= DEPTH {
        assert!(total.edges >= 90_000, "the walk has shrunk to {} edges", total.edges);
    }
}

/// The pictures in states.md: a heading, and what is walked for it.
fn pictures() -> Vec<(&'static str, BTreeSet<Transition>)> {
    let pictured = ["one recipient", "a need that HELO cannot carry", "LMTP", "kept"];
    let cases = cases().into_iter().filter(|(name, ..)| pictured.contains(name));
    cases.map(|(name, config, envelope)| (name, sketch(&config, &envelope, ALIKE))).collect()
}

#[test]
fn the_pictures_show_what_the_machine_does() {
    let pictures = pictures()
        .into_iter()
        .map(|(name, transitions)| format!("\n## {name}\n\n```mermaid\n{}```\n", diagram(&transitions)));
    let page: String = std::iter::once(include_str!("states_head.md").to_owned()).chain(pictures).collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/states.md");
    if std::env::var_os("UPDATE_STATES").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == page,
        "states.md is not fresh: UPDATE_STATES=1 cargo test -p smtp-testkit --test explore writes it"
    );
}

#[test]
fn the_pictures_miss_nothing_that_the_walk_finds() {
    for (name, config, envelope) in cases() {
        let found = explore(&config, &envelope, depth(), MOST).transitions;
        let pictured = sketch(&config, &envelope, ALIKE);
        let missed: Vec<_> = found.difference(&pictured).collect();
        assert!(missed.is_empty(), "{name}: {missed:?}");
    }
}

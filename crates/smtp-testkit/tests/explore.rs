//! Walks every state within a number of moves, for several configurations and envelopes.
//!
//! `EXPLORE_DEPTH` sets the number of moves. Two more moves give about sixteen times as many edges.

use std::collections::BTreeSet;

use smtp_proto::{
    Afterwards, AuthPolicy, Authentication, Body, Config, Envelope, ForwardPath, Hello, HelloName, HeloRetry, Limits,
    Mailbox, Mechanism, Need, Notify, Protocol, Recipient, Return, ReversePath, Size, TlsPolicy,
};
use smtp_testkit::{
    Watched,
    explore::{Move, Transition, Walk, after, diagram, explore, second_message, sketch},
};

/// The default number of moves. A complete successful delivery takes 16.
const DEPTH: usize = 6;

/// The maximum number of states for each case, which keeps memory below a gigabyte.
const MOST: usize = 400_000;

/// For the diagrams, the maximum number of states at the same place from which the walk continues: enough to
/// find everything that a walk of 8 moves finds.
const ALIKE: usize = 1000;

fn depth() -> usize {
    std::env::var("EXPLORE_DEPTH").ok().and_then(|depth| depth.parse().ok()).unwrap_or(DEPTH)
}

/// Walks one case. With an open connection at the start there are many times as many states, so it uses fewer moves.
fn walk(name: &str, start: Watched) -> Walk {
    let fewer = match name {
        _ if name.contains("STARTTLS") || name == "parameters with BDAT" => 2,
        _ if name.starts_with("BDAT") || name.starts_with("parameters") => 1,
        _ if name.starts_with("second") || name.contains("TLS") || name.contains("AUTH") => 1,
        _ => 0,
    };
    explore(start, depth() - fewer, MOST)
}

fn envelope(recipients: usize) -> Envelope {
    let to = |index: usize| ForwardPath::Mailbox(Mailbox::new(&format!("r{index}@example.net")).unwrap());
    let from = ReversePath::Mailbox(Mailbox::new("a@example.com").unwrap());
    Envelope::new(from, (0..recipients).map(to).collect()).unwrap()
}

/// An envelope with a parameter for MAIL, one that the first recipient can do without, and one that the second cannot.
fn with_parameters() -> Envelope {
    let recipient = |index: usize| Recipient::new(envelope(2).forward_paths()[index].clone());
    let to = vec![recipient(0).with_notify(Notify::FAILURE), recipient(1).with_notify(Notify::NEVER)];
    Envelope::for_recipients(envelope(1).reverse_path().clone(), to).unwrap().with_return(Return::Full)
}

fn cases() -> Vec<(&'static str, Watched)> {
    let config = || Config::new(HelloName::new("client.example").unwrap());
    let kept = config().with_afterwards(Afterwards::Keep);
    let lmtp = config().with_protocol(Protocol::Lmtp);
    let lmtp_kept = lmtp.clone().with_afterwards(Afterwards::Keep);
    let silence = config().with_helo_retry(HeloRetry::Timeout);
    let never = config().with_helo_retry(HeloRetry::Never);
    let tls = config().with_tls(TlsPolicy::Required);
    let tls_or_not = config().with_tls(TlsPolicy::Opportunistic);
    let implicit = config().with_tls(TlsPolicy::Implicit);
    let auth = || Authentication::new([Mechanism::ScramSha256, Mechanism::Plain, Mechanism::Login]);
    let with_auth = |config: &Config, auth| config.clone().with_auth(AuthPolicy::Required(auth));
    let greeted = [Move::Connected, Move::reply("220"), Move::Sent];
    let to_dsn = [&greeted[..], &[Move::reply("250 with DSN")]].concat();
    let to_dsn_and_bdat = [&greeted[..], &[Move::reply("250 with DSN and CHUNKING")]].concat();
    let to_starttls = [&greeted[..], &[Move::reply("250 with STARTTLS")]].concat();
    let inside = |is_verified| {
        let rest = [Move::Sent, Move::reply("220"), Move::Secured { is_verified }, Move::Sent];
        [&to_starttls[..], &rest].concat()
    };
    let logs_in = [&inside(true)[..], &[Move::reply("250 with AUTH")]].concat();
    let starttls = |config: &Config| after(Watched::new(config.clone(), envelope(1)), &to_starttls);
    let ehlo_inside =
        |config: &Config, is_verified| after(Watched::new(config.clone(), envelope(1)), &inside(is_verified));
    let ok = [Move::Sent, Move::reply("250")];
    let content = [Move::Sent, Move::reply("354"), Move::EndContent];
    let to_rewind = [&greeted[..2], &ok.repeat(3), &content, &ok].concat();
    let lmtp_divided = lmtp_kept.clone().with_max_recipients(Some(1));
    let chunked = |config: Config, recipients| {
        let to_bdat = [&greeted[..], &[Move::reply("250 with CHUNKING")]].concat();
        // A line is more than one chunk.
        after(Watched::new(config.with_limits(Limits::DEFAULT.with_chunk(4)), envelope(recipients)), &to_bdat)
    };
    let eight_bit = || envelope(1).with_body(Body::EightBit);
    let second = |config, hello, envelope: Envelope| second_message(config, hello, &self::envelope(1), envelope);
    vec![
        ("one recipient", Watched::new(config(), envelope(1))),
        ("two recipients", Watched::new(config(), envelope(2))),
        ("8-bit content", Watched::new(config(), eight_bit())),
        ("content of an exact size", Watched::new(config(), envelope(1).with_size(Size::Exact(7)))),
        ("a need that HELO cannot carry", Watched::new(config(), envelope(1).requiring(Need::RequireTls))),
        ("TLS required", Watched::new(tls.clone(), envelope(1))),
        ("TLS if offered", Watched::new(tls_or_not.clone(), envelope(1))),
        ("TLS if offered, at STARTTLS", starttls(&tls_or_not)),
        ("TLS if offered, after STARTTLS", ehlo_inside(&tls_or_not, false)),
        ("TLS required, at STARTTLS", starttls(&tls)),
        ("TLS required, after STARTTLS", ehlo_inside(&tls, true)),
        ("implicit TLS", Watched::new(implicit, envelope(1))),
        ("AUTH", after(Watched::new(with_auth(&tls, auth()), envelope(1)), &logs_in)),
        ("AUTH in clear", {
            let config = with_auth(&tls_or_not, auth().with_in_clear(true).with_any_order(true));
            after(Watched::new(config, envelope(1)), &[&greeted[..], &[Move::reply("250 with AUTH")]].concat())
        }),
        ("credentials and no TLS", Watched::new(with_auth(&config(), auth()), envelope(1))),
        ("BDAT", chunked(config(), 1)),
        ("BDAT, two recipients", chunked(kept.clone(), 2)),
        ("BDAT with LMTP", chunked(lmtp.clone(), 2)),
        ("HELO after silence", Watched::new(silence, envelope(1))),
        ("HELO never", Watched::new(never, envelope(1))),
        ("parameters", after(Watched::new(config(), with_parameters()), &to_dsn)),
        ("parameters with BDAT", after(Watched::new(config(), with_parameters()), &to_dsn_and_bdat)),
        ("parameters with LMTP", after(Watched::new(lmtp.clone(), with_parameters()), &to_dsn)),
        ("LMTP", Watched::new(lmtp, envelope(2))),
        ("kept", Watched::new(kept.clone(), envelope(1))),
        ("second message", second(&kept, Hello::Ehlo, envelope(2))),
        ("second message, 8-bit", second(&kept, Hello::Ehlo, eight_bit())),
        ("second transaction", after(Watched::new(config().with_max_recipients(Some(1)), envelope(3)), &to_rewind)),
        ("second transaction with LMTP", after(Watched::new(lmtp_divided, envelope(3)), &to_rewind)),
        ("second message after HELO", second(&kept, Hello::Helo, envelope(1))),
        ("second message after HELO, 8-bit", second(&kept, Hello::Helo, eight_bit())),
        ("second message with LMTP", second(&lmtp_kept, Hello::Lhlo, envelope(2))),
    ]
}

#[test]
fn every_state_keeps_the_promises_and_reaches_the_end() {
    let depth = depth();
    let mut total = Walk::default();
    for (name, start) in cases() {
        let walk = walk(name, start);
        println!("{name}: {} states, {} edges, {} done at the edge", walk.states, walk.edges, walk.done);
        total.add(walk);
    }
    println!("in all, within {depth} moves: {} states, {} edges", total.states, total.edges);
    if depth >= DEPTH {
        assert!(total.edges >= 200_000, "the walk has shrunk to {} edges", total.edges);
    }
}

/// With TLS, authentication, BDAT or parameters, there are more replies and more places, so the walk continues from fewer
/// states at each. With several transactions, states at the same place also differ in which recipients are left.
fn sketched(name: &str, start: Watched) -> BTreeSet<Transition> {
    let alike = match name {
        _ if has_more_places(name) => ALIKE / 40,
        _ if name.starts_with("second transaction") => ALIKE * 4,
        _ => ALIKE,
    };
    sketch(start, alike)
}

fn has_more_places(name: &str) -> bool {
    ["BDAT", "TLS", "AUTH", "parameters"].iter().any(|place| name.contains(place))
}

/// The diagrams in states.md: headings and transitions.
fn diagrams() -> Vec<(&'static str, BTreeSet<Transition>)> {
    let pictured =
        ["one recipient", "a need that HELO cannot carry", "LMTP", "kept", "second message", "TLS if offered", "AUTH"];
    let cases = cases().into_iter().filter(|(name, ..)| pictured.contains(name));
    cases.map(|(name, start)| (name, sketched(name, start))).collect()
}

#[test]
fn states_md_is_up_to_date() {
    let diagrams = diagrams()
        .into_iter()
        .map(|(name, transitions)| format!("\n## {name}\n\n```mermaid\n{}```\n", diagram(&transitions)));
    let page: String = std::iter::once(include_str!("states_head.md").to_owned()).chain(diagrams).collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/states.md");
    if std::env::var_os("UPDATE_STATES").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == page, "states.md is out of date: run UPDATE_STATES=1 cargo test -p smtp-testkit --test explore");
}

#[test]
fn the_diagrams_show_every_transition_that_the_walk_finds() {
    // The others continue from too few states to find every transition.
    for (name, start) in cases().into_iter().filter(|(name, _)| !has_more_places(name)) {
        let found = walk(name, start.clone()).transitions;
        let pictured = sketched(name, start);
        let missed: Vec<_> = found.difference(&pictured).collect();
        assert!(missed.is_empty(), "{name}: {missed:?}");
    }
}

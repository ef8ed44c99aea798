//! The lists of permitted differences between our client and the peers: each entry is needed, and covers its
//! own example.
#![cfg(feature = "peers")]

use std::sync::Arc;

use smtp_proto::Reply;
use smtp_testkit::{
    differential::{
        Compared, MISREADINGS, PERMITTED, Parser, Peer, Script, check_replies, covering, misreading, ours, theirs,
    },
    peers::with_clock,
};

#[test]
fn each_permitted_difference_shows_in_its_example() {
    with_clock(|| {
        for entry in PERMITTED {
            let script = Arc::new((entry.example)());
            for peer in entry.peers.iter().copied() {
                let (ours, theirs) = (ours(&script), theirs(peer, &script));
                assert_ne!(ours, theirs, "{peer:?} does not differ: {}", entry.what);
                let compared = Compared { script: &script, peer, ours: &ours, theirs: &theirs };
                let covering = covering(&compared).map(|entry| entry.what);
                assert_eq!(covering, Some(entry.what), "{compared:?}");
            }
        }
    });
}

#[test]
fn with_an_obliging_server_there_is_no_difference() {
    with_clock(|| {
        let script = Arc::new(Script::obliging());
        for peer in Peer::ALL {
            assert_eq!(ours(&script), theirs(peer, &script), "{peer:?}");
        }
    });
}

#[test]
fn each_permitted_misreading_shows_in_its_example() {
    for entry in MISREADINGS {
        let octets = (entry.example)();
        let ours = Reply::parse(&octets).ok().flatten().map(|(_, reply)| reply.code().get());
        assert!(!entry.parser.agrees(&octets, ours), "{:?} agrees: {}", entry.parser, entry.what);
        assert_eq!(misreading(entry.parser, &octets).map(|entry| entry.what), Some(entry.what));
    }
}

#[test]
fn all_parsers_agree_on_replies_that_follow_the_rfc() {
    for octets in [&b"250 ok\r\n"[..], b"250-one\r\n250-\r\n250 two\r\n", b"554 5.7.1 no\r\n", b"250 \r\n"] {
        let (_, reply) = Reply::parse(octets).expect("a reply").expect("a whole one");
        let code = reply.code().get();
        assert!(Parser::ALL.iter().all(|parser| parser.agrees(octets, Some(code))), "{reply:?}");
        check_replies(octets, &[(code, octets.len())]);
    }
}

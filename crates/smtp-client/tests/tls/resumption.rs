//! Sessions are resumed under the same policy, and what was found about the certificate remains.

use smtp_client::tls::{CertificateFault, TlsConfig, Verification};

use crate::{
    certificates::{Authority, Identity},
    server::{VERSIONS, config, connect, trusting},
};

/// Connects twice. Checks that the second connection resumes the session of the first, and knows as much.
fn twice(client: &TlsConfig, verification: Verification, identity: &Identity) -> Result<(), CertificateFault> {
    let mut found = Vec::new();
    for version in VERSIONS {
        let server = config(identity.certified(), version);
        let mut facts = Vec::new();
        for _ in 0..2 {
            let (mut channel, _, mut wire) = connect(client, verification, &server).unwrap();
            // The tickets of TLS 1.3 arrive after the handshake.
            assert!(channel.read(&mut wire, &mut [0; 16]).is_err());
            assert!(channel.server_end_point_binding().is_some());
            facts.push(channel.facts().unwrap().clone());
        }
        assert_eq!([facts[0].resumed, facts[1].resumed], [false, true], "{version:?}");
        facts[1].resumed = false;
        assert_eq!(facts[0], facts[1]);
        found.push(facts.swap_remove(0).verification.map_err(|error| error.fault().clone()));
    }
    assert_eq!(found[0], found[1]);
    found.swap_remove(0)
}

#[test]
fn a_resumed_session_keeps_the_result_of_the_verification() {
    let authority = Authority::new("Test CA");
    let (identity, other) = (authority.issue(|_| ()), Identity::self_signed(|_| ()));
    let client = trusting(&authority.pem);
    assert_eq!(twice(&client, Verification::Required, &identity), Ok(()));
    let client = trusting(&authority.pem);
    assert_eq!(twice(&client, Verification::Opportunistic, &identity), Ok(()));
    let client = trusting(&authority.pem);
    assert_eq!(twice(&client, Verification::Opportunistic, &other), Err(CertificateFault::SelfSigned));
}

#[test]
fn a_session_is_not_resumed_under_another_policy() {
    let authority = Authority::new("Test CA");
    let server = config(authority.issue(|_| ()).certified(), VERSIONS[1]);
    let resumed = |client: &TlsConfig, verification| {
        let (mut channel, _, mut wire) = connect(client, verification, &server).unwrap();
        let _ = channel.read(&mut wire, &mut [0; 16]);
        channel.facts().unwrap().resumed
    };
    let client = trusting(&authority.pem);
    assert!(!resumed(&client, Verification::Opportunistic));
    assert!(!resumed(&client, Verification::Required));
    assert!(!resumed(&trusting(&authority.pem), Verification::Required));
    assert!(resumed(&client.clone(), Verification::Required));
}

#[test]
fn connections_that_are_opened_together_all_resume() {
    const TOGETHER: usize = 20;
    let authority = Authority::new("Test CA");
    let server = config(authority.issue(|_| ()).certified(), VERSIONS[1]);
    let client = trusting(&authority.pem);
    // Each gets more tickets than it uses.
    for _ in 0..TOGETHER {
        let (mut channel, _, mut wire) = connect(&client, Verification::Required, &server).unwrap();
        let _ = channel.read(&mut wire, &mut [0; 16]);
    }
    // None of these gets a ticket before all have used one.
    for number in 0..TOGETHER {
        let (channel, ..) = connect(&client, Verification::Required, &server).unwrap();
        assert!(channel.facts().unwrap().resumed, "connection {number}");
    }
}

#[test]
fn no_more_tickets_are_kept_than_connections_are_likely_to_need() {
    const MOST_FOR_ONE: usize = 64;
    let authority = Authority::new("Test CA");
    let server = config(authority.issue(|_| ()).certified(), VERSIONS[1]);
    let client = trusting(&authority.pem);
    for _ in 0..MOST_FOR_ONE + 5 {
        let (mut channel, _, mut wire) = connect(&client, Verification::Required, &server).unwrap();
        let _ = channel.read(&mut wire, &mut [0; 16]);
    }
    let resumed = (0..MOST_FOR_ONE + 5).filter(|_| {
        let (channel, ..) = connect(&client, Verification::Required, &server).unwrap();
        channel.facts().unwrap().resumed
    });
    assert_eq!(resumed.count(), MOST_FOR_ONE);
}

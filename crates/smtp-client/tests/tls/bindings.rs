//! Channel bindings.

use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
use sha2::{Digest, Sha256, Sha384};
use smtp_client::tls::{TlsBinding, Verification};
use smtp_sasl::ChannelBinding;

use crate::{
    certificates::Authority,
    server::{TLS_1_2, TLS_1_3, config, connect, trusting},
};

#[test]
fn the_exporter_gives_both_sides_the_same_octets_with_tls_1_3() {
    let authority = Authority::new("Test CA");
    let (client, identity) = (trusting(&authority.pem), authority.issue(|_| ()));
    let mut seen = Vec::new();
    for _ in 0..2 {
        let server = config(identity.certified(), TLS_1_3);
        let (channel, server, _) = connect(&client, Verification::Required, &server).unwrap();
        let theirs = server.tls.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b"")).unwrap();
        assert_eq!(channel.exporter_binding(), Some(TlsBinding::Exporter(theirs)));
        assert_eq!(channel.binding(), channel.exporter_binding());
        assert_eq!(ChannelBinding::from(&channel.binding().unwrap()), ChannelBinding::TlsExporter(&theirs));
        seen.push(theirs);
    }
    assert_ne!(seen[0], seen[1]);

    let (channel, ..) = connect(&client, Verification::Required, &config(identity.certified(), TLS_1_2)).unwrap();
    assert_eq!(channel.exporter_binding(), None);
    assert_eq!(channel.binding(), channel.server_end_point_binding());
}

#[test]
fn the_end_point_is_the_hash_of_the_certificate_by_the_hash_of_its_signature() {
    for (algorithm, hash) in [
        (&PKCS_ECDSA_P256_SHA256, (|der| Some(Sha256::digest(der).to_vec())) as fn(&[u8]) -> Option<Vec<u8>>),
        (&PKCS_ECDSA_P384_SHA384, |der| Some(Sha384::digest(der).to_vec())),
        (&PKCS_ED25519, |_| None),
    ] {
        let authority = Authority::with_algorithm("Test CA", algorithm);
        let identity = authority.issue(|_| ());
        let server = config(identity.certified(), TLS_1_2);
        let (channel, ..) = connect(&trusting(&authority.pem), Verification::Required, &server).unwrap();
        let expected = hash(&identity.certificate).map(TlsBinding::ServerEndPoint);
        assert_eq!(channel.server_end_point_binding(), expected);
    }
}

#[test]
fn there_is_no_binding_before_the_handshake() {
    let client = trusting(&Authority::new("Test CA").pem);
    let channel = client.channel("mx.test", Verification::Required).unwrap();
    assert_eq!(channel.binding(), None);
    assert_eq!(format!("{:?}", TlsBinding::Exporter([7; 32])), "Exporter(***)");
}

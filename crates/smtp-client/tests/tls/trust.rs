//! Which certificates are trusted, and what is said of the others.

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, SanType, date_time_ymd};
use rustls::SignatureScheme;
use smtp_client::tls::{CertificateFault, Fingerprint, HandshakeError, TlsConfig, Verification};

use crate::{
    certificates::{Authority, Identity, without_key},
    server::{TLS_1_2, TLS_1_3, VERSIONS, config, facts, trusting},
};

use Verification::{Opportunistic, Required};

fn pinning(fingerprints: &[Fingerprint]) -> TlsConfig {
    let builder = fingerprints.iter().fold(TlsConfig::builder(), |builder, pin| builder.with_pin(*pin));
    builder.build().unwrap()
}

/// It is refused where it must be trusted, for the same reason that opportunistic TLS reports. Returns what is said.
fn refused(client: &TlsConfig, identity: &Identity) -> (CertificateFault, String) {
    let mut said = Vec::new();
    for version in VERSIONS {
        let server = config(identity.certified(), version);
        let Err(HandshakeError::Certificate(error)) = facts(client, Required, &server) else {
            panic!("{version:?}: it is not refused for its certificate");
        };
        let accepted = facts(client, Opportunistic, &server).unwrap();
        assert_eq!(accepted.verification.as_ref(), Err(&error), "{version:?}");
        assert_eq!(accepted.fingerprint, error.fingerprint());
        said.push((error.fault().clone(), error.to_string()));
    }
    assert_eq!(said[0], said[1]);
    said.swap_remove(0)
}

#[test]
fn a_certificate_of_a_trusted_ca_is_accepted() {
    let authority = Authority::new("Test CA");
    let identity = authority.issue(|params| params.not_after = date_time_ymd(2999, 12, 31));
    for (version, name, suites) in [
        (TLS_1_2, "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
        (TLS_1_3, "TLSv1.3", "TLS_AES_256_GCM_SHA384"),
    ] {
        for verification in [Required, Opportunistic] {
            let facts = facts(&trusting(&authority.pem), verification, &config(identity.certified(), version)).unwrap();
            assert_eq!((&facts.version.to_string()[..], &facts.cipher_suite[..], facts.resumed), (name, suites, false));
            assert_eq!(facts.verification, Ok(()));
            assert_eq!(facts.fingerprint, identity.fingerprint());
            assert_eq!(facts.server_name.to_string(), "mx.test");
            let certificate = facts.certificate.unwrap();
            assert_eq!(certificate.names, ["mx.test", "smtp.test"]);
            assert_eq!(certificate.subject, "CN=mx.test");
            assert_eq!(certificate.issuer, "CN=Test CA");
            assert_eq!(certificate.not_before, "1975-01-01T00:00:00Z");
            assert_eq!(certificate.not_after, "2999-12-31T00:00:00Z");
        }
    }
}

#[test]
fn another_name_is_refused_with_the_names_of_the_certificate() {
    let authority = Authority::new("Test CA");
    let named = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        authority.issue(|params| params.subject_alt_names = CertificateParams::new(names).unwrap().subject_alt_names)
    };
    let identity = named(&["a.test", "*.b.test", "127.0.0.1", "::1"]);
    let (fault, sentence) = refused(&trusting(&authority.pem), &identity);
    let presented = ["a.test", "*.b.test", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
    assert_eq!(fault, CertificateFault::WrongName { expected: "mx.test".into(), presented });
    assert_eq!(
        sentence,
        format!(
            "the certificate is not for mx.test, but for a.test, *.b.test, 127.0.0.1, ::1: connect to one of these \
             names, give the name to verify, or pin its fingerprint sha256 {}",
            identity.fingerprint()
        )
    );

    let (_, sentence) = refused(&trusting(&authority.pem), &named(&[]));
    assert!(sentence.contains("but for no host name (it has no subjectAltName):"), "{sentence}");
    let many = (0..20).map(|number| format!("n{number}.test")).collect::<Vec<_>>();
    let many = many.iter().map(String::as_str).collect::<Vec<_>>();
    let (_, sentence) = refused(&trusting(&authority.pem), &named(&many));
    assert!(sentence.contains("n6.test, n7.test and 12 more:"), "{sentence}");
}

#[test]
fn a_given_name_replaces_the_host() {
    let authority = Authority::new("Test CA");
    let server = config(authority.issue(|params| params.subject_alt_names.truncate(0)).certified(), TLS_1_3);
    assert!(facts(&trusting(&authority.pem), Required, &server).is_err());
    for name in ["other.test", "192.0.2.1", "2001:db8::1"] {
        let identity = authority.issue(|params| {
            params.subject_alt_names = vec![match name.parse() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName(name.try_into().unwrap()),
            }];
        });
        let builder = TlsConfig::builder().with_ca_pem(authority.pem.as_bytes()).unwrap();
        let client = builder.with_server_name(name.parse().unwrap()).build().unwrap();
        let facts = facts(&client, Required, &config(identity.certified(), TLS_1_3)).unwrap();
        assert_eq!(facts.server_name.to_string(), name);
    }
}

#[test]
fn a_certificate_out_of_its_time_is_refused_with_the_time() {
    let authority = Authority::new("Test CA");
    let expired = authority.issue(|params| params.not_after = date_time_ymd(2021, 2, 3));
    let (fault, sentence) = refused(&trusting(&authority.pem), &expired);
    assert_eq!(fault, CertificateFault::Expired { not_after: "2021-02-03T00:00:00Z".into(), is_ca: false });
    assert!(
        sentence.starts_with("the certificate expired at 2021-02-03T00:00:00Z: the server needs a new one, or pin"),
        "{sentence}"
    );
    let early = authority.issue(|params| {
        params.not_before = date_time_ymd(2999, 1, 1);
        params.not_after = date_time_ymd(2999, 2, 1);
    });
    let (fault, sentence) = refused(&trusting(&authority.pem), &early);
    assert_eq!(fault, CertificateFault::NotYetValid { not_before: "2999-01-01T00:00:00Z".into(), is_ca: false });
    assert!(sentence.contains("check the clock of this machine"), "{sentence}");
}

#[test]
fn an_intermediate_certificate_must_be_sent_and_be_valid() {
    let root = Authority::new("Test CA");
    let client = trusting(&root.pem);
    for (year, fault) in [
        (2999, None),
        (2021, Some(CertificateFault::Expired { not_after: "2021-02-03T00:00:00Z".into(), is_ca: true })),
    ] {
        let intermediate = root.issue_authority("Intermediate", |params| params.not_after = date_time_ymd(year, 2, 3));
        let mut identity = intermediate.issue(|_| ());
        let (missing, _) = refused(&client, &identity);
        assert_eq!(missing, CertificateFault::UnknownCa { issuer: "CN=Intermediate".into() });
        identity.pem += &intermediate.pem;
        match fault {
            None => assert!(facts(&client, Required, &config(identity.certified(), TLS_1_3)).is_ok()),
            Some(fault) => {
                let (found, sentence) = refused(&client, &identity);
                assert_eq!(found, fault);
                assert!(sentence.starts_with("a CA certificate of the server expired at 2021"), "{sentence}");
            }
        }
    }
}

#[test]
fn a_self_signed_certificate_is_refused_unless_it_is_given() {
    let identity = Identity::self_signed(|_| ());
    let (fault, sentence) = refused(&trusting(&Authority::new("Test CA").pem), &identity);
    assert_eq!(fault, CertificateFault::SelfSigned);
    let pin = identity.fingerprint();
    let advice = format!("the certificate is self-signed: give it as a CA file, or pin its fingerprint sha256 {pin}");
    assert_eq!(sentence, advice);
    assert!(facts(&trusting(&identity.pem), Required, &config(identity.certified(), TLS_1_3)).is_ok());
}

#[test]
fn a_ca_certificate_is_refused_as_that_of_a_server() {
    let identity = Identity::self_signed(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    for client in [trusting(&Authority::new("Test CA").pem), trusting(&identity.pem)] {
        let (fault, sentence) = refused(&client, &identity);
        assert_eq!(fault, CertificateFault::CaCertificate);
        assert!(sentence.contains("or pin its fingerprint sha256"), "{sentence}");
    }
    assert!(facts(&pinning(&[identity.fingerprint()]), Required, &config(identity.certified(), TLS_1_3)).is_ok());
}

#[test]
fn an_unknown_ca_is_refused_with_its_name() {
    let identity = Authority::new("Other \u{1b}CA").issue(|_| ());
    let (fault, sentence) = refused(&trusting(&Authority::new("Test CA").pem), &identity);
    assert_eq!(fault, CertificateFault::UnknownCa { issuer: "CN=Other \\u{1b}CA".into() });
    assert!(sentence.contains("(CN=Other \\u{1b}CA): give its CA with a CA file"), "{sentence}");
}

#[test]
fn another_ca_with_the_same_name_and_another_purpose_are_refused() {
    let identity = Authority::new("Test CA").issue(|_| ());
    let (fault, _) = refused(&trusting(&Authority::new("Test CA").pem), &identity);
    assert_eq!(fault, CertificateFault::BadSignature);
    let authority = Authority::new("Test CA");
    let client = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    assert_eq!(refused(&trusting(&authority.pem), &authority.issue(client)).0, CertificateFault::WrongPurpose);
}

#[test]
fn a_pin_replaces_the_ca_the_name_and_the_dates() {
    let identity = Identity::self_signed(|params| {
        params.subject_alt_names.clear();
        params.not_after = date_time_ymd(2021, 2, 3);
    });
    let (right, wrong) = (identity.fingerprint(), Fingerprint::of(b"another one"));
    for verification in [Required, Opportunistic] {
        for version in VERSIONS {
            let facts = facts(&pinning(&[wrong, right]), verification, &config(identity.certified(), version)).unwrap();
            assert_eq!(facts.verification, Ok(()));
        }
    }
    let (fault, sentence) = refused(&pinning(&[wrong]), &identity);
    assert_eq!(fault, CertificateFault::NotPinned);
    assert!(sentence.ends_with(&format!("pin its fingerprint sha256 {right}")), "{sentence}");
}

#[test]
fn pins_replace_given_ca_certificates() {
    let authority = Authority::new("Test CA");
    let builder = TlsConfig::builder().with_pin(Fingerprint::of(b"")).with_ca_pem(authority.pem.as_bytes()).unwrap();
    let (fault, _) = refused(&builder.build().unwrap(), &authority.issue(|_| ()));
    assert_eq!(fault, CertificateFault::NotPinned);
}

#[test]
fn certificates_that_cannot_be_verified_are_accepted_by_opportunistic_tls_alone() {
    const RSA_1024: &str = include_str!("rsa1024.pem");
    const VERSION_1: &str = include_str!("version1.pem");
    let authority = Authority::new("Test CA").pem;
    for (pem, scheme, fault) in [
        (RSA_1024, SignatureScheme::RSA_PSS_SHA256, CertificateFault::WeakKey { bits: 1024 }),
        (VERSION_1, SignatureScheme::ECDSA_NISTP256_SHA256, CertificateFault::OldVersion(1)),
    ] {
        let certified = without_key(pem, scheme);
        let pin = Fingerprint::of(&certified.cert[0]);
        for version in VERSIONS {
            let server = config(certified.clone(), version);
            // A pin does not help: nothing would show that the server has the key.
            let Err(HandshakeError::Certificate(error)) = facts(&pinning(&[pin]), Required, &server) else {
                panic!("{fault:?} is accepted");
            };
            assert_eq!(error.fault(), &fault);
            for client in [pinning(&[pin]), trusting(pem), trusting(&authority)] {
                let facts = facts(&client, Opportunistic, &server).unwrap();
                assert_eq!(facts.verification.unwrap_err().fault(), &fault);
                assert!(facts.certificate.is_some());
            }
            assert!(facts(&trusting(&authority), Required, &server).is_err());
        }
    }
}

#[test]
fn a_server_without_the_key_of_its_certificate_is_always_refused() {
    let identity = Authority::new("Test CA").issue(|_| ());
    let certified = without_key(&identity.pem, SignatureScheme::ECDSA_NISTP256_SHA256);
    for version in VERSIONS {
        let server = config(certified.clone(), version);
        for verification in [Required, Opportunistic] {
            let Err(HandshakeError::Certificate(error)) =
                facts(&pinning(&[identity.fingerprint()]), verification, &server)
            else {
                panic!("it is accepted");
            };
            assert_eq!(error.fault(), &CertificateFault::BadSignature);
        }
    }
}
